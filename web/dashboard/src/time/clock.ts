import { useSyncExternalStore } from 'react';

/** How far the clock of the pages goes on at once: days begin in time, and nothing is asked for all the while. */
const STEP_MS = 5 * 60_000;
const LOOK_MS = 10_000;

const now = () => Math.floor(Date.now() / STEP_MS) * STEP_MS;

function subscribe(changed: () => void): () => void {
  // Looked at often: a machine that slept knows nothing of what a timer was set to.
  const timer = setInterval(changed, LOOK_MS);
  document.addEventListener('visibilitychange', changed);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', changed);
  };
}

/** The time it is, as steps of five minutes: pages that stay open go on to the next day. */
export const useClock = (): number => useSyncExternalStore(subscribe, now);
