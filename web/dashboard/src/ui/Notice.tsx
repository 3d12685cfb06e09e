import { Button } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ApiError, keepKey } from '../api/client';

export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="nothing">
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}

/** Says what went wrong and what to do about it. */
export function Failure({ error, retry }: { error: Error; retry: () => void }) {
  if (error instanceof ApiError && error.status === 401) return <KeyForm />;
  const said = error instanceof ApiError;
  return (
    <div className="nothing" role="alert">
      <strong>{said ? 'The server refused this' : 'The server cannot be reached'}</strong>
      <div>{said ? `${error.message}${error.field ? ` (${error.field})` : ''}` : 'Is it still running?'}</div>
      <Button variant="default" size="xs" onClick={retry}>
        Try again
      </Button>
    </div>
  );
}

function KeyForm() {
  const [key, setKey] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keepKey(key);
    location.reload();
  };
  return (
    <form className="nothing" onSubmit={submit}>
      <strong>This server asks for a key</strong>
      <label>
        API key with the scope <code>read</code>; it stays in this tab{' '}
        <input type="password" required value={key} onChange={(event) => setKey(event.target.value)} />
      </label>
      <Button type="submit" size="xs">
        Show figures
      </Button>
    </form>
  );
}
