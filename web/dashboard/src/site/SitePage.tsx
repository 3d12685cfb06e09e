import { lazy, Suspense, useEffect } from 'react';
import { useAsleep } from '../live/useAsleep';
import { useLive } from '../live/useLive';
import { useSiteView } from './context';
import { useFresh } from './fresh';
import { MainGraph } from './MainGraph';
import { Panel } from './Panel';
import { Properties } from './Properties';
import { PANELS } from './panels';
import { Tiles } from './Summary';
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
      {view.search.open && (
        <Suspense>
          <Details key={view.search.open} dimension={view.search.open} />
        </Suspense>
      )}
    </>
  );
}
