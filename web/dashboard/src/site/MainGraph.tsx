import { Skeleton } from '@mantine/core';
import { useCallback, useMemo } from 'react';
import type { QueryAnswer } from '../api/types';
import { Chart, type Colours } from '../charts/Chart';
import { saveCsv } from '../lib/csv';
import { bucket, figure, METRICS } from '../lib/format';
import { addDays, type Interval, wallClock } from '../lib/range';
import { useAnswer } from '../ui/data';
import { Failure } from '../ui/Notice';
import { useSiteView } from './context';
import { Steps } from './Toolbar';

/** One figure per bucket: a bucket without a row is nought, one that has not begun is a gap. */
function figures(answer: QueryAnswer | undefined, clock?: string): (number | null)[] {
  const rows = new Map(answer?.results.map((row) => [row.dimensions[0], row.metrics[0] ?? 0]));
  return (answer?.meta.time_labels ?? []).map((label) =>
    clock && label > clock ? null : (rows.get(label) ?? 0),
  );
}

/** How much of a label tells its bucket from others. */
const DIGITS = { 'time:minute': 16, 'time:hour': 13, 'time:day': 10, 'time:month': 7 } as const;

const weekBefore = (clock: string) => addDays(clock.slice(0, 10), -7);

/** Whether the last bucket that has begun is still open. */
function isOpen(label: string | undefined, clock: string, step: Interval): boolean {
  if (!label) return false;
  if (step === 'time:week') return label > weekBefore(clock);
  const digits = DIGITS[step];
  return label.slice(0, digits) === clock.slice(0, digits);
}

export function MainGraph() {
  const view = useSiteView();
  const metric = view.search.metric ?? 'visitors';
  const { step } = view;
  const body = {
    site_id: view.site,
    metrics: [metric],
    filters: view.filters,
    dimensions: [step],
    include: { time_labels: true },
  };
  const now = useAnswer({ ...body, date_range: view.range });
  const before = useAnswer(view.before && { ...body, date_range: view.before });
  const clock = wallClock(view.timezone).slice(0, 16);
  const drawn = useMemo(() => {
    const labels = now.data?.meta.time_labels ?? [];
    const values = figures(now.data, clock);
    const last = values.findLastIndex((value) => value !== null);
    const old = view.before ? figures(before.data) : [];
    return { labels, values, old, open: isOpen(labels[last], clock, step) ? last : -1 };
  }, [now.data, before.data, view.before, clock, step]);
  const option = useCallback(
    (colours: Colours) => graph(drawn, metric, step, view.currency, colours),
    [drawn, metric, step, view.currency],
  );
  if (now.error) return <Failure error={now.error} retry={now.refetch} />;
  if (!now.data) return <Skeleton className="chart" />;
  return (
    <>
      <Chart
        label={`${METRICS[metric]} over time; the same figures are in the table below`}
        option={option}
      />
      <div className="foot">
        <Steps />
        <button type="button" className="plain" onClick={() => exportGraph(view.site, metric, drawn)}>
          Export CSV
        </button>
      </div>
      <details className="twin">
        <summary>The graph as a table</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section aria-label="Figures of the graph" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">{METRICS[metric]}</th>
                {view.before && <th scope="col">Before</th>}
              </tr>
            </thead>
            <tbody>
              {drawn.labels.map((label, index) => (
                <tr key={label}>
                  <th scope="row">
                    {bucket(label, step)}
                    {index === drawn.open && ' (in progress)'}
                  </th>
                  <td>{figure(metric, drawn.values[index], false, view.currency)}</td>
                  {view.before && <td>{figure(metric, drawn.old[index], false, view.currency)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </>
  );
}

function exportGraph(site: string, metric: string, { labels, values, old }: Drawn) {
  const head = ['time', metric, ...(old.length ? [`${metric}_before`] : [])];
  const rows = labels.map((label, index) => [label, values[index], ...(old.length ? [old[index]] : [])]);
  saveCsv(`${site}-${metric}.csv`, head, rows);
}

interface Drawn {
  labels: string[];
  values: (number | null)[];
  old: (number | null)[];
  open: number;
}

function graph(
  { labels, values, old, open }: Drawn,
  metric: string,
  step: Interval,
  currency: string,
  colours: Colours,
) {
  const line = { type: 'line', showSymbol: labels.length < 2, smooth: 0.15, color: colours.accent };
  const closed = values.map((value, index) => (open >= 0 && index >= open ? null : value));
  const dotted = values.map((value, index) => (open >= 0 && index >= open - 1 ? value : null));
  return {
    animation: false,
    grid: { left: 8, right: 12, top: 12, bottom: 4, containLabel: true },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      backgroundColor: colours.card,
      borderColor: colours.line,
      textStyle: { color: colours.ink },
      formatter: ([point]: { dataIndex: number }[]) => {
        const index = point?.dataIndex ?? 0;
        const text = [bucket(labels[index] ?? '', step), figure(metric, values[index], false, currency)];
        if (index === open) text.push('in progress');
        if (old.length) text.push(`before: ${figure(metric, old[index], false, currency)}`);
        return text.join('\n');
      },
    },
    xAxis: {
      type: 'category',
      boundaryGap: false,
      data: labels.map((label) => bucket(label, step)),
      axisLabel: { color: colours.soft, hideOverlap: true, alignMinLabel: 'left', alignMaxLabel: 'right' },
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      splitNumber: 4,
      axisLabel: { color: colours.soft, formatter: (value: number) => figure(metric, value, true, currency) },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: [
      { ...line, data: old, lineStyle: { color: colours.soft, width: 1.5, opacity: 0.55 }, z: 1 },
      {
        ...line,
        data: closed,
        lineStyle: { width: 2.5 },
        areaStyle: { color: colours.accent, opacity: 0.12 },
      },
      { ...line, data: dotted, lineStyle: { width: 2.5, type: 'dotted' } },
    ],
  };
}
