import type { Tile } from '../api/boards';
import type { Query } from '../api/types';

type Asked = Omit<Query, 'site_id'>;

const number = (title: string, metric: string, x: number): Tile => ({
  title,
  chart: 'number',
  x,
  y: 0,
  w: 3,
  h: 2,
  query: { metrics: [metric], date_range: '30d', dimensions: [] },
});

const over = (metric: string, date_range: string): Asked => ({
  metrics: [metric],
  date_range,
  dimensions: ['time:day'],
  include: { time_labels: true },
});

const ranked = (dimension: string): Asked => ({
  metrics: ['visitors'],
  date_range: '30d',
  dimensions: [dimension],
  pagination: { limit: 10, offset: 0 },
});

/** Pages to begin with. */
export const TEMPLATES: Record<string, Tile[]> = {
  Empty: [],
  Overview: [
    number('Visitors', 'visitors', 0),
    number('Visits', 'visits', 3),
    number('Pageviews', 'pageviews', 6),
    number('Bounce rate', 'bounce_rate', 9),
    { title: 'Visitors by day', chart: 'area', x: 0, y: 2, w: 8, h: 5, query: over('visitors', '30d') },
    { title: 'Browsers', chart: 'pie', x: 8, y: 2, w: 4, h: 5, query: ranked('visit:browser') },
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
        ...over('visitors', '30d'),
        dimensions: ['time:day', 'visit:channel'],
        pagination: { limit: 400, offset: 0 },
      },
    },
    { title: 'Sources', chart: 'table', x: 0, y: 5, w: 6, h: 6, query: ranked('visit:source') },
    { title: 'Entry pages', chart: 'table', x: 6, y: 5, w: 6, h: 6, query: ranked('visit:entry_page') },
  ],
};
