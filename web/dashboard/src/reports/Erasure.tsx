import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { erase, erasures, type Receipt } from '../api/reports';
import { saveText } from '../lib/csv';
import { figure, moment } from '../lib/format';
import { useMay } from '../session/data';
import { Field, Form } from '../session/Form';
import { ForOwner } from '../session/ForOwner';
import { type Column, DataTable } from '../ui/DataTable';
import { Nothing } from '../ui/Notice';
import { useReport } from './context';

const STAGES: Record<Receipt['status'], string> = {
  accepted: 'taken',
  removing: 'figures are right, rows are being removed',
  complete: 'done',
};
const AGAIN_MS = 2_000;

/** Forgets somebody, and says what became of it. */
export function Erasure() {
  const { site, ask, change } = useReport();
  const client = useQueryClient();
  const may = useMay('write');
  const [who, setWho] = useState(typeof ask.who === 'string' ? ask.who : '');
  const [taken, setTaken] = useState(false);
  const key = ['erasures', site];
  const { data } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => erasures(site, signal),
    enabled: may,
    // What is under way is looked at again until it is done.
    refetchInterval: ({ state }) =>
      state.data?.some(({ status }) => status !== 'complete') ? AGAIN_MS : false,
  });
  useEffect(() => {
    document.title = `Forget somebody · ${site}`;
  }, [site]);
  if (!may)
    return (
      <Nothing title="You cannot erase anybody">
        <ForOwner />
      </Nothing>
    );
  return (
    <>
      <Form
        title="Forget somebody"
        action="Erase for ever"
        danger
        empties
        submit={async ({ kind = 'user_id', who = '' }) => {
          setTaken(false);
          if (!confirm(`Erase ${who} for ever?`)) return false;
          // The receipt says how far it is; rewriting what is stored takes a while.
          await erase({ site_id: site, [kind]: who, wait: 0 });
          await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
          // Whom it was stands nowhere any more: neither in the address nor in what the field is emptied to.
          change({ ask: undefined }, true);
          flushSync(() => setWho(''));
          setTaken(true);
        }}
      >
        <p>
          Every figure, past ones too, becomes what it would be if they had never come. It cannot be undone.
        </p>
        <label className="field">
          <span>Known by</span>
          <select name="kind">
            <option value="user_id">the user id that the site sends</option>
            <option value="anonymous_id">the id of a device that a client sends</option>
            <option value="visitor">the number of a visitor</option>
          </select>
        </label>
        <Field name="who" label="Id" defaultValue={who} required autoComplete="off" />
        {taken && <p role="status">It is under way. The receipt below says how far it is.</p>}
      </Form>
      <section className="card form wide" aria-label="Receipts">
        <h2>Receipts</h2>
        <p className="soft">
          A receipt names nobody: it holds a digest by which who knows the id can prove that it was erased.
        </p>
        {!data?.length ? (
          <p className="soft">Nobody was erased yet.</p>
        ) : (
          <DataTable columns={COLUMNS} rows={data} id={({ id }) => id} flow />
        )}
      </section>
    </>
  );
}

function Stage({ of: { status, removed } }: { of: Receipt }) {
  const isNobody = status === 'complete' && removed?.events === 0;
  return (
    <>
      {STAGES[status] ?? status}
      {isNobody && (
        <small className="problem" role="status">
          <br />
          Nobody is known by this id. Look for a typo.
        </small>
      )}
    </>
  );
}

const COLUMNS: Column<Receipt>[] = [
  { name: 'Asked', cell: ({ requested_at }) => moment(requested_at) },
  { name: 'By', text: true, cell: ({ subject }) => subject.replaceAll('_', ' ') },
  { name: 'Stage', text: true, cell: (receipt) => <Stage of={receipt} /> },
  { name: 'Events', cell: ({ removed }) => figure('events', removed?.events) },
  {
    name: 'Receipt',
    cell: (receipt) => (
      <button
        type="button"
        className="plain"
        aria-label={`Save the receipt of ${moment(receipt.requested_at)}`}
        onClick={() =>
          saveText(`receipt-${receipt.id}.json`, JSON.stringify(receipt, null, 2), 'application/json')
        }
      >
        Save
      </button>
    ),
  },
];
