import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useCallback } from 'react';
import { query } from '../api/client';
import type { Condition, DateRange, QueryAnswer } from '../api/types';
import { axes, plain } from '../charts/base';
import type { Colours } from '../charts/Chart';
import { Figure } from '../charts/Figure';
import { BY_TIME, openPlace, valuesOf } from '../lib/buckets';
import { bucket, figure } from '../lib/format';
import { measured } from '../lib/means';
import { type Column, DataTable } from '../ui/DataTable';
import { Failure } from '../ui/Notice';
import { isOfPages } from './data';

const METRICS = ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration'];
const NAMES = ['Visitors', 'Visits', 'Pageviews', 'Per visit', 'Bounces', 'Duration'];
const STEP = 'time:day';

/** Something that can be set beside others: everybody, or those whom filters leave. */
export interface Side {
  name: string;
  filters: Condition[];
}

interface Props {
  site: string;
  range: DateRange;
  sides: Side[];
}

/** Groups beside each other: their figures, and how they went. */
export function Compared({ site, range, sides }: Props) {
  const ask = (filters: Condition[], by: string[]) => ({
    site_id: site,
    metrics: by.length ? ['visitors'] : METRICS,
    date_range: range,
    filters,
    dimensions: by,
    ...(by.length && { include: BY_TIME }),
  });
  const asked = (by: string[]) =>
    sides.map(({ filters }) => ({
      queryKey: ['query', ask(filters, by)],
      queryFn: ({ signal }: { signal: AbortSignal }) => query(ask(filters, by), signal),
      placeholderData: keepPreviousData,
    }));
  const totals = useQueries({ queries: asked([]) });
  const lines = useQueries({ queries: asked([STEP]) });
  const problem = [...totals, ...lines].find(({ error }) => error);
  if (problem?.error) return <Failure error={problem.error} retry={problem.refetch} />;
  const answers = totals.flatMap(({ data }) => (data ? [data] : []));
  const courses = lines.flatMap(({ data }) => (data ? [data] : []));
  if (answers.length < sides.length || courses.length < sides.length)
    return <Skeleton height={380} role="status" aria-label="Loading" />;
  const rows = sides.map((side, place) => ({
    side,
    metrics: measured(METRICS, answers[place]?.results[0]?.metrics ?? []),
    fits: (metric: string) => metric !== 'views_per_visit' || !isOfPages(side.filters),
  }));
  const columns: Column<(typeof rows)[number]>[] = [
    { name: 'Group', cell: ({ side }) => side.name },
    ...METRICS.map((metric, place) => ({
      name: NAMES[place],
      cell: ({ metrics, fits }: (typeof rows)[number]) =>
        fits(metric) ? figure(metric, metrics[place]) : '–',
    })),
  ];
  return (
    <>
      <Lines sides={sides} courses={courses} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="scroll below" aria-label="Comparison" tabIndex={0}>
        <DataTable columns={columns} rows={rows} id={({ side }) => side.name} flow />
      </section>
    </>
  );
}

function Lines({ sides, courses }: { sides: Side[]; courses: QueryAnswer[] }) {
  const labels = courses[0]?.meta.time_labels ?? [];
  const values = courses.map((course) => valuesOf(course, 'visitors'));
  const open = courses[0] ? openPlace(courses[0], STEP) : -1;
  const says = JSON.stringify([labels, values, sides.map(({ name }) => name)]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `says` stands for what is drawn
  const option = useCallback((colours: Colours) => lines(sides, labels, values, open, colours), [says]);
  const columns: Column<number>[] = [
    { name: 'Day', cell: (place) => bucket(labels[place] ?? '', STEP) },
    ...sides.map(({ name }, side) => ({
      name,
      cell: (place: number) => figure('visitors', values[side]?.[place]),
    })),
  ];
  return (
    <Figure
      name="comparison"
      label="Visitors of each group by day"
      option={option}
      columns={columns}
      rows={[...labels.keys()]}
      id={(place) => place}
    />
  );
}

function lines(sides: Side[], labels: string[], values: (number | null)[][], open: number, colours: Colours) {
  const base = plain(colours);
  return {
    ...base,
    ...axes(
      { labels: labels.map((label) => bucket(label, STEP)), times: labels, edge: true, whole: true },
      colours,
    ),
    grid: { left: 8, right: 12, top: 12, bottom: 32, containLabel: true },
    legend: { bottom: 0, icon: 'circle', itemGap: 18, textStyle: { color: colours.soft }, type: 'scroll' },
    tooltip: { ...base.tooltip, trigger: 'axis' },
    series: sides.map(({ name }, side) => ({
      name,
      type: 'line',
      showSymbol: labels.length < 2,
      smooth: 0.15,
      lineStyle: { width: 2.5 },
      // The day in progress would look like a fall.
      data: values[side]?.map((value, place) => (place === open ? null : value)),
    })),
  };
}
