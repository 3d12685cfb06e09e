/** Shapes of the HTTP API that the dashboard reads. */

export type Operator = 'is' | 'is_not' | 'contains' | 'contains_not' | 'matches' | 'matches_not';

/** One condition of a query: operator, dimension, the values of which one must match, and perhaps how. */
export type Condition = [Operator, string, string[], { case_sensitive: boolean }?];

/** A name the server knows (`all`, `24h`) or a closed pair of days in the site's time zone. */
export type DateRange = string | [string, string];

export interface Query {
  site_id: string;
  metrics: string[];
  date_range: DateRange;
  dimensions?: string[];
  filters?: Condition[];
  order_by?: [string, 'asc' | 'desc'][];
  include?: {
    time_labels?: boolean;
    partial_time_labels?: boolean;
    total_rows?: boolean;
    epoch?: boolean;
    corrected_since?: number;
  };
  pagination?: { limit: number; offset: number };
}

export interface ResultRow {
  metrics: (number | null)[];
  dimensions: string[];
  /** What the same was in the time compared with, where one is asked for. */
  comparison?: { metrics: (number | null)[] };
}

export interface QueryAnswer {
  results: ResultRow[];
  meta: {
    time_labels?: string[];
    /** Buckets that are not whole: the one in progress, or cut by the range. */
    partial_time_labels?: string[];
    total_rows?: number;
    /** The newest epoch that is in the answer. */
    epoch?: number;
    /** Buckets that changed since the epoch that was named. */
    corrected?: string[];
  };
  /** The question as it was understood: its time as two moments. */
  query: { date_range: [string, string]; metrics: string[]; dimensions: string[]; filters: Condition[] };
}

export interface SiteSettings {
  timezone: string;
  week_start: string;
  currency: string;
  identified: boolean;
  bots: 'drop' | 'flag';
  honour_privacy_signals: boolean;
  retention_days: number;
}

export interface Site extends SiteSettings {
  domain: string;
  /** What it was called before. */
  formerly: string[];
}

export type NewSite = { domain: string } & Partial<SiteSettings>;

export type Scope = 'collect' | 'read' | 'write' | 'admin';

/** Who is looking: `open` is everybody on the server's machine, `new` that nobody owns the server yet. */
export interface Session {
  state: 'signed_in' | 'key' | 'open' | 'signed_out' | 'new';
  person?: { email: string; name: string };
  csrf?: string;
  scopes: Scope[];
  /** Parts of the API that there are beyond questions and settings. */
  features: string[];
  /** Metrics that a question may name. */
  metrics: string[];
  /** The folder of the tracker that no list of trackers knows. */
  tracker: string;
  version: string;
}

export interface Founder {
  code: string;
  email: string;
  name: string;
  password: string;
}

export interface NewKey {
  name: string;
  site?: string;
  scopes: Scope[];
}

export interface Key {
  id: string;
  name: string;
  site: string | null;
  scopes: Scope[];
  hint: string;
  created_at: number;
}

/** Why lines of a file became no event: a code, how many, and the first of them. */
export interface Refused {
  code: string;
  lines: number;
  first: number;
  message?: string;
}

/** What became of the lines of a file. */
export interface Imported {
  lines: number;
  accepted: number;
  duplicates: number;
  skipped: Refused[];
  rejected: Refused[];
}

export interface Property {
  name: string;
  events: number;
}

export interface Named {
  name: string;
  visitors: number;
}

export interface Step {
  time: string;
  visitors: number;
  pageviews: number;
}

export interface RecentEvent {
  at: number;
  name: string;
  path: string;
  source: string;
  country: string;
  device: string;
  browser: string;
}

/** One message of `GET /api/v1/live`; hours are those of the site's day that have begun. */
export interface LiveFigures {
  at: number;
  /** The newest epoch in which something of the site changed, past figures too. */
  epoch: number;
  visitors_now: number;
  today: { visitors: number; visits: number; pageviews: number };
  hours: Step[];
  /** The last half hour. */
  minutes: Step[];
  /** The last events, newest first. */
  recent: RecentEvent[];
  pages: Named[];
  sources: Named[];
  countries: Named[];
}
