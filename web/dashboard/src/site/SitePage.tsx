import { lazy, Suspense, useEffect } from 'react';
import { useSiteView } from './context';
import { MainGraph } from './MainGraph';
import { Panel } from './Panel';
import { PANELS } from './panels';
import { Tiles } from './Summary';
import { useShortcuts } from './shortcuts';
import { Toolbar } from './Toolbar';

const Details = lazy(() => import('./Details').then((module) => ({ default: module.Details })));

export function SitePage() {
  const view = useSiteView();
  useShortcuts(view);
  useEffect(() => {
    document.title = `${view.site} · OpenTrace`;
  }, [view.site]);
  return (
    <>
      <h1 className="skip">{view.site}</h1>
      <Toolbar />
      <section className="card" aria-label="Figures">
        <Tiles />
        <MainGraph />
      </section>
      <div className="panels">
        {PANELS.map((kind) => (
          <Panel key={kind.title} kind={kind} />
        ))}
      </div>
      {view.search.open && (
        <Suspense>
          <Details dimension={view.search.open} />
        </Suspense>
      )}
    </>
  );
}
