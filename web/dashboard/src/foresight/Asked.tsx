import type { Granularity } from '../api/foresight';
import { metricName } from '../lib/format';
import { useReport } from '../reports/context';
import { useSession } from '../session/data';

export const GRAINS: Record<Exclude<Granularity, 'minute'>, string> = {
  hour: 'by hours',
  day: 'by days',
  week: 'by weeks',
  month: 'by months',
};
export type Grain = keyof typeof GRAINS;

/** Metrics that go up and down with time, as far as the server answers them. */
const COUNTED = [
  'visitors',
  'visits',
  'pageviews',
  'events',
  'views_per_visit',
  'bounce_rate',
  'visit_duration',
  'total_revenue',
];

/** What the address says is looked at. */
export function useCourse() {
  const view = useReport();
  const answered = useSession().data?.metrics ?? [];
  const metrics = COUNTED.filter((name) => answered.includes(name));
  const { metric, granularity } = view.ask;
  const chosen = {
    metric: metrics.find((name) => name === metric) ?? 'visitors',
    granularity: (Object.keys(GRAINS) as Grain[]).find((name) => name === granularity) ?? 'day',
  };
  return {
    ...view,
    ...chosen,
    metrics,
    choose: (part: Record<string, unknown>) => view.change({ ask: { ...view.ask, ...part } }),
  };
}

/** Which metric, and in which steps. */
export function CourseFields({ course }: { course: ReturnType<typeof useCourse> }) {
  return (
    <>
      <select
        aria-label="Metric"
        value={course.metric}
        onChange={(event) => course.choose({ metric: event.target.value })}
      >
        {course.metrics.map((name) => (
          <option key={name} value={name}>
            {metricName(name)}
          </option>
        ))}
      </select>
      <select
        aria-label="Steps"
        value={course.granularity}
        onChange={(event) => course.choose({ granularity: event.target.value })}
      >
        {Object.entries(GRAINS).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </>
  );
}
