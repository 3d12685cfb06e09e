import { useCallback } from 'react';
import type { AnomalyPoint } from '../api/foresight';
import type { Colours } from '../charts/Chart';
import { Figure } from '../charts/Figure';
import { bucket, counted, figure, metricName } from '../lib/format';
import type { Column } from '../ui/DataTable';
import { courseOption } from './course';

export interface Shown {
  metric: string;
  grain: string;
  currency: string;
}

/** How a metric went, with what was expected of it and what stands out. */
export function Judged({ points, metric, grain, currency }: Shown & { points: AnomalyPoint[] }) {
  const step = `time:${grain}`;
  const option = useCallback(
    (colours: Colours) =>
      courseOption(
        {
          labels: points.map(({ time }) => bucket(time, step)),
          times: points.map(({ time }) => time),
          values: points.map(({ value }) => value),
          expected: points.map(({ expected }) => expected),
          bands: [
            {
              lower: points.map(({ lower }) => Math.max(0, lower)),
              upper: points.map(({ upper }) => upper),
              opacity: 0.1,
            },
          ],
          odd: points.flatMap(({ anomaly }, at) => (anomaly ? [at] : [])),
          write: (value, short) =>
            figure(metric, typeof value === 'number' ? counted(metric, value) : null, short, currency),
        },
        colours,
      ),
    [points, metric, step, currency],
  );
  const write = (value: number) => figure(metric, counted(metric, value), false, currency);
  const columns: Column<AnomalyPoint>[] = [
    { name: 'Time', cell: ({ time }) => bucket(time, step) },
    { name: metricName(metric), cell: ({ value }) => write(value) },
    { name: 'Expected', cell: ({ expected }) => write(expected) },
    { name: 'From', cell: ({ lower }) => write(Math.max(0, lower)) },
    { name: 'To', cell: ({ upper }) => write(upper) },
    { name: 'Score', cell: ({ score }) => score.toFixed(2) },
  ];
  return (
    <Figure
      name="course"
      label={`${metricName(metric)} and what was expected of it`}
      option={option}
      columns={columns}
      rows={points}
      id={({ time }) => time}
    />
  );
}
