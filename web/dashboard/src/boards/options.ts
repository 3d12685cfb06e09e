import type { ChartKind } from '../api/boards';
import type { QueryAnswer } from '../api/types';
import { axes, plain } from '../charts/base';
import type { Colours } from '../charts/Chart';
import { oldValuesOf, valuesOf } from '../lib/buckets';
import { isWhole } from '../lib/format';
import { hasLone } from '../lib/means';
import { drawnAs } from './addable';
import { type Drawn, label, labelsOf, openOf, written } from './drawn';
import { below } from './legend';
import { pie } from './pie';

/** Kinds that one chart tells apart. */
const KINDS = 8;
/** Values of a dimension that have a bar: as a ring of rates, a tile may have asked for more. */
const BARS = 60;
/** Rows of a heat map that can be told apart. */
const ROWS = 12;

/** What ECharts is told to draw; tables, numbers and maps are no charts of its. */
export function option(chart: ChartKind, drawn: Drawn, colours: Colours, width: number) {
  const kind = drawnAs(chart, drawn.addable, drawn.dimensions.length > 1);
  if (kind === 'pie') return pie(drawn, colours, width);
  if (kind === 'heatmap') return heat(drawn, colours);
  // Of one bucket there are no lines, only dots.
  const isLone = labelsOf(drawn).length === 1 && kind !== 'stacked';
  if (drawn.dimensions.length > 1) return several(isLone ? 'bar' : kind, drawn, colours, width);
  return lines(kind, drawn, colours);
}

function lines(kind: ChartKind, drawn: Drawn, colours: Colours) {
  const [dimension = ''] = drawn.dimensions;
  const timed = drawn.answer.meta.time_labels;
  const rows = drawn.answer.results.slice(0, BARS);
  const labels = timed ?? rows.map((row) => row.dimensions[0] ?? '');
  const now = openOf(drawn, labels);
  const values = (timed ? valuesOf(drawn.answer, drawn.metric) : rows.map((row) => row.metrics[0] ?? 0)).map(
    (value, place) => (now >= 0 && place > now ? null : value),
  );
  const old = oldValuesOf(drawn.answer);
  // The bucket in progress would look like a fall of a line.
  const open = kind === 'bar' ? -1 : now;
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
        times: timed,
        names: !timed,
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
        return `${label(dimension, labels[place] ?? '')}\n${written(drawn)(values[place] ?? null)}${before}${place === now ? '\nin progress' : ''}`;
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

/**
 * A line, an area or a part of bars for each of the largest kinds. What is stacked ends with all others; where figures
 * may not be added nothing is stacked, and where nothing was measured there is none.
 */
function several(kind: ChartKind, drawn: Drawn, colours: Colours, width: number) {
  const [first = '', second = ''] = drawn.dimensions;
  const { results, meta } = drawn.answer;
  const labels = meta.time_labels ?? [...new Set(results.map((row) => row.dimensions[0] ?? ''))].sort();
  const all = ranked(drawn.answer, 1);
  const stack = drawn.addable && kind !== 'line';
  const kinds = all.slice(0, all.length > KINDS && stack ? KINDS - 1 : KINDS);
  const none = drawn.addable ? 0 : null;
  const values = new Map(results.map((row) => [row.dimensions.join('\n'), row.metrics[0] ?? none]));
  const at = (label: string) => (one: string) => values.get(`${label}\n${one}`) ?? none;
  const rest = stack ? all.slice(kinds.length) : [];
  // The bucket in progress would look like a fall of lines.
  const bars = kind === 'stacked' || kind === 'bar';
  const open = bars ? -1 : openOf(drawn, labels);
  const looks = {
    ...(stack && { stack: 'all' }),
    type: bars ? 'bar' : 'line',
    ...(kind === 'area' && { areaStyle: { opacity: 0.5 } }),
  };
  const part = (name: string, amount: (label: string) => number | null) => {
    const data = labels.map((one, place) => (open >= 0 && place >= open ? null : amount(one)));
    return { ...looks, ...(!bars && { showSymbol: hasLone(data) }), name, data };
  };
  const series = [
    ...kinds.map((one) => part(label(second, one), (bucket) => at(bucket)(one))),
    ...(rest.length
      ? [
          part('All others', (bucket) =>
            rest.map(at(bucket)).reduce<number>((sum, value) => sum + (value ?? 0), 0),
          ),
        ]
      : []),
  ];
  const names = below(
    series.map(({ name }) => name),
    width,
    colours,
  );
  return {
    ...plain(colours),
    ...axes(
      {
        labels: labels.map((one) => label(first, one)),
        times: meta.time_labels,
        names: !meta.time_labels,
        write: written(drawn, true),
        whole: isWhole(drawn.metric),
      },
      colours,
    ),
    legend: names.legend,
    grid: { left: 8, right: 12, top: 12, bottom: names.height, containLabel: true },
    tooltip: { ...plain(colours).tooltip, trigger: 'axis', valueFormatter: written(drawn) },
    series,
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
