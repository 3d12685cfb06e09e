/** What a tile is called, and of which time it is. */
import type { Tile } from '../api/boards';
import type { DateRange } from '../api/types';
import { metricName, momentRange, rangeText } from '../lib/format';
import { PERIODS } from '../lib/range';
import { DIMENSIONS, named, REGION_NAME } from '../site/names';

const REPORTS: Partial<Record<Tile['chart'], string>> = {
  funnel: 'Funnel',
  sankey: 'Journeys',
  retention: 'Retention',
};
/** Words of a text that it is called by. */
const WORDS = 6;

/** The title of a tile, or what it shows where nobody gave it one. */
export function titleOf({
  title,
  chart,
  text = '',
  query,
}: Pick<Tile, 'title' | 'chart' | 'text' | 'query'>) {
  if (title.trim()) return title;
  if (chart === 'text') return begun(text) || 'Text';
  const by = (query?.dimensions ?? []).filter((one) => one !== REGION_NAME).map(inSentence);
  return (
    REPORTS[chart] ??
    [metricName(query?.metrics?.[0] ?? 'visitors'), by.join(' and ')].filter(Boolean).join(' by ')
  );
}

/** The first words of a text. */
function begun(text: string): string {
  const words = text.trim().split(/\s+/);
  return words.length > WORDS ? `${words.slice(0, WORDS).join(' ')}…` : words.join(' ');
}

/** A dimension within a sentence. A property is called as whoever sends it does. */
const inSentence = (dimension: string) =>
  dimension in DIMENSIONS ? named(dimension).toLowerCase() : named(dimension);

/** The time of a tile as people call it. */
export function periodText(range: DateRange): string {
  if (typeof range !== 'string') return range[0].length > 10 ? momentRange(...range) : rangeText(range);
  const [, count, unit] = range.match(/^(\d+)(d|mo)$/) ?? [];
  return (
    PERIODS.find(([name]) => name === range)?.[1] ??
    (count ? `Last ${count} ${unit === 'd' ? 'days' : 'months'}` : range)
  );
}
