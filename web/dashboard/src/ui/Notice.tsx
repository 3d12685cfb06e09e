import { Button, Skeleton } from '@mantine/core';
import { useIsFetching, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client';
import { SESSION } from '../session/data';
import { told } from '../session/told';

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
  const looksAgain = useIsFetching(SESSION) > 0;
  const isSignedOut = error instanceof ApiError && error.status === 401;
  // The page is about to ask who it is, once for all of its parts.
  if (isSignedOut && looksAgain) return <Skeleton height={160} />;
  if (isSignedOut)
    return (
      <div className="nothing" role="alert">
        <strong>You were signed out</strong>
        <Button variant="default" size="xs" onClick={() => client.invalidateQueries(SESSION)}>
          Sign in again
        </Button>
      </div>
    );
  const said = error instanceof ApiError;
  return (
    <div className="nothing" role="alert">
      <strong>{said ? (error.status < 500 ? REFUSED : FAILED) : 'The server cannot be reached'}</strong>
      <div>{said ? told(error) : 'Is it still running?'}</div>
      <Button variant="default" size="xs" onClick={retry}>
        Try again
      </Button>
    </div>
  );
}
