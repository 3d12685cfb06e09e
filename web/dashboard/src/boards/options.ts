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
/** Rows of a heat map that can be told apart. */
const ROWS = 12;

export const label = (dimension: string, value: string) =>
  dimension.startsWith('time:') ? bucket(value, dimension) : rowName(dimension, value);

/** What ECharts is told to draw; tables, numbers and maps are no charts of its. */
export function option(kind: ChartKind, drawn: Drawn, colours: Colours) {
  if (kind === 'pie') return pie(drawn, colours);
  if (kind === 'heatmap') return heat(drawn, colours);
  if (drawn.dimensions.length > 1) return several(kind, drawn, colours);
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

/** The values of a dimension, those first that have most of the metric. */
function ranked({ results }: QueryAnswer, place: number): string[] {
  const sums = new Map<string, number>();
  for (const { dimensions, metrics } of results) {
    const value = dimensions[place] ?? '';
    sums.set(value, (sums.get(value) ?? 0) + (metrics[0] ?? 0));
  }
  return [...sums].sort(([, one], [, other]) => other - one).map(([value]) => value);
}

/** A line, an area or a part of bars for each of the largest kinds. What is stacked ends with all others. */
function several(kind: ChartKind, drawn: Drawn, colours: Colours) {
  const [first = '', second = ''] = drawn.dimensions;
  const { results, meta } = drawn.answer;
  const labels = meta.time_labels ?? [...new Set(results.map((row) => row.dimensions[0] ?? ''))].sort();
  const all = ranked(drawn.answer, 1);
  const kinds = all.slice(0, all.length > KINDS && kind !== 'line' ? KINDS - 1 : KINDS);
  const values = new Map(results.map((row) => [row.dimensions.join('\n'), row.metrics[0] ?? 0]));
  const at = (label: string) => (one: string) => values.get(`${label}\n${one}`) ?? 0;
  const rest = kind === 'line' ? [] : all.slice(kinds.length);
  // The bucket in progress would look like a fall of lines.
  const bars = kind === 'stacked' || kind === 'bar';
  const open = bars ? -1 : openPlace(drawn.answer);
  const looks = bars
    ? { type: 'bar', stack: 'all' }
    : {
        type: 'line',
        showSymbol: labels.length < 2,
        ...(kind === 'area' && { stack: 'all', areaStyle: { opacity: 0.5 } }),
      };
  const part = (name: string, amount: (label: string) => number) => ({
    ...looks,
    name,
    data: labels.map((one, place) => (place === open ? null : amount(one))),
  });
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
    series: [
      ...kinds.map((one) => part(label(second, one), (bucket) => at(bucket)(one))),
      ...(rest.length
        ? [part('All others', (bucket) => rest.map(at(bucket)).reduce((sum, value) => sum + value, 0))]
        : []),
    ],
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
  const columns = answer.meta.time_labels ?? ranked(answer, 0);
  const rows = ranked(answer, 1).slice(0, ROWS).reverse();
  const shown = answer.results.filter((row) => rows.includes(row.dimensions[1] ?? ''));
  const counts = shown.map((row) => row.metrics[0] ?? 0);
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
        data: shown.map((row) => [
          columns.indexOf(row.dimensions[0] ?? ''),
          rows.indexOf(row.dimensions[1] ?? ''),
          row.metrics[0] ?? 0,
        ]),
      },
    ],
  };
}
