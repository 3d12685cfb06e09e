import { Button, Modal, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { ask, type Reply, type Understood } from '../api/ask';
import { useSites } from '../ui/data';
import { Failure } from '../ui/Notice';
import { useReturn } from '../ui/useReturn';
import { answer, canAsk } from './answer';
import { Result } from './Result';
import { said } from './said';

interface Props {
  site: string;
  first: string;
  close: () => void;
}

/** A question, what was understood and answered, and what may be asked next. */
export function Conversation({ site, first, close }: Props) {
  useReturn();
  const [question, setQuestion] = useState(first);
  const [context, setContext] = useState<Understood>();
  const timezone = useSites().data?.find((one) => one.domain === site)?.timezone;
  const body = { site_id: site, question, ...(timezone && { timezone }), ...(context && { context }) };
  const { data, error, refetch } = useQuery({
    queryKey: ['ask', body],
    queryFn: ({ signal }) => ask(body, signal),
  });
  const next = (text: string, goesOn: Understood | null) => {
    // What was not understood is no context: what was understood before it stays.
    if (goesOn) setContext(goesOn);
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
  next: (question: string, goesOn: Understood | null) => void;
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

/** Whether what is drawn of one query is drawn of the other in the same way. */
const isLike = (one: Understood, other: Understood | null): boolean =>
  JSON.stringify([one.kind, one.metrics, one.dimensions ?? []]) ===
  JSON.stringify([other?.kind, other?.metrics, other?.dimensions ?? []]);

function Answered({ site, question, reply, next, timezone }: AnsweredProps) {
  const [shown, setShown] = useState<Told>(reply);
  const [taken, setTaken] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const goesOn = shown.query;
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
        <Result
          site={site}
          query={shown.query}
          result={shown.result}
          chart={isLike(shown.query, reply.query) ? reply.chart?.type : undefined}
        />
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
