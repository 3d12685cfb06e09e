/** The words between the tracker, the pages it runs on and the collector. */

/** What the site asks for. Attributes of the script tag (`data-site`) are texts, so all of it is. */
export interface Options {
  /** The site's domain as the collector knows it; several are separated by commas. */
  site?: string;
  /** Plausible's name for `site`. */
  domain?: string;
  /** Where events are posted. By default `/api/event` on the host that served the script. */
  api?: string;
  /** The page is what stands after `#`. */
  hash?: 'true';
  /** Paths that are not counted, separated by commas: `*` within a segment, `**` across them. */
  exclude?: string;
  /** Send nothing where the browser says Do Not Track or Global Privacy Control. */
  dnt?: 'true';
  /** Page views are sent by the page itself. */
  auto?: 'false';
  outbound?: 'false';
  /** File extensions that make a link a download, separated by `|`, or `false`. */
  downloads?: string;
  engagement?: 'false';
  404?: 'false';
  /** Extensions to load, separated by spaces. */
  extensions?: string;
}

/** What may be said of an event. It is sent as it is: the collector knows these names. */
export interface EventOptions {
  props?: Record<string, string | number | boolean>;
  revenue?: { amount: number | string; currency: string };
  /** `false` where the event shows no interest: a visit with nothing else stays a bounce. */
  interactive?: boolean;
  /** The page the event is about, where that is not the page shown. */
  url?: string;
  /** Called once the event is on its way, or is not going to be sent. */
  callback?: () => void;
}

/** What the tracker adds to every event: see `send`. */
export interface Event extends EventOptions {
  /** Name. */
  n: string;
  /** Address of the page. */
  u: string;
  /** Milliseconds somebody looked at the page since the last `engagement`. */
  e?: number;
  /** How far down the page was seen, in percent. */
  sd?: number;
}

/** `window.opentrace`. Before the tracker comes, a function of the page that keeps its calls. */
export interface Track {
  (name: string, event?: EventOptions): void;
  /** The calls so far. */
  q?: Parameters<Track>[];
  /** Options, over those of the script tag. */
  o?: Options;
  /** The tracker is here. */
  l?: boolean;
}

declare global {
  interface Window {
    opentrace?: Track;
    plausible?: Track;
  }
  interface Navigator {
    globalPrivacyControl?: boolean;
  }
}
