/**
 * Core Web Vitals: one event per load of a document, when it is first hidden. What grows later is left
 * out, so that a load is one sample. Wrong where the document is never hidden in order, as in a crash.
 */

import { type Metric, onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals';
import type { EventOptions } from '../types';

type Load = Required<Pick<EventOptions, 'url' | 'props' | 'interactive'>>;

/** By navigation, because a return from the back-forward cache is measured on its own. */
const loads = new Map<number, Load>();
const reported = new Set<Load>();

function note({ name, value, navigationId }: Metric): void {
  let load = loads.get(navigationId);
  if (!load) {
    // Metrics come late; by then a single-page application may show another page.
    load = { url: location.href.split('#')[0], props: {}, interactive: false };
    loads.set(navigationId, load);
  }
  // All are milliseconds but the layout shift, a score around 0.1.
  load.props[name.toLowerCase()] = name === 'CLS' ? +value.toFixed(4) : Math.round(value);
}

for (const measure of [onCLS, onFCP, onINP, onLCP, onTTFB]) measure(note);

// After the library's own listeners, which take the last values at the same moment.
addEventListener('visibilitychange', () => {
  if (!document.hidden) return;
  for (const load of loads.values()) {
    if (reported.has(load)) continue;
    reported.add(load);
    self.opentrace?.('Web Vitals', load);
  }
});
