import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type AnomalyPoint, anomalies } from '../api/foresight';
import { bucket, counted, figure } from '../lib/format';
import { Head } from '../reports/Head';
import { alertness, KINDS, sliceName } from '../site/foresight';
import { DIMENSIONS } from '../site/names';
import { useCurrency } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { CourseFields, useCourse } from './Asked';
import { Judged, type Shown } from './Judged';

const SENSITIVITIES = {
  low: 'only what is far out',
  medium: 'what is unusual',
  high: 'what is a little odd',
} as const;
type Sensitivity = keyof typeof SENSITIVITIES;

/** When a metric was unlike what it was before, and what explains it. */
export function Anomalies() {
  const course = useCourse();
  const currency = useCurrency(course.site);
  const sensitivity =
    (Object.keys(SENSITIVITIES) as Sensitivity[]).find((name) => name === course.ask.sensitivity) ??
    alertness(course.granularity);
  const body = {
    site_id: course.site,
    date_range: course.range,
    filters: course.filters,
    metric: course.metric,
    granularity: course.granularity,
    sensitivity,
  };
  const { data, error, refetch } = useQuery({
    queryKey: ['anomalies', body],
    queryFn: ({ signal }) => anomalies(body, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const odd = data?.points.filter(({ anomaly }) => anomaly).toReversed() ?? [];
  const shown = { metric: course.metric, grain: course.granularity, currency };
  return (
    <>
      <Head title="Anomalies" dimensions={DIMENSIONS} />
      <section className="card" aria-label="Course">
        <div className="tools">
          <CourseFields course={course} />
          <select
            aria-label="Sensitivity"
            value={sensitivity}
            onChange={(event) => course.choose({ sensitivity: event.target.value })}
          >
            {Object.entries(SENSITIVITIES).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </div>
        {error ? (
          <Failure error={error} retry={refetch} />
        ) : !data ? (
          <Skeleton height={380} role="status" aria-label="Loading" />
        ) : data.points.length === 0 ? (
          <Nothing title="Nothing to judge in this time">
            Choose a longer time or shorter steps: what is unusual shows beside what is usual.
          </Nothing>
        ) : (
          <Judged points={data.points} {...shown} />
        )}
      </section>
      {data && data.points.length > 0 && (
        <section className="card below" aria-label="Found">
          <h2>What was found</h2>
          {odd.length === 0 ? (
            <Nothing title="Nothing unusual in this time">
              {sensitivity === 'high'
                ? 'Not even a little odd. Choose a longer time, or another metric.'
                : 'Choose a longer time, or look for what is a little odd.'}
            </Nothing>
          ) : (
            <ul className="rules">
              {odd.map((point) => (
                <Found key={point.time} point={point} {...shown} />
              ))}
            </ul>
          )}
        </section>
      )}
    </>
  );
}

function Found({ point, metric, grain, currency }: Shown & { point: AnomalyPoint }) {
  const write = (value: number) => figure(metric, counted(metric, value), false, currency);
  const slices = (point.explained_by ?? []).filter(({ slice }) => Object.keys(slice).length > 0);
  const kind = point.kind ?? (point.value < point.expected ? 'drop' : 'spike');
  return (
    <li>
      <span className="badge bad">{kind.replaceAll('_', ' ')}</span>
      <span>
        <strong>{bucket(point.time, `time:${grain}`)}</strong>: {write(point.value)}, {KINDS[kind] ?? kind}{' '}
        <span className="soft">
          (expected {write(point.expected)}, between {write(Math.max(0, point.lower))} and{' '}
          {write(point.upper)})
        </span>
        {slices.length > 0 && (
          <>
            <br />
            <span className="soft">
              Comes from{' '}
              {slices
                .slice(0, 3)
                .map(({ slice, share }) => `${sliceName(slice)} (${figure('percentage', 100 * share)})`)
                .join(', ')}
            </span>
          </>
        )}
      </span>
      <span className="push badge">score {point.score.toFixed(2)}</span>
    </li>
  );
}
