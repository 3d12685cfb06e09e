import type { ChartKind } from '../api/boards';
import type { QueryAnswer } from '../api/types';
import type { Colours } from '../charts/Chart';
import { bucket, figure } from '../lib/format';
import { rowName } from '../site/names';

/** What an answer is drawn from: its dimensions by name, its first metric, and what it is counted in. */
export interface Drawn {
  answer: QueryAnswer;
  dimensions: string[];
  metric: string;
  currency: string;
}

const PALETTE = ['#4f46e5', '#0f7a4a', '#d97706', '#be185d', '#0891b2', '#7c3aed', '#65a30d', '#b42332'];

export const label = (dimension: string, value: string) =>
  dimension.startsWith('time:') ? bucket(value, dimension) : rowName(dimension, value);

/** What ECharts is told to draw; tables, numbers and maps are no charts of its. */
export function option(kind: ChartKind, drawn: Drawn, colours: Colours) {
  if (kind === 'pie') return pie(drawn, colours);
  if (kind === 'heatmap') return heat(drawn, colours);
  if (kind === 'stacked') return stacked(drawn, colours);
  return lines(kind, drawn, colours);
}

function base(colours: Colours) {
  return {
    animation: false,
    color: PALETTE,
    textStyle: { color: colours.ink },
    tooltip: {
      renderMode: 'richText',
      backgroundColor: colours.card,
      borderColor: colours.line,
      textStyle: { color: colours.ink },
    },
  };
}

function axes(labels: string[], { metric, currency }: Drawn, colours: Colours) {
  return {
    grid: { left: 8, right: 12, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      data: labels,
      axisLabel: { color: colours.soft, hideOverlap: true },
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      splitNumber: 3,
      axisLabel: { color: colours.soft, formatter: (value: number) => figure(metric, value, true, currency) },
      splitLine: { lineStyle: { color: colours.line } },
    },
  };
}

function lines(kind: ChartKind, drawn: Drawn, colours: Colours) {
  const [dimension = ''] = drawn.dimensions;
  const labels = drawn.answer.meta.time_labels ?? drawn.answer.results.map((row) => row.dimensions[0] ?? '');
  const values = new Map(drawn.answer.results.map((row) => [row.dimensions[0] ?? '', row.metrics[0] ?? 0]));
  return {
    ...base(colours),
    ...axes(
      labels.map((one) => label(dimension, one)),
      drawn,
      colours,
    ),
    tooltip: {
      ...base(colours).tooltip,
      trigger: 'axis',
      valueFormatter: (value: number) => figure(drawn.metric, value, false, drawn.currency),
    },
    series: [
      {
        type: kind === 'bar' ? 'bar' : 'line',
        color: colours.accent,
        showSymbol: labels.length < 2,
        ...(kind === 'area' && { areaStyle: { opacity: 0.15 } }),
        data: labels.map((one) => values.get(one) ?? 0),
      },
    ],
  };
}

function stacked(drawn: Drawn, colours: Colours) {
  const [first = '', second = ''] = drawn.dimensions;
  const { results, meta } = drawn.answer;
  const labels = meta.time_labels ?? [...new Set(results.map((row) => row.dimensions[0] ?? ''))].sort();
  const kinds = [...new Set(results.map((row) => row.dimensions[1] ?? ''))].slice(0, PALETTE.length);
  const values = new Map(results.map((row) => [row.dimensions.join('\n'), row.metrics[0] ?? 0]));
  return {
    ...base(colours),
    ...axes(
      labels.map((one) => label(first, one)),
      drawn,
      colours,
    ),
    legend: { bottom: 0, textStyle: { color: colours.soft }, type: 'scroll' },
    grid: { left: 8, right: 12, top: 12, bottom: 34, containLabel: true },
    tooltip: { ...base(colours).tooltip, trigger: 'axis' },
    series: kinds.map((kind) => ({
      name: label(second, kind),
      type: 'bar',
      stack: 'all',
      data: labels.map((one) => values.get(`${one}\n${kind}`) ?? 0),
    })),
  };
}

function pie({ answer, dimensions: [dimension = ''] }: Drawn, colours: Colours) {
  return {
    ...base(colours),
    series: [
      {
        type: 'pie',
        radius: ['40%', '72%'],
        label: { color: colours.ink },
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
  const most = Math.max(1, ...answer.results.map((row) => row.metrics[0] ?? 0));
  const axis = (values: string[]) => ({
    type: 'category',
    data: values,
    axisLabel: { color: colours.soft, hideOverlap: true, width: 90, overflow: 'truncate' },
    axisLine: { show: false },
    axisTick: { show: false },
  });
  return {
    ...base(colours),
    grid: { left: 8, right: 12, top: 8, bottom: 4, containLabel: true },
    xAxis: axis(columns.map((one) => label(across, one))),
    yAxis: axis(rows.map((one) => label(down, one))),
    visualMap: { show: false, min: 0, max: most, inRange: { color: [colours.wash, colours.accent] } },
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
