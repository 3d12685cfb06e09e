import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ApiError } from '../api/client';
import { type ForecastAnswer, forecast } from '../api/foresight';
import { counted, figure } from '../lib/format';
import { addDays } from '../lib/range';
import { Head } from '../reports/Head';
import { DIMENSIONS, named, rowName } from '../site/names';
import { type Column, DataTable } from '../ui/DataTable';
import { useCurrency } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { Ahead, LEVELS } from './Ahead';
import { CourseFields, useCourse } from './Asked';

const HORIZONS = { hour: [24, 48, 168], day: [7, 14, 28, 90], week: [4, 8, 12], month: [3, 6, 12] };
const GROUPS = 12;

/** What a metric will be, whole and by groups. */
export function Forecasts() {
  const course = useCourse();
  const currency = useCurrency(course.site);
  const horizons = HORIZONS[course.granularity];
  const horizon = horizons.find((one) => one === course.ask.horizon) ?? horizons[1] ?? 7;
  const by = Object.keys(DIMENSIONS).find((name) => name === course.ask.by) ?? '';
  const from = course.period === '24h' ? addDays(course.now, -1) : course.pair?.[0];
  const body = {
    site_id: course.site,
    // Without a range it is learned from as much of the past as is of use, as on the overview.
    filters: course.filters,
    metric: course.metric,
    granularity: course.granularity,
    horizon,
    levels: LEVELS,
    ...(by && { dimensions: [by], limit: GROUPS }),
  };
  const { data, error, refetch } = useQuery({
    queryKey: ['forecast', body],
    queryFn: ({ signal }) => forecast(body, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <>
      <Head title="Forecasts" dimensions={DIMENSIONS} />
      <section className="card" aria-label="Forecast">
        <div className="tools">
          <CourseFields course={course} />
          <select
            aria-label="How far"
            value={horizon}
            onChange={(event) => course.choose({ horizon: Number(event.target.value) })}
          >
            {horizons.map((one) => (
              <option key={one} value={one}>{`${one} ${course.granularity}s ahead`}</option>
            ))}
          </select>
          <select
            aria-label="Divide by"
            value={by}
            onChange={(event) => course.choose({ by: event.target.value })}
          >
            <option value="">The whole site</option>
            {Object.entries(DIMENSIONS).map(([name, label]) => (
              <option key={name} value={name}>{`by ${label.toLowerCase()}`}</option>
            ))}
          </select>
        </div>
        {error instanceof ApiError && error.code === 'too_short' ? (
          <Nothing title="Too little to go by">
            A forecast is made of several whole {course.granularity}s with figures. Choose shorter steps, or
            come back later.
          </Nothing>
        ) : error ? (
          <Failure error={error} retry={refetch} />
        ) : !data ? (
          <Skeleton height={380} role="status" aria-label="Loading" />
        ) : (
          <>
            <p className="soft">
              The chosen time says from when on the past is drawn. What is expected is learned from all of it
              and comes after now.
            </p>
            <Ahead
              answer={data}
              from={from}
              metric={course.metric}
              grain={course.granularity}
              currency={currency}
            />
          </>
        )}
      </section>
      {by && data?.breakdown && data.breakdown.length > 0 && (
        <section className="card below" aria-label="Groups">
          <h2>
            The next {horizon} {course.granularity}s by {named(by).toLowerCase()}
          </h2>
          <Groups answer={data} by={by} metric={course.metric} currency={currency} />
        </section>
      )}
    </>
  );
}

interface GroupsProps {
  answer: ForecastAnswer;
  by: string;
  metric: string;
  currency: string;
}

type Group = NonNullable<ForecastAnswer['breakdown']>[number];

function Groups({ answer, by, metric, currency }: GroupsProps) {
  const sum = (values: number[]) => values.reduce((all, one) => all + one, 0);
  const write = (value: number) => figure(metric, counted(metric, value), false, currency);
  const recent = ({ history, forecast }: Group) =>
    sum(history.slice(-forecast.length).map(({ value }) => value ?? 0));
  const columns: Column<Group>[] = [
    { name: named(by), cell: ({ dimensions: [value = ''] }) => rowName(by, value) },
    { name: 'As long before', cell: (group) => write(recent(group)) },
    { name: 'Expected', cell: ({ forecast }) => write(sum(forecast.map(({ mean }) => mean))) },
    {
      name: 'Change',
      cell: (group) => {
        const [before, after] = [recent(group), sum(group.forecast.map(({ mean }) => mean))];
        return before ? figure('percentage', (100 * (after - before)) / before) : '–';
      },
    },
  ];
  return (
    <DataTable
      columns={columns}
      rows={(answer.breakdown ?? []).filter(({ forecast }) => forecast.length > 0)}
      id={({ dimensions }) => dimensions.join('\n')}
    />
  );
}
