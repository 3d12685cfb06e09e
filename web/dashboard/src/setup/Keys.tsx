import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { createKey, keys, revokeKey } from '../api/client';
import type { Key, Scope } from '../api/types';
import { Field, Form } from '../session/Form';
import { type Column, DataTable } from '../ui/DataTable';
import { Failure } from '../ui/Notice';
import { Copyable } from './Copy';

/** The keys of programs that work with a site. */
export function Keys({ site }: { site: string }) {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ['keys'], queryFn: ({ signal }) => keys(signal) });
  const [made, setMade] = useState<{ id: string; key: string }>();
  const [revoked, setRevoked] = useState<string>();
  const status = useRef<HTMLParagraphElement>(null);
  const again = () => client.invalidateQueries({ queryKey: ['keys'] });
  const revoke = async ({ id, name }: Key) => {
    if (!confirm(`Revoke the key “${name}”? Programs that use it are refused from then on.`)) return;
    await revokeKey(id);
    if (made?.id === id) setMade(undefined);
    setRevoked(name);
    await again();
    // Its row is gone, and the button with it.
    status.current?.focus();
  };
  if (error) return <Failure error={error} retry={refetch} />;
  const held = data?.filter((key) => key.site === site || key.site === null) ?? [];
  return (
    <Form
      title="API keys"
      action="Make a key"
      empties
      submit={async ({ name = '', scope = 'collect' }) => {
        setRevoked(undefined);
        setMade(await createKey({ name, site, scopes: [scope as Scope] }));
        await again();
      }}
    >
      {made && (
        <div role="status">
          <p>This is the key, shown once:</p>
          <Copyable text={made.key} className="secret" />
        </div>
      )}
      <p ref={status} role="status" tabIndex={-1} hidden={!revoked}>
        {revoked && `The key “${revoked}” is revoked.`}
      </p>
      {held.length === 0 ? (
        <p className="soft">No program has a key yet.</p>
      ) : (
        <DataTable columns={columns(revoke)} rows={held} id={({ id }) => id} flow />
      )}
      <Field name="name" label="Name" placeholder="backend" required autoComplete="off" />
      <label className="field">
        <span>What it may do</span>
        <select name="scope">
          <option value="collect">Send events</option>
          <option value="read">Ask questions</option>
          <option value="write">Change the site</option>
          <option value="admin">Everything on the site</option>
        </select>
      </label>
    </Form>
  );
}

const columns = (revoke: (key: Key) => void): Column<Key>[] => [
  {
    name: 'Name',
    cell: ({ name, hint }) => (
      <>
        {name} <small className="soft">{hint}…</small>
      </>
    ),
  },
  { name: 'May', text: true, cell: ({ scopes }) => scopes.join(', ') },
  {
    name: <span className="hidden">Revoke</span>,
    cell: (key) => (
      <Button
        variant="subtle"
        size="compact-xs"
        color="red"
        aria-label={`Revoke ${key.name}`}
        onClick={() => revoke(key)}
      >
        Revoke
      </Button>
    ),
  },
];
