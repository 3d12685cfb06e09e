import { Button, Modal, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask, type Reply, type Understood } from '../api/ask';
import { CHARTS, type ChartKind, type Tile } from '../api/boards';
import { query } from '../api/client';
import { figures, type RawAnswer } from '../api/figures';
import type { AnomalyPoint, ForecastAnswer, Insight } from '../api/foresight';
import type { Query } from '../api/types';
import { TileView } from '../boards/TileView';
import { Ahead } from '../foresight/Ahead';
import { Judged } from '../foresight/Judged';
import { useCurrency, useSites } from '../ui/data';
import { Failure } from '../ui/Notice';
import { Rows } from './Rows';

/** What a query for figures is made of. */
const FIELDS = ['metrics', 'date_range', 'dimensions', 'filters', 'order_by', 'pagination'];

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
  const next = (text: string, goesOn: boolean) => {
    setContext(goesOn ? (data?.query ?? context) : undefined);
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
        <Answered key={question} site={site} reply={data} next={next} />
      )}
    </Modal>
  );
}

interface AnsweredProps {
  site: string;
  reply: Reply;
  next: (question: string, goesOn: boolean) => void;
}

function Answered({ site, reply, next }: AnsweredProps) {
  const [shown, setShown] = useState({ query: reply.query, result: reply.result });
  const follow = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('follow') ?? '').trim();
    if (text) next(text, true);
  };
  return (
    <>
      <p role="status">{reply.explanation}</p>
      {reply.unavailable && <p className="problem">{reply.unavailable}</p>}
      {shown.query && shown.result && (
        <Result site={site} query={shown.query} result={shown.result} chart={reply.chart?.type ?? 'table'} />
      )}
      {shown.query && <Editable site={site} understood={shown.query} show={setShown} />}
      {reply.suggestions.length > 0 && (
        <ul className="saved" aria-label="Suggestions">
          {reply.suggestions.map(({ question }) => (
            <li key={question}>
              <button type="button" className="chip" onClick={() => next(question, false)}>
                {question}
              </button>
            </li>
          ))}
        </ul>
      )}
      {reply.status === 'answered' && (
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
    <div className={`answer ${kind}`}>
      <TileView
        tile={tile}
        answer={report ? result : figures(result as unknown as RawAnswer)}
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

interface EditableProps {
  site: string;
  understood: Understood;
  show: (next: { query: Understood; result: Record<string, unknown> }) => void;
}

/** The query as it was understood, to be put right by who knows better. */
function Editable({ site, understood, show }: EditableProps) {
  const { kind, ...held } = understood;
  const [text, setText] = useState(() => JSON.stringify(held, null, 2));
  const [problem, setProblem] = useState<string>();
  const again = async () => {
    try {
      const changed = JSON.parse(text);
      const asked = Object.fromEntries(
        FIELDS.filter((name) => name in changed).map((name) => [name, changed[name]]),
      );
      const result = await query({ ...(asked as unknown as Query), site_id: site });
      show({ query: { ...changed, kind }, result: result as unknown as Record<string, unknown> });
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
