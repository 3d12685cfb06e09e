import { Skeleton } from '@mantine/core';
import { useCallback, useEffect, useMemo } from 'react';
import type { Colours } from '../charts/Chart';
import { Figure } from '../charts/Figure';
import { BY_TIME } from '../lib/buckets';
import { saveCsv } from '../lib/csv';
import { askedFor } from '../lib/means';
import { calledUnder } from '../lib/metrics';
import { wallClock } from '../lib/range';
import { useHas } from '../session/data';
import type { Column } from '../ui/DataTable';
import { useAnswer } from '../ui/data';
import { Failure } from '../ui/Notice';
import { useSiteView } from './context';
import { useCorrected } from './corrected';
import { type Drawn, drawnOf } from './drawn';
import { useExpected, useUnusual } from './foresight';
import { allLabels, graph, type Marked, type Shown, told } from './graph';
import { Marks } from './Marks';
import { Steps } from './Toolbar';

export function MainGraph() {
  const view = useSiteView();
  const metric = view.search.metric ?? 'visitors';
  const called = calledUnder(view.filters, metric);
  const { step, currency } = view;
  const corrections = useCorrected(view.site, view.timezone);
  const body = { site_id: view.site, metrics: askedFor(metric), filters: view.filters, dimensions: [step] };
  const now = useAnswer(
    { ...body, date_range: view.range, include: { ...BY_TIME, epoch: true } },
    corrections.ask,
  );
  const before = useAnswer(
    view.before && { ...body, date_range: view.before, include: { time_labels: true } },
  );
  useEffect(() => corrections.note(now.data), [corrections, now.data]);
  // The drawing is on its way while the figures are.
  useEffect(() => void import('../charts/echarts'), []);

  const isAll = view.period === 'all';
  const clock = wallClock(view.timezone).slice(0, 16);
  const drawn = useMemo(
    () => drawnOf(metric, now.data, view.before ? before.data : undefined, clock, step, isAll),
    [metric, now.data, before.data, view.before, clock, step, isAll],
  );
  const expected = useExpected(view, metric, now.isPlaceholderData ? undefined : drawn);
  const unusual = useUnusual(view, metric, now.data !== undefined);
  const corrected = corrections.places(now.data);
  // Lists are made anew with every answer; the graph is drawn anew where what they say differs.
  const says = JSON.stringify([[...expected], [...unusual], [...corrected]]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `says` stands for the lists
  const marked = useMemo((): Marked => ({ ...drawn, expected, unusual, corrected }), [drawn, says]);
  const shown = useMemo((): Shown => ({ metric, step, currency }), [metric, step, currency]);
  const option = useCallback((colours: Colours) => graph(marked, shown, colours), [marked, shown]);
  if (now.error) return <Failure error={now.error} retry={now.refetch} />;
  if (!now.data) return <Skeleton className="chart" mb={70} />;

  const rows = allLabels(marked).map((label, place) => told(marked, label, place, shown));
  const columns: Column<(typeof rows)[number]>[] = [
    { name: 'Time', cell: ({ name }) => name },
    { name: called, cell: ({ value }) => value || '–' },
    ...(view.before ? [{ name: 'Before', cell: ({ before }: (typeof rows)[number]) => before }] : []),
    { name: 'Notes', cell: ({ notes }) => notes.join(', ') },
  ];
  return (
    <Figure
      name="graph"
      label={`${called} over time`}
      option={option}
      columns={columns}
      rows={rows}
      id={(_, place) => place}
    >
      <div className="foot">
        <Steps />
        <Foresight />
        <button type="button" className="plain" onClick={() => exportGraph(view.site, metric, drawn)}>
          Export CSV
        </button>
      </div>
      <Marks marked={marked} step={step} />
    </Figure>
  );
}

/** Whether what is expected and what is unusual is shown. */
function Foresight() {
  const view = useSiteView();
  const has = [useHas('forecast'), useHas('anomalies')].some(Boolean);
  if (!has) return null;
  return (
    <button
      type="button"
      className="chip"
      aria-pressed={!view.search.plain}
      onClick={() => view.change({ plain: view.search.plain ? undefined : true })}
    >
      Forecast and anomalies
    </button>
  );
}

function exportGraph(site: string, metric: string, { labels, values, old }: Drawn) {
  const head = ['time', metric, ...(old.length ? [`${metric}_before`] : [])];
  const rows = labels.map((label, index) => [label, values[index], ...(old.length ? [old[index]] : [])]);
  saveCsv(`${site}-${metric}.csv`, head, rows);
}
