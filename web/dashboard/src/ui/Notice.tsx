import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError, sentenceOf } from '../api/client';

export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="nothing">
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}

const REFUSED = 'The server refused this';
const FAILED = 'The server failed at this';

/** Says what went wrong and what to do about it. */
export function Failure({ error, retry }: { error: Error; retry: () => void }) {
  const client = useQueryClient();
  if (error instanceof ApiError && error.status === 401)
    return (
      <div className="nothing" role="alert">
        <strong>You were signed out</strong>
        <Button
          variant="default"
          size="xs"
          onClick={() => client.invalidateQueries({ queryKey: ['session'] })}
        >
          Sign in again
        </Button>
      </div>
    );
  const said = error instanceof ApiError;
  return (
    <div className="nothing" role="alert">
      <strong>{said ? (error.status < 500 ? REFUSED : FAILED) : 'The server cannot be reached'}</strong>
      <div>
        {said ? `${sentenceOf(error)}${error.field ? ` (${error.field})` : ''}` : 'Is it still running?'}
      </div>
      <Button variant="default" size="xs" onClick={retry}>
        Try again
      </Button>
    </div>
  );
}
