/** The tracker. Starts once per page, however often the script is there. */

import { beside, history, location, NO, opentrace, options, plausible } from './options';
import { handle, track } from './track';

if (!opentrace?.l) {
  const push = history.pushState.bind(history);
  history.pushState = (...state) => {
    push(...state);
    handle({});
  };
  'visibilitychange focus blur scroll online popstate pageshow click auxclick'
    .split(' ')
    .map((type) => addEventListener(type, handle, true));
  handle({});

  if (
    options[404] != NO &&
    (performance.getEntriesByType('navigation') as PerformanceNavigationTiming[])[0]?.responseStatus == 404
  )
    track('404', { props: { path: location.pathname }, interactive: false });

  track.l = true;
  self.opentrace = track;
  // Plausible's own script may be here as well and keeps its name.
  if (!plausible?.l) self.plausible = track;
  [opentrace, plausible].map((stub) => stub?.q?.map((call) => track(...call)));

  options.extensions?.split(' ').map((name) => import(beside(`${name}.js`) as unknown as string));
}
