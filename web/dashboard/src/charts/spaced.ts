import type { EChartsCoreOption } from 'echarts/core';
import { LETTER_PX } from './short';

/** Pixels: between two labels, and what figures beside the axis take. */
const [BETWEEN, BESIDE] = [18, 72];
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** From how long a bucket is on, by how many buckets people count on. */
const STEPS: [number, number[]][] = [
  [28 * DAY, [1, 2, 3, 6, 12, 24, 60]],
  [7 * DAY, [1, 2, 4, 13, 26, 52]],
  [DAY, [1, 2, 7, 14, 28, 56, 91, 182, 364]],
  [HOUR, [1, 2, 3, 6, 12, 24, 48, 72, 96, 168]],
  [0, [1, 5, 15, 30, 60, 180, 360, 720, 1440]],
];

/** A time of the site's own clock, as a number. */
const at = (time: string) => Date.parse(time.length > 10 ? `${time.replace(' ', 'T')}Z` : time);

interface Axis {
  data: string[];
  /** The times of the labels as the server says them, perhaps of none: then they count as days. */
  times?: string[];
  axisLabel: object;
}

/** The places that have a label where the axis is so many pixels wide: as far from each other, at round times. */
export function places({ data, times = [] }: Axis, width: number): number[] {
  const count = data.length;
  const longest = Math.max(...data.map((label) => label.length)) * LETTER_PX + BETWEEN;
  const needed = Math.max(1, Math.ceil((longest * count) / Math.max(longest, width - BESIDE)));
  const [first = 0, second = first + DAY] = times.slice(0, 2).map(at);
  const bucket = second - first || DAY;
  const steps = STEPS.find(([least]) => bucket >= least)?.[1] ?? [];
  const step = steps.find((one) => one >= needed) ?? needed;
  const all = [...data.keys()];
  // Days, weeks and months are counted back from the last, hours and minutes by the clock.
  if (bucket >= DAY) return all.filter((place) => (count - 1 - place) % step === 0);
  const round = all.filter((place) => Math.round(at(times[place] ?? '') / bucket) % step === 0);
  const room = count - 1 - (round.at(-1) ?? -needed) >= needed;
  return room ? [...round, count - 1] : round;
}

/** What is drawn, with labels of its times where they fit. */
export function spaced(option: EChartsCoreOption, width: number): EChartsCoreOption {
  const { xAxis } = option as { xAxis?: Axis };
  if (!xAxis?.times || xAxis.data.length === 0) return option;
  const { times: _, ...axis } = xAxis;
  const shown = new Set(places(xAxis, width));
  return {
    ...option,
    xAxis: {
      ...axis,
      axisLabel: { ...axis.axisLabel, interval: (place: number) => shown.has(place) },
    },
  };
}
