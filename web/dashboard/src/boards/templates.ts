import type { TileQuery as Asked, Tile } from '../api/boards';
import { BY_TIME } from '../lib/buckets';
import { USUAL_PERIOD } from '../lib/range';
import { PARTS, ROWS } from './asked';

const number = (title: string, metric: string, x: number): Tile => ({
  title,
  chart: 'number',
  x,
  y: 0,
  w: 3,
  h: 2,
  query: { metrics: [metric], date_range: USUAL_PERIOD, dimensions: [] },
});

const over = (metric: string, date_range: string): Asked => ({
  metrics: [metric],
  date_range,
  dimensions: ['time:day'],
  include: BY_TIME,
});

const ranked = (dimension: string, limit = ROWS): Asked => ({
  metrics: ['visitors'],
  date_range: USUAL_PERIOD,
  dimensions: [dimension],
  pagination: { limit, offset: 0 },
});

/** Pages to begin with. */
export const TEMPLATES: Record<string, Tile[]> = {
  Empty: [],
  Overview: [
    number('Visitors', 'visitors', 0),
    number('Visits', 'visits', 3),
    number('Pageviews', 'pageviews', 6),
    number('Bounce rate', 'bounce_rate', 9),
    {
      title: 'Visitors by day',
      chart: 'area',
      x: 0,
      y: 2,
      w: 8,
      h: 5,
      query: over('visitors', USUAL_PERIOD),
    },
    {
      title: 'Browsers',
      chart: 'pie',
      x: 8,
      y: 2,
      w: 4,
      h: 5,
      query: ranked('visit:browser', PARTS),
    },
    { title: 'Pages', chart: 'table', x: 0, y: 7, w: 6, h: 6, query: ranked('event:page') },
    {
      title: 'Countries',
      chart: 'map',
      x: 6,
      y: 7,
      w: 6,
      h: 6,
      query: { ...ranked('visit:country'), pagination: { limit: 300, offset: 0 } },
    },
  ],
  Acquisition: [
    {
      title: 'Channels by day',
      chart: 'stacked',
      x: 0,
      y: 0,
      w: 12,
      h: 5,
      query: {
        ...over('visitors', USUAL_PERIOD),
        dimensions: ['time:day', 'visit:channel'],
        pagination: { limit: 10_000, offset: 0 },
      },
    },
    { title: 'Sources', chart: 'table', x: 0, y: 5, w: 6, h: 6, query: ranked('visit:source') },
    { title: 'Entry pages', chart: 'table', x: 6, y: 5, w: 6, h: 6, query: ranked('visit:entry_page') },
  ],
  Behaviour: [
    {
      title: 'Ways through the site',
      chart: 'sankey',
      x: 0,
      y: 0,
      w: 7,
      h: 7,
      query: { date_range: USUAL_PERIOD, depth: 3, limit: 24 },
    },
    {
      title: 'From any page to a sign-up',
      chart: 'funnel',
      x: 7,
      y: 0,
      w: 5,
      h: 4,
      query: { date_range: USUAL_PERIOD, steps: ['pageview', 'signup'], window: '7d', order: 'ordered' },
    },
    {
      title: 'Devices by day',
      chart: 'heatmap',
      x: 7,
      y: 4,
      w: 5,
      h: 3,
      query: {
        ...over('visitors', '7d'),
        dimensions: ['time:day', 'visit:device'],
        pagination: { limit: 10_000, offset: 0 },
      },
    },
    {
      title: 'Who comes back',
      chart: 'retention',
      x: 0,
      y: 7,
      w: 12,
      h: 6,
      query: { date_range: '91d', start_event: 'pageview', return_event: 'pageview', period: 'week' },
    },
  ],
};

/** Those that have something to look at. */
export const READY = Object.keys(TEMPLATES).filter((name) => TEMPLATES[name]?.length);
