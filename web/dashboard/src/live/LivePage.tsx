import { Skeleton } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import type { Named } from '../api/types';
import { ActivityMap } from '../charts/ActivityMap';
import { countryName, figure } from '../lib/format';
import { liveRoute } from '../router';
import { useTimes } from '../site/shortcuts';
import { useSites } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { EventStream } from './EventStream';
import { Minutes } from './Minutes';
import { useLive } from './useLive';

/** How long after it happened an event is a point on the map. */
const POINT_MS = 15_000;

export function LivePage() {
  const { site } = liveRoute.useParams();
  const { figures, error, retry } = useLive(site);
  const timezone = useSites().data?.find((one) => one.domain === site)?.timezone ?? 'UTC';
  const navigate = useNavigate();
  useTimes((period) => navigate({ to: '/sites/$site', params: { site }, search: { period } }));
  const countries = useMemo(
    () => figures?.countries.map(({ name, visitors }): [string, number] => [name, visitors]) ?? [],
    [figures?.countries],
  );
  const points = useMemo(() => {
    const counts = new Map<string, number>();
    for (const { at, country } of figures?.recent ?? [])
      if (country && at > (figures?.at ?? 0) - POINT_MS) counts.set(country, (counts.get(country) ?? 0) + 1);
    return [...counts];
  }, [figures]);
  useEffect(() => {
    document.title = `${figures ? `${figure('visitors', figures.visitors_now)} now · ` : ''}${site}`;
  }, [figures, site]);
  if (error && !figures) return <Failure error={error} retry={retry} />;
  if (!figures) return <Skeleton height={400} role="status" aria-label="Loading" />;
  const { today } = figures;
  return (
    <>
      <div className="tools">
        <h1>Live</h1>
        <span className="grow" />
        <span role="status" className="soft">
          {error ? 'Connecting again…' : 'Connected'}
        </span>
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
      <div className="panels first">
        <section className="card" aria-label="Map of today">
          <h2>Today by country, and where something happens now</h2>
          <ActivityMap rows={countries} points={points} />
        </section>
        <section className="card" aria-label="Last half hour">
          <h2>The last half hour by the minute</h2>
          <Minutes steps={figures.minutes} />
        </section>
      </div>
      <div className="panels">
        <EventStream events={figures.recent} timezone={timezone} />
        <Ranked title="Pages" rows={figures.pages} name={(name) => name || '(none)'} />
        <Ranked title="Sources" rows={figures.sources} name={(name) => name || 'Direct / None'} />
        <Ranked title="Countries" rows={figures.countries} name={countryName} />
      </div>
    </>
  );
}

interface RankedProps {
  title: string;
  rows: Named[];
  name: (name: string) => string;
}

/** Names by their visitors of today. */
function Ranked({ title, rows, name }: RankedProps) {
  const most = Math.max(1, ...rows.map(({ visitors }) => visitors));
  return (
    <section className="card panel" aria-label={title}>
      <h2>{title} today</h2>
      {rows.length === 0 ? (
        <Nothing title="Nothing yet today">Rows come by themselves.</Nothing>
      ) : (
        <table>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  <span className="row" title={name(row.name)}>
                    <span className="part" style={{ width: `${(100 * row.visitors) / most}%` }} />
                    {name(row.name)}
                  </span>
                </th>
                <td>{figure('visitors', row.visitors)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
