/** Shapes of the HTTP API that the dashboard reads. */

export type Operator = 'is' | 'is_not' | 'contains' | 'contains_not';

/** One condition of a query: operator, dimension, and the values of which one must match. */
export type Condition = [Operator, string, string[]];

/** A name the server knows (`all`, `24h`) or a closed pair of days in the site's time zone. */
export type DateRange = string | [string, string];

export interface Query {
  site_id: string;
  metrics: string[];
  date_range: DateRange;
  dimensions?: string[];
  filters?: Condition[];
  order_by?: [string, 'asc' | 'desc'][];
  include?: { time_labels?: boolean; total_rows?: boolean };
  pagination?: { limit: number; offset: number };
}

export interface QueryAnswer {
  results: { metrics: (number | null)[]; dimensions: string[] }[];
  meta: { time_labels?: string[]; total_rows?: number };
}

export interface Site {
  domain: string;
  timezone: string;
  currency: string;
}

export interface Named {
  name: string;
  visitors: number;
}

/** One message of `GET /api/v1/live`; hours are those of the site's day that have begun. */
export interface LiveFigures {
  at: number;
  visitors_now: number;
  today: { visitors: number; visits: number; pageviews: number };
  hours: { time: string; visitors: number; pageviews: number }[];
  pages: Named[];
  sources: Named[];
  countries: Named[];
}
