import { axes, plain } from '../charts/base';
import type { Colours } from '../charts/Chart';
import { bucket, counted, figure, isWhole as isCount } from '../lib/format';
import { hasLone } from '../lib/means';
import type { Interval } from '../lib/range';
import type { Drawn } from './drawn';
import type { Expected, Unusual } from './foresight';

/** What stands on the graph beside its lines. */
export interface Marked extends Drawn {
  /** By label: the bucket in progress, and buckets after all that are shown. */
  expected: Map<string, Expected>;
  unusual: Map<string, Unusual>;
  /** Places. */
  corrected: Set<number>;
}

export interface Shown {
  metric: string;
  step: Interval;
  currency: string;
}

/** The labels with those of what is expected after them. */
export const allLabels = ({ labels, expected }: Marked): string[] => [
  ...labels,
  ...[...expected.keys()].filter((label) => !labels.includes(label)),
];

/** What there is to say about a bucket: what it is called, its figure, and notes. */
export function told(marked: Marked, label: string, place: number, { metric, step, currency }: Shown) {
  const { values, old, open, first, expected, unusual, corrected } = marked;
  const write = (value: number | null | undefined) => figure(metric, value, false, currency);
  const ahead = expected.get(label);
  const notes: string[] = [];
  if (place === open) notes.push('in progress');
  if (place < first) notes.push('only its end');
  if (ahead) {
    const [mean, lower, upper] = [ahead.mean, ahead.lower, ahead.upper].map((value) =>
      write(counted(metric, value)),
    );
    notes.push(`expected ${mean}, between ${lower} and ${upper}`);
  }
  const odd = unusual.get(label);
  if (odd) notes.push(`unusual: ${odd.reason}`);
  if (corrected.has(place)) notes.push('corrected since you last looked');
  const value = values[place];
  return {
    name: bucket(label, step),
    value: typeof value === 'number' ? write(value) : '',
    before: old.length ? write(old[place]) : '',
    notes,
  };
}

/** How many times as high as what is and what is likely the graph is at most, for a band to be whole. */
const BEYOND = 3;

/**
 * Where the graph ends on top, where that is not at the edge of the band: what nobody is sure of must not press what
 * is known against the ground.
 */
export function topOf({ values, old, expected }: Marked): number | undefined {
  const ahead = [...expected.values()];
  const known = Math.max(
    0,
    ...[...values, ...old].map((value) => value ?? 0),
    ...ahead.map(({ mean }) => mean),
  );
  const top = known * BEYOND;
  if (!ahead.some(({ upper }) => upper > top)) return;
  const step = 10 ** Math.floor(Math.log10(top || 1)) / 2;
  return Math.ceil(top / step) * step;
}

/** The main graph: the metric, the time before, what is expected, and marks on what stands out. */
export function graph(marked: Marked, shown: Shown, colours: Colours) {
  const { labels, values, old, oldLabels, open, first, expected, unusual, corrected } = marked;
  const { metric, step, currency } = shown;
  const all = allLabels(marked);
  const isWhole = (place: number) => place >= first && (open < 0 || place < open);
  const closed = values.map((value, place) => (isWhole(place) ? value : null));
  const line = {
    type: 'line',
    // Also where both sides of what is whole are not.
    showSymbol: hasLone(values) || hasLone(closed),
    smooth: 0.15,
    color: colours.accent,
    symbol: 'circle',
  };
  // The lines of what is not whole reach to its neighbours.
  const dotted = values.map((value, place) =>
    [place - 1, place, place + 1].some((near) => near >= 0 && near < values.length && !isWhole(near))
      ? value
      : null,
  );
  // What is expected begins where what is known ends: at the last whole bucket.
  const from = closed.findLastIndex((value) => value !== null);
  const ahead = (of: (one: Expected) => number, begin: number | null | undefined) =>
    all.map((label, index) => {
      const one = expected.get(label);
      if (index === from && expected.size > 0) return begin ?? null;
      return index > from && one ? of(one) : null;
    });
  const known = values[from];
  const hidden = { ...line, showSymbol: false, stack: 'band', silent: true, lineStyle: { opacity: 0 } };
  const odd = labels.flatMap((label, place) => (unusual.has(label) && values[place] !== null ? [place] : []));
  const mark = (places: number[], symbol: string, color: string, symbolSize: number) => ({
    type: 'scatter',
    symbol,
    symbolSize,
    z: 5,
    itemStyle: { color, borderColor: colours.card, borderWidth: 2 },
    data: places.map((place) => [place, values[place] ?? 0]),
  });
  const top = topOf(marked);
  const both = axes(
    {
      labels: all.map((label) => bucket(label, step)),
      times: all,
      write: (value) => figure(metric, value, true, currency),
      edge: true,
      whole: isCount(metric),
    },
    colours,
  );
  return {
    ...plain(colours),
    ...both,
    yAxis: { ...both.yAxis, ...(top !== undefined && { max: top }) },
    tooltip: {
      ...plain(colours).tooltip,
      trigger: 'axis',
      formatter: (points: { dataIndex: number; seriesType: string }[]) => {
        const place = points.find(({ seriesType }) => seriesType === 'line')?.dataIndex ?? 0;
        const { name, value, before, notes } = told(marked, all[place] ?? '', place, shown);
        const then = oldLabels[place];
        const old = then === undefined ? [] : [`${bucket(then, step)}: ${before}`];
        return [name, ...(value ? [value] : []), ...old, ...notes].join('\n');
      },
    },
    series: [
      { ...hidden, data: ahead(({ lower }) => lower, known) },
      {
        ...hidden,
        data: ahead(({ lower, upper }) => upper - lower, 0),
        areaStyle: { color: colours.accent, opacity: 0.14 },
      },
      {
        ...line,
        showSymbol: false,
        data: ahead(({ mean }) => mean, known),
        lineStyle: { width: 2, type: 'dashed', opacity: 0.7 },
      },
      {
        ...line,
        showSymbol: hasLone(old),
        data: old,
        color: colours.soft,
        lineStyle: { color: colours.soft, width: 1.5, opacity: 0.55 },
        z: 1,
      },
      {
        ...line,
        data: closed,
        lineStyle: { width: 2.5 },
        areaStyle: { color: colours.accent, opacity: 0.12 },
      },
      { ...line, showSymbol: hasLone(values), data: dotted, lineStyle: { width: 2.5, type: 'dotted' } },
      mark(odd, 'circle', colours.bad, 12),
      mark([...corrected], 'diamond', colours.warn, 14),
    ],
  };
}
