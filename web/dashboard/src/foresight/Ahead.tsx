import { useCallback, useMemo } from 'react';
import { type ForecastAnswer, interval } from '../api/foresight';
import type { Colours } from '../charts/Chart';
import { Figure } from '../charts/Figure';
import { bucket, counted, figure, metricName } from '../lib/format';
import type { Column } from '../ui/DataTable';
import { courseOption } from './course';

/** Levels of the intervals, in percent. */
export const LEVELS = [80, 95];

/** Steps of the past at least: what is expected says nothing by itself. */
const LEAST = 7;

interface AheadProps {
  answer: ForecastAnswer;
  /** The day from which on the past is drawn; all that there is where none is said. */
  from?: string | undefined;
  metric: string;
  grain: string;
  currency: string;
}

/** How a metric went, and what it will be. */
export function Ahead({ answer, from, metric, grain, currency }: AheadProps) {
  const { forecast: points, model } = answer;
  const history = useMemo(() => drawn(answer.history, from), [answer.history, from]);
  const step = `time:${grain}`;
  const option = useCallback(
    (colours: Colours) => {
      const known = history.map(({ value }) => value);
      const last = known.at(-1) ?? null;
      const before = history.map((_, at) => (at === history.length - 1 ? last : null));
      const band = (level: number, opacity: number) => ({
        lower: [...before, ...points.map((point) => interval(point, level).lower)],
        upper: [...before, ...points.map((point) => interval(point, level).upper)],
        opacity,
      });
      return courseOption(
        {
          labels: [...history, ...points].map(({ time }) => bucket(time, step)),
          times: [...history, ...points].map(({ time }) => time),
          values: known,
          expected: [...before, ...points.map(({ mean }) => mean)],
          bands: [band(80, 0.16), band(95, 0.1)],
          odd: [],
          write: (value, short) =>
            figure(metric, typeof value === 'number' ? counted(metric, value) : null, short, currency),
        },
        colours,
      );
    },
    [history, points, metric, step, currency],
  );
  const write = (value: number) => figure(metric, counted(metric, value), false, currency);
  const isMixed = Object.keys(model?.weights ?? {}).length > 1;
  const hasWidth = points.some((point) =>
    LEVELS.every((level) => {
      const { lower, upper } = interval(point, level);
      return write(lower) !== write(upper);
    }),
  );
  const columns: Column<(typeof points)[number]>[] = [
    { name: 'Time', cell: ({ time }) => bucket(time, step) },
    { name: 'Expected', cell: ({ mean }) => write(mean) },
    ...LEVELS.flatMap((level): Column<(typeof points)[number]>[] => [
      { name: `${level}% from`, cell: (point) => write(interval(point, level).lower) },
      { name: 'to', cell: (point) => write(interval(point, level).upper) },
    ]),
  ];
  return (
    <Figure
      name="forecast"
      label={`${metricName(metric)} and its forecast`}
      option={option}
      columns={columns}
      rows={points}
      id={({ time }) => time}
    >
      {model && (
        <p className="soft">
          Learned from the last {figure('events', model.points)} {grain}s. {isMixed && MIXED}{' '}
          {hasWidth ? BANDS : NO_BANDS}
        </p>
      )}
    </Figure>
  );
}

const MIXED = 'Several ways to forecast are mixed: those that would have been right before count for more.';
const BANDS =
  'In 80 of 100 cases the figure comes to lie in the darker band, in 95 of 100 in the darker or the lighter one.';
const NO_BANDS = 'How far off it may be cannot be said: the past tells too little for that.';

/** The past from a day on, and from when something was counted. */
function drawn(history: ForecastAnswer['history'], from: string | undefined): ForecastAnswer['history'] {
  const known = history.slice(
    Math.max(
      0,
      history.findIndex(({ value }) => value),
    ),
  );
  const first = from === undefined ? 0 : known.findIndex(({ time }) => time >= from);
  return known.slice(Math.max(0, Math.min(first < 0 ? known.length : first, known.length - LEAST)));
}
