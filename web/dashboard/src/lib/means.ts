/** Figures that are means over visits. Where no visit was there is no mean, and nought would be a claim. */
const MEANS = ['views_per_visit', 'bounce_rate', 'visit_duration'];

export const isMean = (metric: string): boolean => MEANS.includes(metric);

/** What is asked so that `measured` can tell a mean that is nought from none. */
export const askedFor = (metric: string): string[] =>
  isMean(metric) ? [metric, ...MEANS.filter((one) => one !== metric)] : [metric];

/**
 * The figures of `metrics`, with null where nothing could be measured. The server answers nought for every mean
 * over no visit, as under a page that nobody entered by. Of a visit not all of them are: one event bounces, and
 * several take their time.
 */
export function measured(metrics: string[], figures: (number | null)[]): (number | null)[] {
  const means = figures.filter((_, place) => isMean(metrics[place] ?? ''));
  if (means.length < 2 || means.some(Boolean)) return figures;
  return figures.map((figure, place) => (isMean(metrics[place] ?? '') ? null : figure));
}

/** Whether a figure stands between gaps, where no line is drawn to it. */
export const hasLone = (values: (number | null)[]): boolean =>
  values.some(
    (value, place) =>
      value !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null,
  );
