import { Button, Modal, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask, type Reply, type Understood } from '../api/ask';
import { CHARTS, type ChartKind, type Tile } from '../api/boards';
import { query } from '../api/client';
import { figures, type RawAnswer } from '../api/figures';
import type { AnomalyPoint, ForecastAnswer, Insight } from '../api/foresight';
import type { FunnelResult, FunnelStep } from '../api/reports';
import type { Query } from '../api/types';
import { TileView } from '../boards/TileView';
import { Ahead } from '../foresight/Ahead';
import { Judged } from '../foresight/Judged';
import { useCurrency, useSites } from '../ui/data';
import { Failure } from '../ui/Notice';
import { Rows } from './Rows';

/** What a query for figures is made of. */
const FIELDS = [
  'metrics',
  'date_range',
  'dimensions',
  'filters',
  'order_by',
  'include',
  'compare',
  'pagination',
];

/** Reports that are drawn; the others are told in rows. */
const REPORTS: Record<string, ChartKind> = { funnel: 'funnel', retention: 'retention', journeys: 'sankey' };

interface Props {
  site: string;
  first: string;
  close: () => void;
}

/** A question, what was understood and answered, and what may be asked next. */
export function Conversation({ site, first, close }: Props) {
  const [question, setQuestion] = useState(first);
  const [context, setContext] = useState<Understood>();
  const timezone = useSites().data?.find((one) => one.domain === site)?.timezone;
  const body = { site_id: site, question, ...(timezone && { timezone }), ...(context && { context }) };
  const { data, error, refetch } = useQuery({
    queryKey: ['ask', body],
    queryFn: ({ signal }) => ask(body, signal),
  });
  const next = (text: string, goesOn: Understood | undefined) => {
    setContext(goesOn);
    setQuestion(text);
  };
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title={question}
      closeButtonProps={{ 'aria-label': 'Close' }}
      lockScroll={false}
    >
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={280} role="status" aria-label="Loading" />
      ) : (
        <Answered key={JSON.stringify(body)} site={site} reply={data} next={next} />
      )}
    </Modal>
  );
}

interface AnsweredProps {
  site: string;
  reply: Reply;
  /** Asks something else, on its own or going on from what was understood. */
  next: (question: string, goesOn: Understood | undefined) => void;
}

/** What is shown: a sentence, and the query it says with its answer. */
interface Told {
  explanation: string;
  query: Understood | null;
  result: Record<string, unknown> | null;
}

function Answered({ site, reply, next }: AnsweredProps) {
  const [shown, setShown] = useState<Told>(reply);
  const [problem, setProblem] = useState<string>();
  const goesOn = shown.query ?? undefined;
  // One of several readings is a query already; the words would be as ambiguous as before.
  const take = async ({ question, query }: Reply['suggestions'][number]) => {
    if (query?.kind !== 'query') return next(question, goesOn);
    try {
      setShown({ explanation: question, query, result: await answer(site, query) });
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const follow = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('follow') ?? '').trim();
    if (text) next(text, goesOn);
  };
  return (
    <>
      <p role="status">{shown.explanation}</p>
      {reply.unavailable && <p className="problem">{reply.unavailable}</p>}
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
      {shown.query && shown.result && (
        <Result
          site={site}
          query={shown.query}
          result={shown.result}
          chart={reply.chart?.type ?? usual(shown.query)}
        />
      )}
      {shown.query && (
        <Editable
          key={shown.explanation}
          site={site}
          understood={shown.query}
          show={(next) => setShown({ ...shown, ...next })}
        />
      )}
      {reply.suggestions.length > 0 && (
        <ul className="saved" aria-label="Suggestions">
          {reply.suggestions.map((suggestion) => (
            <li key={suggestion.question}>
              <button type="button" className="chip" onClick={() => take(suggestion)}>
                {suggestion.question}
              </button>
            </li>
          ))}
        </ul>
      )}
      {goesOn && (
        <form className="tools" onSubmit={follow}>
          <input name="follow" aria-label="Go on from here" placeholder="and by country?" className="grow" />
          <Button type="submit" size="xs">
            Ask
          </Button>
        </form>
      )}
    </>
  );
}

interface ResultProps {
  site: string;
  query: Understood;
  result: Record<string, unknown>;
  chart: string;
}

function Result({ site, query: understood, result, chart }: ResultProps) {
  const currency = useCurrency(site);
  const report = REPORTS[understood.kind];
  const of = { metric: String(understood.metric), grain: String(understood.granularity), currency };
  if (understood.kind === 'forecast') return <Ahead answer={result as unknown as ForecastAnswer} {...of} />;
  if (understood.kind === 'anomalies') return <Judged points={result.points as AnomalyPoint[]} {...of} />;
  if (understood.kind === 'insight') return <Change result={result} />;
  if (!report && !Array.isArray(result.results)) return <Rows of={result} />;
  const drawable: ChartKind = chart in CHARTS && chart !== 'text' ? (chart as ChartKind) : 'table';
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
      dimensions: understood.dimensions ?? [],
      date_range: 'all',
      ...(report === 'retention' && { period: understood.period as 'day' }),
    },
  };
  return (
    <div className="answer">
      <TileView
        tile={tile}
        answer={report ? withPages(result, understood) : figures(result as unknown as RawAnswer)}
        error={null}
        retry={() => {}}
        currency={currency}
      />
    </div>
  );
}

/** Where a change shows, and what else changed. */
function Change({ result }: { result: Record<string, unknown> }) {
  const { causes, insights = [] } = result as { causes: Record<string, unknown>[]; insights?: Insight[] };
  const sure = insights.filter(({ significant }) => significant);
  return (
    <>
      <Rows of={{ causes }} />
      {sure.length > 0 && (
        <ul aria-label="What else changed">
          {sure.map(({ sentence }) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
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

interface EditableProps {
  site: string;
  understood: Understood;
  show: (next: { query: Understood; result: Record<string, unknown> }) => void;
}

/** How figures are shown of which nobody said how: one is a number, several are a table. */
const usual = ({ dimensions = [] }: Understood): ChartKind => (dimensions.length ? 'table' : 'number');

/** Asks a query for figures, as it was understood or put right. */
async function answer(site: string, understood: Record<string, unknown>): Promise<Record<string, unknown>> {
  const asked = Object.fromEntries(
    FIELDS.filter((name) => name in understood).map((name) => [name, understood[name]]),
  );
  const result = await query({ ...(asked as unknown as Query), site_id: site });
  return result as unknown as Record<string, unknown>;
}

/** The query as it was understood, to be put right by who knows better. */
function Editable({ site, understood, show }: EditableProps) {
  const { kind, ...held } = understood;
  const [text, setText] = useState(() => JSON.stringify(held, null, 2));
  const [problem, setProblem] = useState<string>();
  const again = async () => {
    try {
      const changed = JSON.parse(text);
      show({ query: { ...changed, kind }, result: await answer(site, changed) });
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <details className="twin">
      <summary>What was understood</summary>
      <textarea
        aria-label="The query"
        rows={8}
        value={text}
        readOnly={kind !== 'query'}
        onChange={(event) => setText(event.target.value)}
      />
      {kind === 'query' && (
        <Button size="xs" variant="default" onClick={again}>
          Ask it like this
        </Button>
      )}
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
    </details>
  );
}
