import type { Understood } from '../api/ask';
import { CHARTS, type ChartKind, type Tile } from '../api/boards';
import type { AnomalyPoint, ForecastAnswer, Insight } from '../api/foresight';
import type { FunnelResult, FunnelStep } from '../api/reports';
import { withRegionsNamed } from '../boards/regions';
import { TileView } from '../boards/TileView';
import { Ahead } from '../foresight/Ahead';
import { aboutOf } from '../foresight/Insights';
import { Judged } from '../foresight/Judged';
import { figure } from '../lib/format';
import { named, rowName } from '../site/names';
import { Change } from '../ui/Change';
import { type Column, DataTable } from '../ui/DataTable';
import { useCurrency } from '../ui/data';
import { Rows } from './Rows';
import { Several } from './Several';
import { useRegionsNamed } from './useRegionsNamed';

/** Reports that are drawn; the others are told in rows. */
const REPORTS: Record<string, ChartKind> = { funnel: 'funnel', retention: 'retention', journeys: 'sankey' };

/** How figures are shown of which nobody said how: one is a number, those of times are a line, others a table. */
function usual({ dimensions = [] }: Understood): ChartKind {
  const [first, ...others] = dimensions;
  if (!first) return 'number';
  return first.startsWith('time:') && others.length === 0 ? 'line' : 'table';
}

/** Of a question that needs not be asked any more. */
const ANSWERED = { line: undefined, error: null, refetch: () => {} };

interface ResultProps {
  site: string;
  query: Understood;
  result: Record<string, unknown>;
  /** How the server would show it, where it says so. */
  chart: string | undefined;
}

/** What a question was answered, as a chart with its table, a report, or rows. */
export function Result({ site, query: understood, result, chart }: ResultProps) {
  const currency = useCurrency(site);
  const drawn = useRegionsNamed(site, result, understood.dimensions);
  const report = REPORTS[understood.kind];
  const of = { metric: String(understood.metric), grain: String(understood.granularity), currency };
  if (understood.kind === 'forecast') return <Ahead answer={result as unknown as ForecastAnswer} {...of} />;
  if (understood.kind === 'anomalies') return <Judged points={result.points as AnomalyPoint[]} {...of} />;
  if (understood.kind === 'insight')
    return <Changed result={result} metric={of.metric} currency={currency} />;
  if (!report && !drawn) return <Rows of={result} />;
  const drawable: ChartKind =
    chart && chart in CHARTS && chart !== 'text' ? (chart as ChartKind) : usual(understood);
  const kind = report ?? drawable;
  const tile: Tile = {
    title: '',
    chart: kind,
    x: 0,
    y: 0,
    w: 12,
    h: 5,
    query: {
      metrics: understood.metrics ?? [],
      dimensions: drawn?.dimensions ?? [],
      date_range: 'all',
      ...(report === 'retention' && { period: understood.period as 'day' }),
    },
  };
  const metrics = understood.metrics ?? [];
  const several = drawn && metrics.length > 1 && (
    <Several of={withRegionsNamed(drawn.answer, drawn.dimensions)} metrics={metrics} currency={currency} />
  );
  if (several && (kind === 'number' || kind === 'table')) return several;
  return (
    <>
      <div className="answer">
        <TileView
          tile={tile}
          asked={{ ...ANSWERED, data: report ? withPages(result, understood) : drawn?.answer }}
          currency={currency}
        />
      </div>
      {several}
    </>
  );
}

/** Steps of a funnel that are views of a page are called by it. */
function withPages(result: Record<string, unknown>, { steps }: Understood): unknown {
  if (!Array.isArray(steps) || !Array.isArray(result.steps)) return result;
  const names = (steps as FunnelStep[]).map(
    ({ page, filters }) =>
      page ?? filters?.find(([, dimension]) => dimension === 'event:page')?.[2].join(' or '),
  );
  return {
    ...result,
    steps: (result.steps as FunnelResult[]).map((step, at) => ({ ...step, name: names[at] ?? step.name })),
  };
}

interface Cause {
  dimension: string;
  value: string;
  before: number;
  after: number;
}

interface ChangeProps {
  result: { causes?: Cause[]; insights?: Insight[] };
  metric: string;
  currency: string;
}

/** Where a change shows, and what else is sure to have changed. */
function Changed({ result: { causes = [], insights = [] }, metric, currency }: ChangeProps) {
  const sure = insights.filter(({ significant }) => significant);
  const columns: Column<Cause>[] = [
    { name: 'Where', cell: ({ dimension, value }) => `${named(dimension)}: ${rowName(dimension, value)}` },
    { name: 'Before', cell: ({ before }) => figure(metric, before, false, currency) },
    { name: 'After', cell: ({ after }) => figure(metric, after, false, currency) },
    { name: 'Change', cell: ({ before, after }) => <Change metric={metric} value={after} old={before} /> },
  ];
  return (
    <>
      {causes.length > 0 && (
        <DataTable
          columns={columns}
          rows={causes}
          id={({ dimension, value }) => `${dimension} ${value}`}
          flow
        />
      )}
      {sure.length > 0 && (
        <ul aria-label="What else changed">
          {sure.map((one) => (
            <li key={one.sentence}>
              {aboutOf(one)} <Change metric={one.metric} value={one.after} old={one.before} />{' '}
              <span className="soft">
                {figure(one.metric, one.before, false, currency)} →{' '}
                {figure(one.metric, one.after, false, currency)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
