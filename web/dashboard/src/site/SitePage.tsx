import { Button, Skeleton } from '@mantine/core';
import { lazy, Suspense, useEffect } from 'react';
import { ApiError } from '../api/client';
import { useAsleep } from '../live/useAsleep';
import { useLive } from '../live/useLive';
import { told } from '../session/told';
import { useAnswer } from '../ui/data';
import { Nothing } from '../ui/Notice';
import { type SiteView, useSiteView } from './context';
import { useFresh } from './fresh';
import { MainGraph } from './MainGraph';
import { DIMENSIONS, PROPERTY } from './names';
import { Panel } from './Panel';
import { Properties } from './Properties';
import { PANELS } from './panels';
import { Tiles, totals } from './Summary';
import { useShortcuts } from './shortcuts';
import { Toolbar } from './Toolbar';
import { useSilence, Waiting } from './Waiting';

const Details = lazy(() => import('./Details').then((module) => ({ default: module.Details })));

export function SitePage() {
  const view = useSiteView();
  useShortcuts(view);
  const { figures, error } = useLive(view.site, useAsleep());
  useFresh(figures, view.isNow, view.steps[0] !== 'time:hour');
  const isSilent = useSilence(view);
  const { fault, isUnsure } = useFault(view);
  useEffect(() => {
    document.title = `${view.site} · OpenTrace`;
  }, [view.site]);
  if (isSilent)
    return (
      <>
        <h1 className="hidden">{view.site}</h1>
        <Waiting site={view.site} />
      </>
    );
  return (
    <>
      <h1 className="hidden">{view.site}</h1>
      <Toolbar figures={error ? undefined : figures} />
      {fault ? (
        <section className="card">
          <Faulty view={view} fault={fault} />
        </section>
      ) : isUnsure ? (
        <Skeleton height={300} role="status" aria-label="Loading" />
      ) : (
        <>
          <section className="card" aria-label="Figures">
            <Tiles />
            <MainGraph key={view.site} />
          </section>
          <div className="panels">
            {PANELS.map((kind) => (
              <Panel key={kind.title} kind={kind} />
            ))}
            <Properties />
          </div>
        </>
      )}
      {view.search.open && (
        <Suspense>
          <Details key={view.search.open} dimension={view.search.open} />
        </Suspense>
      )}
    </>
  );
}

/**
 * Why the server answers nothing of what the filters leave: an address may name what it does not know, and a pattern
 * may be none. Each part of the page would say so. Of other filters that need not be asked first.
 */
function useFault(view: SiteView) {
  const isSure = view.filters.every(
    ([operator, dimension]) =>
      !operator.startsWith('matches') && (dimension in DIMENSIONS || dimension.startsWith(PROPERTY)),
  );
  const { data, error } = useAnswer(isSure ? null : totals(view));
  const fault = error instanceof ApiError && error.field?.startsWith('filters') ? error : undefined;
  return { fault, isUnsure: !isSure && !data && !error };
}

function Faulty({ view: { filters, setFilters }, fault }: { view: SiteView; fault: ApiError }) {
  const place = Number(fault.field?.match(/\[(\d+)\]/)?.[1]);
  const faulty = filters[place];
  // Which pattern is none is not told.
  const others = filters.filter((one) => (faulty ? one !== faulty : !one[0].startsWith('matches')));
  return (
    <div role="alert">
      <Nothing title="Nothing can be filtered like this">
        <p>
          {faulty && fault.code === 'unknown_dimension' ? `The server knows no “${faulty[1]}”.` : told(fault)}
        </p>
        <Button variant="default" size="xs" onClick={() => setFilters(others)}>
          Remove the filter
        </Button>
      </Nothing>
    </div>
  );
}
