import { Button, Modal, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { ask, type Reply, type Understood } from '../api/ask';
import { call, query } from '../api/client';
import type { Query } from '../api/types';
import { useSites } from '../ui/data';
import { Failure } from '../ui/Notice';
import { Result } from './Result';
import { said } from './said';

/** What a query for figures is made of; what else was understood is not for it. */
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

/** Where the reports are asked that a question may mean. A query for figures has a place of its own. */
const REPORTS = ['retention', 'funnel', 'journeys', 'forecast', 'anomalies'] as const;

const isReport = (kind: string): kind is (typeof REPORTS)[number] => REPORTS.some((one) => one === kind);
const canAsk = (kind: string) => kind === 'query' || isReport(kind);

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
        <Answered
          key={JSON.stringify(body)}
          site={site}
          question={question}
          reply={data}
          next={next}
          timezone={timezone}
        />
      )}
    </Modal>
  );
}

interface AnsweredProps {
  site: string;
  question: string;
  reply: Reply;
  /** Asks something else, on its own or going on from what was understood. */
  next: (question: string, goesOn: Understood | undefined) => void;
  /** Of the site, once it is known. */
  timezone: string | undefined;
}

/** What is shown: a sentence, and the query it says with its answer. */
interface Told {
  explanation: string;
  query: Understood | null;
  result: Record<string, unknown> | null;
  unavailable?: string;
}

function Answered({ site, question, reply, next, timezone }: AnsweredProps) {
  const [shown, setShown] = useState<Told>(reply);
  const [taken, setTaken] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const goesOn = shown.query ?? undefined;
  const field = useRef<HTMLInputElement>(null);
  // What was pressed to come here is gone. A finger needs no keyboard before it asks for one.
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus({ preventScroll: true });
  }, []);
  // One of several readings is a query already; the words would be as ambiguous as before.
  const take = async ({ question, query }: Reply['suggestions'][number]) => {
    if (query?.kind !== 'query') return next(question, goesOn);
    try {
      setShown({ explanation: question, query, result: await answer(site, query) });
      setTaken(question);
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const follow = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('next') ?? '').trim();
    if (text) next(text, goesOn);
  };
  return (
    <>
      <p role="status">{said(shown.explanation, shown.query, timezone)}</p>
      {(problem ?? shown.unavailable) && (
        <p role="alert" className="problem">
          {problem ?? shown.unavailable}
        </p>
      )}
      {shown.query && shown.result && (
        <Result site={site} query={shown.query} result={shown.result} chart={reply.chart?.type} />
      )}
      {shown.query && <Editable key={taken} site={site} understood={shown.query} show={setShown} />}
      {reply.suggestions.length > 0 && (
        <ul className="saved" aria-label="Suggestions">
          {reply.suggestions.map((suggestion) => (
            <li key={suggestion.question}>
              <button type="button" className="chip" onClick={() => take(suggestion)}>
                {said(suggestion.question, suggestion.query, timezone)}
              </button>
            </li>
          ))}
        </ul>
      )}
      <form className="tools" onSubmit={follow}>
        {/* What was not understood is put into other words. */}
        <input
          key={String(Boolean(goesOn))}
          name="next"
          aria-label={goesOn ? 'Go on from here' : 'Ask in other words'}
          placeholder="and by country?"
          defaultValue={goesOn ? '' : question}
          className="grow"
          ref={field}
        />
        <Button type="submit" size="xs">
          Ask
        </Button>
      </form>
    </>
  );
}

interface EditableProps {
  site: string;
  understood: Understood;
  show: (next: Told) => void;
}

/** Asks a query or a report, as it was understood or put right. */
async function answer(site: string, { kind, ...understood }: Understood): Promise<Record<string, unknown>> {
  if (isReport(kind)) return call('POST', `/api/v1/${kind}`, { ...understood, site_id: site });
  const asked = Object.fromEntries(
    FIELDS.filter((name) => name in understood).map((name) => [name, understood[name]]),
  );
  const result = await query({ ...(asked as unknown as Query), site_id: site });
  return result as unknown as Record<string, unknown>;
}

/** What an answer says of itself whose query somebody wrote. */
const PUT_RIGHT = 'The answer to the query below, as you wrote it.';

/** The query as it was understood, to be put right by who knows better. */
function Editable({ site, understood, show }: EditableProps) {
  const { kind, ...held } = understood;
  const [text, setText] = useState(() => JSON.stringify(held, null, 2));
  const [problem, setProblem] = useState<string>();
  const again = async () => {
    try {
      const query: Understood = { ...JSON.parse(text), kind };
      show({ explanation: PUT_RIGHT, query, result: await answer(site, query) });
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
        readOnly={!canAsk(kind)}
        onChange={(event) => setText(event.target.value)}
      />
      {canAsk(kind) && (
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
