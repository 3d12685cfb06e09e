/**
 * How events leave. While the page is shown they are fetched, because only a fetch tells whether they
 * arrived; what did not arrive is kept in memory and sent again. A page that is going away cannot hear
 * the answer any more and sends a beacon; what a browser does not take as a beacon is fetched, too.
 */

import { beside, document, hash, navigator, now, options } from './options';
import type { Event } from './types';

const endpoint = options.api || beside('/api/event');

/** Events beyond this are lost: a collector that is blocked for good must not fill the memory. */
const MOST_WAITING = 50;

const waiting: Required<Parameters<typeof send>>[] = [];

/**
 * Sends an event, now or later. Each time it is sent it has the same `id`, by which the collector
 * knows it again, and in `qt` the milliseconds it waited.
 */
export function send(event: Event, created = now(), id = `${created}${Math.random()}`): void {
  const body = JSON.stringify({
    ...event,
    d: options.site || options.domain,
    r: document.referrer,
    h: hash,
    id,
    qt: now() - created,
  });
  // A beacon without a network would be lost in silence.
  if (document.hidden && navigator.onLine && navigator.sendBeacon?.(endpoint, body)) return;
  fetch(endpoint, { method: 'POST', body, keepalive: true })
    .catch((error) => error)
    .then((answer: Response | Error) => {
      // Not where the collector was out of reach, nor where it asks to come again: 429 and all of 5xx.
      if ((answer as Response).status < 429) flush();
      else if (!waiting[MOST_WAITING - 1]) waiting.push([event, created, id]);
    });
}

export function flush(): void {
  waiting.splice(0).map((event) => send(...event));
}
