import { lazy, Suspense, useEffect, useId, useRef, useState } from 'react';
import { isElsewhere } from '../site/shortcuts';
import { EXAMPLES } from './examples';

const Conversation = lazy(() =>
  import('./Conversation').then((module) => ({ default: module.Conversation })),
);

/** Takes questions in words on every page of a site; `/` leads to it. */
export function AskBox({ site }: { site: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [asked, setAsked] = useState<string>();
  const examples = useId();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== '/' || isElsewhere(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      field.current?.focus();
    };
    addEventListener('keydown', press, true);
    return () => removeEventListener('keydown', press, true);
  }, []);
  return (
    <search className="ask">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) setAsked(text.trim());
        }}
      >
        <input
          ref={field}
          type="search"
          aria-label="Ask a question"
          placeholder="Ask: visitors from Germany last week"
          autoComplete="off"
          list={examples}
          value={text}
          onChange={(event) => setText(event.target.value)}
          // Let go, it leaves keys to the page again.
          onKeyDown={(event) => event.key === 'Escape' && !text && event.currentTarget.blur()}
        />
        <datalist id={examples}>
          {EXAMPLES.map((question) => (
            <option key={question} value={question} />
          ))}
        </datalist>
        {!text && <span className="key">/</span>}
      </form>
      {asked && (
        <Suspense>
          <Conversation
            key={asked}
            site={site}
            first={asked}
            close={() => {
              setAsked(undefined);
              setText('');
            }}
          />
        </Suspense>
      )}
    </search>
  );
}
