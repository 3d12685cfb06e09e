import { Button, Modal, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask, type Reply, type Understood } from '../api/ask';
import { query } from '../api/client';
import type { Query } from '../api/types';
import { useSites } from '../ui/data';
import { Failure } from '../ui/Notice';
import { Result } from './Result';

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
      {(problem ?? reply.unavailable) && (
        <p role="alert" className="problem">
          {problem ?? reply.unavailable}
        </p>
      )}
      {shown.query && shown.result && (
        <Result site={site} query={shown.query} result={shown.result} chart={reply.chart?.type} />
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

interface EditableProps {
  site: string;
  understood: Understood;
  show: (next: { query: Understood; result: Record<string, unknown> }) => void;
}

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
