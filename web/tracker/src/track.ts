/** Page views, what is done on them, and how long and how far they are read. */

import { document, hash, location, NO, navigator, now, options } from './options';
import { flush, send } from './transport';
import type { Track } from './types';

const FILES = 'pdf|(doc|xls|ppt)x?|csv|zip|gz|7z|rar|exe|msi|dmg|pkg|apk|mp[34]|mov|wav';
/** `false` is nobody's file extension, so as an option it turns downloads off. */
const file = RegExp(`\\.(${options.downloads || FILES})$`, 'i');

/** Every sign but the wildcards means itself. Without the option this is `undefined`, which is no path. */
const excluded = RegExp(
  `^(${options.exclude?.replace(
    /\*\*?|[^\w/]/g,
    (sign) => ({ '**': '.*', '*': '[^/]*', ',': '|', ' ': '' })[sign] ?? `\\${sign}`,
  )})/?$`,
);

/** What tells pages apart. Not the query: a filter that writes itself there opens no other page. */
const key = () => location.pathname + (hash ? location.hash : '');

/** The key of the page view sent last. */
let shown: string;
/** The address of the page view being read; empty where it is not counted. */
let page = '';
/** Milliseconds it was looked at and not yet reported, and since when it is looked at now. */
let engaged = 0;
let since = 0;
/** The lowest point of it that was seen, in pixels. */
let bottom = 0;

/** Tells how the page was read since the last report. */
function report(): void {
  if (page && engaged && options.engagement != NO)
    send({
      n: 'engagement',
      u: page,
      e: engaged,
      sd: ((bottom / document.documentElement.scrollHeight) * 100) | 0,
    });
  engaged = 0;
}

export const track: Track = (name, event = {}) => {
  // What stands after `#` may be a secret. It leaves the browser only where it is the page; no address
  // holds a space.
  const url = event.url || location.href.split(hash ? ' ' : '#')[0];
  let silent: unknown =
    (options.dnt == 'true' && (navigator.doNotTrack == '1' || navigator.globalPrivacyControl)) ||
    excluded.test(key());
  try {
    // The visitor's choice, kept by the site. The tracker reads it and writes nothing.
    silent ||= localStorage.opentrace_ignore;
  } catch {
    // Storage is blocked, so no choice can be kept there.
  }
  if (name == 'pageview') {
    report();
    page = silent ? '' : url;
    bottom = innerHeight;
  }
  if (!silent) send({ n: name, u: url, ...event });
  event.callback?.();
};

/** Looks at what changed, whatever happened. */
export function handle(event: Partial<PageTransitionEvent & MouseEvent>): void {
  const { hidden } = document;
  const time = now();
  engaged += since && time - since;
  since = !hidden && document.hasFocus() ? time : 0;
  bottom = Math.max(bottom, scrollY + innerHeight);

  if (hidden) report();
  if (hidden || event.type == 'online') flush();

  // A page opened in the background or loaded ahead is viewed when it is shown; one that comes back
  // from the back-forward cache is viewed again.
  if (!hidden && options.auto != NO && (event.persisted || shown != key())) {
    shown = key();
    track('pageview');
  }

  // The main and the middle button follow a link.
  const link = ((event.button as number) < 2 &&
    (event.target as Element).closest?.('a')) as HTMLAnchorElement;
  if (link?.host) {
    const name = file.test(link.pathname)
      ? 'File Download'
      : link.host != location.host && options.outbound != NO && 'Outbound Link: Click';
    if (name) track(name, { props: { url: link.href } });
  }
}
