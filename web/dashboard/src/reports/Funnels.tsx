import { Button, Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type FunnelQuery, type FunnelResult, type FunnelStep, funnel } from '../api/reports';
import { figure } from '../lib/format';
import { useAnswer } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { type ReportView, useEventNames, useReport } from './context';
import { Head } from './Head';
import { Saved } from './Saved';

const WINDOWS = { '30m': '30 minutes', '1d': 'a day', '7d': '7 days', '30d': '30 days' };
const ORDERS = {
  ordered: 'in this order',
  strict: 'one right after the other',
  any: 'in any order',
} as const;
const MOST = 16;
const PAGES = 100;

/** A step as the address keeps it: the name of an event, or a page by its path. */
type Step = string;

const isPage = (step: Step) => step.startsWith('/');
const asked = (step: Step): FunnelStep =>
  isPage(step) ? { event: 'pageview', filters: [['is', 'event:page', [step]]] } : { event: step };

function read(ask: ReportView['ask']) {
  const steps = Array.isArray(ask.steps)
    ? ask.steps.filter((step): step is Step => typeof step === 'string')
    : [];
  return {
    steps: steps.slice(0, MOST),
    window: Object.keys(WINDOWS).find((name) => name === ask.window) ?? '7d',
    order: (Object.keys(ORDERS) as FunnelQuery['order'][]).find((name) => name === ask.order) ?? 'ordered',
  };
}

/** How many go how far, and how long it takes them. */
export function Funnels() {
  const view = useReport();
  const { steps, window, order } = read(view.ask);
  const names = useEventNames(view);
  const pages = usePages(view);
  const body: FunnelQuery = {
    site_id: view.site,
    date_range: view.range,
    steps: steps.map(asked),
    window,
    order,
  };
  const { data, error, refetch } = useQuery({
    queryKey: ['funnel', body],
    queryFn: ({ signal }) => funnel(body, signal),
    enabled: steps.length > 1,
    placeholderData: keepPreviousData,
  });
  const change = (part: Partial<ReturnType<typeof read>>) => view.change({ ask: { ...view.ask, ...part } });
  const set = (index: number, step: Step | undefined) =>
    change({ steps: step === undefined ? steps.toSpliced(index, 1) : steps.with(index, step) });
  const move = (index: number) =>
    change({ steps: steps.toSpliced(index, 1).toSpliced(index - 1, 0, steps[index] ?? '') });
  return (
    <>
      <Head title="Funnels" />
      <div className="panels first">
        <section className="card" aria-label="Steps">
          <h2>Steps</h2>
          <ol className="steps">
            {steps.map((step, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
              <li key={index}>
                <StepSelect
                  label={`Step ${index + 1}`}
                  value={step}
                  names={names}
                  pages={pages}
                  choose={(next) => set(index, next)}
                />
                <button
                  type="button"
                  className="plain"
                  aria-label={`Move step ${index + 1} up`}
                  disabled={index === 0}
                  onClick={() => move(index)}
                >
                  ↑
                </button>
                <button
                  type="button"
                  className="plain"
                  aria-label={`Remove step ${index + 1}`}
                  onClick={() => set(index, undefined)}
                >
                  ×
                </button>
              </li>
            ))}
          </ol>
          <div className="tools">
            <Button
              size="xs"
              variant="default"
              disabled={steps.length >= MOST}
              onClick={() =>
                change({ steps: [...steps, names.find((name) => !steps.includes(name)) ?? 'pageview'] })
              }
            >
              Add a step
            </Button>
            <select
              aria-label="Within"
              value={window}
              onChange={(event) => change({ window: event.target.value })}
            >
              {Object.entries(WINDOWS).map(([name, label]) => (
                <option key={name} value={name}>{`within ${label}`}</option>
              ))}
            </select>
            <select
              aria-label="Order"
              value={order}
              onChange={(event) => change({ order: event.target.value as FunnelQuery['order'] })}
            >
              {Object.entries(ORDERS).map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </div>
          <Saved
            kind="funnels"
            site={view.site}
            definition={steps.length > 1 ? { steps: body.steps, window, order } : undefined}
            open={(saved) => change(readSaved(saved))}
          />
        </section>
        <section className="card" aria-label="Funnel">
          <h2>Who went how far</h2>
          {steps.length < 2 ? (
            <Nothing title="A funnel has two steps or more">
              Add what visitors do first, then what they do next.
            </Nothing>
          ) : error ? (
            <Failure error={error} retry={refetch} />
          ) : !data ? (
            <Skeleton height={240} aria-label="Loading" />
          ) : (
            <Bars results={data.steps} />
          )}
        </section>
      </div>
    </>
  );
}

function usePages({ site, range }: ReportView): string[] {
  const { data } = useAnswer({
    site_id: site,
    metrics: ['visitors'],
    date_range: range,
    dimensions: ['event:page'],
    pagination: { limit: PAGES, offset: 0 },
  });
  return data?.results.map((row) => row.dimensions[0] ?? '').filter(isPage) ?? [];
}

/** A saved funnel as the address keeps one; a step it cannot say is left out. */
function readSaved({
  steps = [],
  window,
  order,
}: {
  steps?: (string | FunnelStep)[];
  window?: string;
  order?: FunnelQuery['order'];
}) {
  const texts = steps.flatMap((step) => {
    if (typeof step === 'string') return [step];
    const page = step.filters?.find(
      ([operator, dimension]) => operator === 'is' && dimension === 'event:page',
    );
    return page?.[2][0] ?? step.event ?? [];
  });
  return { steps: texts, ...(window && { window }), ...(order && { order }) };
}

interface StepSelectProps {
  label: string;
  value: Step;
  names: string[];
  pages: string[];
  choose: (step: Step) => void;
}

function StepSelect({ label, value, names, pages, choose }: StepSelectProps) {
  const group = (title: string, all: string[], mine: boolean) => (
    <optgroup label={title}>
      {[...new Set(mine ? [value, ...all] : all)].map((name) => (
        <option key={name}>{name}</option>
      ))}
    </optgroup>
  );
  return (
    <select aria-label={label} value={value} onChange={(event) => choose(event.target.value)}>
      {group('Events', names, !isPage(value))}
      {group('Pages', pages, isPage(value))}
    </select>
  );
}

function Bars({ results }: { results: FunnelResult[] }) {
  const first = results[0]?.visitors ?? 0;
  return (
    <table className="funnel">
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Visitors</th>
          <th scope="col">Of the first</th>
          <th scope="col">Median time</th>
        </tr>
      </thead>
      <tbody>
        {results.map(({ name, visitors, median_seconds }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
          <tr key={index}>
            <th scope="row">
              <span className="row">
                <span className="part" style={{ width: `${first ? (100 * visitors) / first : 0}%` }} />
                {name}
              </span>
            </th>
            <td>{figure('visitors', visitors)}</td>
            <td>{first ? figure('percentage', (100 * visitors) / first) : '–'}</td>
            <td>{index === 0 ? '–' : figure('visit_duration', median_seconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
