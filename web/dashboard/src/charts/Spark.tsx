import { useCallback } from 'react';
import type { QueryAnswer } from '../api/types';
import { openPlace, valuesOf } from '../lib/buckets';
import { bucket, figure, isRate } from '../lib/format';
import { plain } from './base';
import { Chart, type Colours } from './Chart';

interface Props {
  /** Figures by time, with the labels of all times. */
  line: QueryAnswer;
  step: string;
  metric: string;
  currency?: string;
  title: string;
}

/** How a figure came to be, without axes: what it says is in its name. */
export function Spark({ line, step, metric, currency = '', title }: Props) {
  const option = useCallback(
    (colours: Colours) => spark(line, step, metric, currency, colours),
    [line, step, metric, currency],
  );
  const values = whole(line, step, metric).filter((value) => value !== null);
  if (values.length < 2) return null;
  const write = (value: number) => figure(metric, value, false, currency);
  const said = `between ${write(Math.min(...values))} and ${write(Math.max(...values))}`;
  return <Chart label={`${title}: ${said}`} kind="spark" option={option} />;
}

/** The figures without the bucket in progress, which would look like a fall. */
function whole(line: QueryAnswer, step: string, metric: string): (number | null)[] {
  const open = openPlace(line, step);
  const values = valuesOf(line, metric);
  return open < 0 ? values : values.slice(0, open);
}

function spark(line: QueryAnswer, step: string, metric: string, currency: string, colours: Colours) {
  const base = plain(colours);
  return {
    ...base,
    grid: { left: 0, right: 0, top: 4, bottom: 2 },
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      valueFormatter: (value: number) => figure(metric, value, false, currency),
    },
    xAxis: {
      type: 'category',
      show: false,
      boundaryGap: false,
      data: (line.meta.time_labels ?? [])
        .slice(0, whole(line, step, metric).length)
        .map((one) => bucket(one, step)),
    },
    // A rate between 43 and 45 % is as good as the same: that is seen from nought.
    yAxis: { type: 'value', show: false, scale: !isRate(metric) },
    series: [
      {
        type: 'line',
        showSymbol: false,
        color: colours.accent,
        lineStyle: { width: 2 },
        areaStyle: { color: colours.accent, opacity: 0.1 },
        data: whole(line, step, metric),
      },
    ],
  };
}
