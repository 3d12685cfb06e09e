import { plain } from '../charts/base';
import type { Colours } from '../charts/Chart';
import { isPartition } from './addable';
import { type Drawn, label, written } from './drawn';
import { below, beside } from './legend';

/** Slices that have a colour of their own, beside all others. */
const SLICES = 8;
/** Pixels of a chart from which its names stand beside it, and not below. */
const WIDE = 420;

interface Slices {
  slices: { name: string; value: number; rest?: boolean }[];
  /** What is not among them, in a sentence. */
  note: string;
}

/** The largest parts, with the others together where they can be counted. */
export function slicesOf({
  answer: { results },
  dimensions: [dimension = ''],
  metric,
  limit,
}: Drawn): Slices {
  const all = results.map((row) => ({
    name: label(dimension, row.dimensions[0] ?? ''),
    value: row.metrics[0] ?? 0,
  }));
  const largest = all.slice(0, SLICES);
  // As many rows as were asked for: there may be more that nobody sent.
  const whole = all.length < (limit ?? SLICES + 1);
  if (whole && all.length <= SLICES) return { slices: largest, note: '' };
  if (!whole || !isPartition(metric, dimension))
    return {
      slices: largest,
      note: `The ${largest.length} largest${whole ? ` of ${all.length}` : ''} are shown.`,
    };
  const value = all.slice(SLICES).reduce((sum, one) => sum + one.value, 0);
  return { slices: [...largest, { name: 'All others', value, rest: true }], note: '' };
}

export function pie(drawn: Drawn, colours: Colours, width: number) {
  const { slices } = slicesOf(drawn);
  const names = slices.map(({ name }) => name);
  const wide = width >= WIDE;
  const under = below(names, width, colours);
  return {
    ...plain(colours),
    legend: wide ? beside(width, colours) : under.legend,
    series: [
      {
        type: 'pie',
        ...(wide ? { right: width / 2 } : { bottom: under.height }),
        radius: ['56%', '92%'],
        label: { show: false },
        tooltip: { valueFormatter: written(drawn) },
        itemStyle: { borderColor: colours.card, borderWidth: 2 },
        data: slices.map(({ rest, ...slice }, place) => ({
          ...slice,
          itemStyle: { color: rest ? colours.soft : colours.series[place] },
        })),
      },
    ],
  };
}
