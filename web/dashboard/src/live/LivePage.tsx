import { Skeleton } from '@mantine/core';
import { useEffect, useMemo, useState } from 'react';
import { ApiError, live } from '../api/client';
import type { LiveFigures, Named } from '../api/types';
import { WorldMap } from '../charts/WorldMap';
import { countryName, figure } from '../lib/format';
import { liveRoute } from '../router';
import { Failure, Nothing } from '../ui/Notice';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** The figures as the server pushes them; a lost connection is taken up again, more slowly each time. */
function useLive(site: string) {
  const [figures, setFigures] = useState<LiveFigures>();
  const [error, setError] = useState<Error>();
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round connects anew
  useEffect(() => {
    const stop = new AbortController();
    let pause = FIRST_PAUSE_MS;
    let timer: ReturnType<typeof setTimeout>;
    const show = (next: LiveFigures) => {
      pause = FIRST_PAUSE_MS;
      setError(undefined);
      setFigures(next);
    };
    const connect = async () => {
      try {
        await live(site, stop.signal, show);
      } catch (problem) {
        if (stop.signal.aborted) return;
        setError(problem as Error);
        if (problem instanceof ApiError) return;
      }
      if (stop.signal.aborted) return;
      timer = setTimeout(connect, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    };
    connect();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [site, round]);
  return { figures, error, retry: () => setRound(round + 1) };
}

export function LivePage() {
  const { site } = liveRoute.useParams();
  const { figures, error, retry } = useLive(site);
  const countries = useMemo(
    () => figures?.countries.map(({ name, visitors }): [string, number] => [name, visitors]) ?? [],
    [figures?.countries],
  );
  useEffect(() => {
    document.title = `${figures ? `${figure('visitors', figures.visitors_now)} now · ` : ''}${site}`;
  }, [figures, site]);
  if (error && !figures) return <Failure error={error} retry={retry} />;
  if (!figures) return <Skeleton height={400} aria-label="Loading" />;
  const { today } = figures;
  return (
    <>
      <div className="tools">
        <h1>{site}, live</h1>
        <span className="grow" />
        <span role="status">{error ? 'Connecting again…' : 'Connected'}</span>
      </div>
      <div className="live-grid">
        <section className="card">
          <span className="dot" />
          Visitors now<div className="big">{figure('visitors', figures.visitors_now)}</div>
        </section>
        <section className="card">
          Visitors today<div className="big">{figure('visitors', today.visitors)}</div>
        </section>
        <section className="card">
          Pageviews today
          <div className="big" id="pageviews">
            {figure('pageviews', today.pageviews)}
          </div>
        </section>
      </div>
      <section className="card" aria-label="Map of today">
        <h2>Today by country</h2>
        <WorldMap rows={countries} />
      </section>
      <div className="panels">
        <Ranked title="Pages" rows={figures.pages} name={(name) => name || '(none)'} />
        <Ranked title="Sources" rows={figures.sources} name={(name) => name || 'Direct / None'} />
        <Ranked title="Countries" rows={figures.countries} name={countryName} />
      </div>
    </>
  );
}

function Ranked({ title, rows, name }: { title: string; rows: Named[]; name: (name: string) => string }) {
  return (
    <section className="card panel" aria-label={title}>
      <h2>{title} today</h2>
      {rows.length === 0 && <Nothing title="Nothing yet today">Rows come by themselves.</Nothing>}
      <table>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{name(row.name)}</th>
              <td>{figure('visitors', row.visitors)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
