import { axes, plain } from '../charts/base';
import type { Colours } from '../charts/Chart';

/** A band around a line: where it begins and ends, place by place. */
export interface Band {
  lower: (number | null)[];
  upper: (number | null)[];
  opacity: number;
}

export interface Course {
  labels: string[];
  /** The times that they are of, as the server says them. */
  times: string[];
  values: (number | null)[];
  /** A line of what is or was expected. */
  expected: (number | null)[];
  bands: Band[];
  /** Places that stand out. */
  odd: number[];
  write: (value: number | null | undefined, short?: boolean) => string;
}

/** How a metric went, with what was expected of it. */
export function courseOption(
  { labels, times, values, expected, bands, odd, write }: Course,
  colours: Colours,
) {
  const base = plain(colours);
  const line = { type: 'line', symbol: 'none', smooth: 0.15, color: colours.accent };
  const hidden = { ...line, silent: true, lineStyle: { opacity: 0 } };
  const stacked = bands.flatMap(({ lower, upper, opacity }, place) => [
    { ...hidden, stack: `band ${place}`, data: lower },
    {
      ...hidden,
      stack: `band ${place}`,
      data: upper.map((value, at) => (value === null ? null : value - (lower[at] ?? 0))),
      areaStyle: { color: colours.accent, opacity },
    },
  ]);
  return {
    ...base,
    ...axes({ labels, times, write: (value) => write(value, true), edge: true }, colours),
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      formatter: ([point]: { dataIndex: number }[]) => {
        const at = point?.dataIndex ?? 0;
        const wide = bands.at(-1);
        return [
          labels[at],
          ...(typeof values[at] === 'number' ? [write(values[at])] : []),
          ...(typeof expected[at] === 'number' ? [`expected: ${write(expected[at])}`] : []),
          ...(typeof wide?.lower[at] === 'number'
            ? [`between ${write(wide.lower[at])} and ${write(wide.upper[at])}`]
            : []),
        ].join('\n');
      },
    },
    series: [
      ...stacked,
      { ...line, data: expected, lineStyle: { width: 2, type: 'dashed', opacity: 0.7 } },
      { ...line, data: values, lineStyle: { width: 2.5 }, z: 3 },
      {
        type: 'scatter',
        symbolSize: 12,
        z: 5,
        itemStyle: { color: colours.bad, borderColor: colours.card, borderWidth: 2 },
        data: odd.map((at) => [at, values[at] ?? 0]),
      },
    ],
  };
}
