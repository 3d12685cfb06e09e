import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type SharedBoard, sharedBoard } from '../api/boards';
import { ApiError } from '../api/client';
import { sharedRoute } from '../router';
import { Field, Form } from '../session/Form';
import { Failure, Nothing } from '../ui/Notice';
import { SharedAsking } from './Asking';
import { Grid } from './Grid';
import { forgetPassword, rememberedPassword, rememberPassword } from './remembered';

/** A page for who was given its link. */
export function SharedPage() {
  const { token } = sharedRoute.useParams();
  const [password, setPassword] = useState(() => rememberedPassword(token));
  const { data, error, refetch } = useQuery({
    queryKey: ['shared', token, password],
    queryFn: ({ signal }) => sharedBoard(token, password, signal),
  });
  useEffect(() => {
    document.title = `${data?.name ?? 'Shared'} · OpenTrace`;
  }, [data?.name]);
  const isRefused = error instanceof ApiError && error.status === 401;
  // It was changed since: what is remembered opens nothing any more.
  useEffect(() => {
    if (isRefused) forgetPassword(token);
  }, [isRefused, token]);
  if (isRefused)
    return (
      <Form
        title="This page has a password"
        action="Open it"
        submit={async ({ password = '' }) => {
          await sharedBoard(token, password);
          rememberPassword(token, password);
          setPassword(password);
        }}
      >
        <Field name="password" label="Password" type="password" autoComplete="off" required />
      </Form>
    );
  if (error instanceof ApiError && error.status === 404)
    return (
      <Nothing title="Nothing is shared here">It may have been once. Ask who gave you the address.</Nothing>
    );
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={400} role="status" aria-label="Loading" />;
  return <Shown board={data} token={token} password={password} />;
}

function Shown({ board, token, password }: { board: SharedBoard; token: string; password: string }) {
  return (
    <>
      <div className="tools">
        <h1>{board.name}</h1>
        <span className="soft">{board.site_id}</span>
      </div>
      <Grid tiles={board.tiles}>
        {(tile, place) => (
          <SharedAsking board={board} tile={tile} place={place} token={token} password={password} />
        )}
      </Grid>
    </>
  );
}
