import { Button } from '@mantine/core';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { Nothing } from './Notice';

/** What a browser says of a part of the program that did not come: each has words of its own. */
const MISSING = /dynamically imported module|module script failed|error loading/i;

/** Stands where a page broke: its parts are those of another version, or cannot be had. */
export function Broken({ error }: ErrorComponentProps) {
  const said = error instanceof Error ? error.message : String(error);
  const missing = MISSING.test(said);
  return (
    <section className="card" role="alert">
      <Nothing title={missing ? 'A part of this page did not come' : 'This page broke'}>
        <p>
          {missing
            ? 'The server may have become newer than the page, or cannot be reached.'
            : 'That is a fault of ours. What the browser says about it:'}
        </p>
        {!missing && <code>{said}</code>}
      </Nothing>
      <div className="foot">
        <Button size="xs" variant="default" onClick={() => location.reload()}>
          Load it anew
        </Button>
      </div>
    </section>
  );
}
