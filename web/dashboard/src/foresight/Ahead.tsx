import { useCallback } from 'react';
import { type ForecastAnswer, interval } from '../api/foresight';
import type { Colours } from '../charts/Chart';
import { Figure } from '../charts/Figure';
import { bucket, counted, figure, metricName } from '../lib/format';
import type { Column } from '../ui/DataTable';
import { courseOption } from './course';

/** Levels of the intervals, in percent. */
export const LEVELS = [80, 95];

interface AheadProps {
  answer: ForecastAnswer;
  metric: string;
  grain: string;
  currency: string;
}

/** How a metric went, and what it will be. */
export function Ahead({ answer, metric, grain, currency }: AheadProps) {
  const { history, forecast: points, model } = answer;
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
          Made of {figure('events', model.points)} {grain}s by {weights(model.weights)}. The darker band holds
          80 of 100, the lighter 95.
        </p>
      )}
    </Figure>
  );
}

const weights = (of: Record<string, number> = {}) =>
  Object.entries(of)
    .sort(([, one], [, other]) => other - one)
    .map(([name, weight]) => `${name.replaceAll('_', ' ')} (${figure('percentage', 100 * weight)})`)
    .join(', ');
