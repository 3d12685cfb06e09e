import type { ChartKind } from '../api/boards';
import type { QueryAnswer } from '../api/types';
import { axes, plain } from '../charts/base';
import type { Colours } from '../charts/Chart';
import { oldValuesOf, openPlace, valuesOf } from '../lib/buckets';
import { bucket, figure, isWhole } from '../lib/format';
import { hasLone } from '../lib/means';
import { rowName } from '../site/names';

/** What an answer is drawn from: its dimensions by name, its first metric, and what it is counted in. */
export interface Drawn {
  answer: QueryAnswer;
  dimensions: string[];
  metric: string;
  currency: string;
}

/** Kinds that one chart tells apart. */
const KINDS = 8;

export const label = (dimension: string, value: string) =>
  dimension.startsWith('time:') ? bucket(value, dimension) : rowName(dimension, value);

/** What ECharts is told to draw; tables, numbers and maps are no charts of its. */
export function option(kind: ChartKind, drawn: Drawn, colours: Colours) {
  if (kind === 'pie') return pie(drawn, colours);
  if (kind === 'heatmap') return heat(drawn, colours);
  if (kind === 'stacked') return stacked(drawn, colours);
  return lines(kind, drawn, colours);
}

const written =
  ({ metric, currency }: Drawn, short = false) =>
  (value: number | null) =>
    figure(metric, value, short, currency);

function lines(kind: ChartKind, drawn: Drawn, colours: Colours) {
  const [dimension = ''] = drawn.dimensions;
  const timed = drawn.answer.meta.time_labels;
  const labels = timed ?? drawn.answer.results.map((row) => row.dimensions[0] ?? '');
  const values = timed
    ? valuesOf(drawn.answer, drawn.metric)
    : drawn.answer.results.map((row) => row.metrics[0] ?? 0);
  const old = oldValuesOf(drawn.answer);
  // The bucket in progress would look like a fall.
  const open = kind === 'bar' ? -1 : openPlace(drawn.answer);
  const line = {
    type: kind === 'bar' ? 'bar' : 'line',
    color: colours.accent,
    showSymbol: hasLone(values),
    lineStyle: { width: 2.5 },
  };
  return {
    ...plain(colours),
    ...axes(
      {
        labels: labels.map((one) => label(dimension, one)),
        write: written(drawn, true),
        edge: kind !== 'bar',
        whole: isWhole(drawn.metric),
      },
      colours,
    ),
    tooltip: {
      ...plain(colours).tooltip,
      trigger: 'axis',
      formatter: ([point]: { dataIndex: number }[]) => {
        const place = point?.dataIndex ?? 0;
        const before = old.length ? `\nbefore: ${written(drawn)(old[place] ?? null)}` : '';
        return `${label(dimension, labels[place] ?? '')}\n${written(drawn)(values[place] ?? null)}${before}${place === open ? '\nin progress' : ''}`;
      },
    },
    series: [
      ...(old.length
        ? [
            {
              ...line,
              color: colours.soft,
              lineStyle: { width: 1.5 },
              ...(kind === 'bar' && { itemStyle: { opacity: 0.35, borderRadius: [3, 3, 0, 0] } }),
              data: old,
            },
          ]
        : []),
      {
        ...line,
        ...(kind === 'bar' && { itemStyle: { borderRadius: [3, 3, 0, 0] } }),
        ...(kind === 'area' && { areaStyle: { opacity: 0.15 } }),
        data: values.map((value, place) => (open >= 0 && place >= open ? null : value)),
      },
      ...(open > 0
        ? [
            {
              ...line,
              lineStyle: { width: 2.5, type: 'dotted' },
              data: values.map((value, place) => (place === open || place === open - 1 ? value : null)),
            },
          ]
        : []),
    ],
  };
}

function stacked(drawn: Drawn, colours: Colours) {
  const [first = '', second = ''] = drawn.dimensions;
  const { results, meta } = drawn.answer;
  const labels = meta.time_labels ?? [...new Set(results.map((row) => row.dimensions[0] ?? ''))].sort();
  const kinds = [...new Set(results.map((row) => row.dimensions[1] ?? ''))].slice(0, KINDS);
  const values = new Map(results.map((row) => [row.dimensions.join('\n'), row.metrics[0] ?? 0]));
  return {
    ...plain(colours),
    ...axes(
      {
        labels: labels.map((one) => label(first, one)),
        write: written(drawn, true),
        whole: isWhole(drawn.metric),
      },
      colours,
    ),
    legend: { bottom: 0, icon: 'circle', itemGap: 14, textStyle: { color: colours.soft }, type: 'scroll' },
    grid: { left: 8, right: 12, top: 12, bottom: 34, containLabel: true },
    tooltip: { ...plain(colours).tooltip, trigger: 'axis', valueFormatter: written(drawn) },
    series: kinds.map((kind) => ({
      name: label(second, kind),
      type: 'bar',
      stack: 'all',
      data: labels.map((one) => values.get(`${one}\n${kind}`) ?? 0),
    })),
  };
}

function pie(drawn: Drawn, colours: Colours) {
  const {
    answer,
    dimensions: [dimension = ''],
  } = drawn;
  return {
    ...plain(colours),
    legend: { bottom: 0, icon: 'circle', itemGap: 14, textStyle: { color: colours.soft }, type: 'scroll' },
    series: [
      {
        type: 'pie',
        radius: ['48%', '76%'],
        center: ['50%', '44%'],
        label: { show: false },
        tooltip: { valueFormatter: written(drawn) },
        itemStyle: { borderColor: colours.card, borderWidth: 2 },
        data: answer.results.map((row) => ({
          name: label(dimension, row.dimensions[0] ?? ''),
          value: row.metrics[0] ?? 0,
        })),
      },
    ],
  };
}

function heat({ answer, dimensions: [across = '', down = ''] }: Drawn, colours: Colours) {
  const all = (place: number) => [...new Set(answer.results.map((row) => row.dimensions[place] ?? ''))];
  const columns = answer.meta.time_labels ?? all(0);
  const rows = all(1).reverse();
  const counts = answer.results.map((row) => row.metrics[0] ?? 0);
  const [least, most] = [Math.min(...counts), Math.max(1, ...counts)];
  const axis = (values: string[]) => ({
    type: 'category',
    data: values,
    axisLabel: { color: colours.soft, hideOverlap: true, width: 90, overflow: 'truncate' },
    axisLine: { show: false },
    axisTick: { show: false },
  });
  return {
    ...plain(colours),
    grid: { left: 8, right: 12, top: 8, bottom: 4, containLabel: true },
    xAxis: axis(columns.map((one) => label(across, one))),
    yAxis: axis(rows.map((one) => label(down, one))),
    visualMap: { show: false, min: least, max: most, inRange: { color: [colours.wash, colours.accent] } },
    series: [
      {
        type: 'heatmap',
        itemStyle: { borderColor: colours.card, borderWidth: 2 },
        data: answer.results.map((row) => [
          columns.indexOf(row.dimensions[0] ?? ''),
          rows.indexOf(row.dimensions[1] ?? ''),
          row.metrics[0] ?? 0,
        ]),
      },
    ],
  };
}
