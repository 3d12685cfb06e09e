import { useQuery, useQueryClient } from '@tanstack/react-query';
import { erase, erasures, type Receipt } from '../api/reports';
import { figure } from '../lib/format';
import { useMay } from '../session/data';
import { Field, Form } from '../session/Form';
import { Nothing } from '../ui/Notice';
import { useReport } from './context';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Forgets somebody, and says what became of it. */
export function Erasure() {
  const { site } = useReport();
  const client = useQueryClient();
  const may = useMay('write');
  const key = ['erasures', site];
  const { data } = useQuery({ queryKey: key, queryFn: ({ signal }) => erasures(site, signal), enabled: may });
  if (!may) return <Nothing title="You cannot erase anybody">Sign in as the owner of this server.</Nothing>;
  return (
    <>
      <Form
        title="Forget somebody"
        action="Erase for ever"
        submit={async ({ kind = 'user_id', who = '' }) => {
          await erase({ site_id: site, [kind]: who });
          await client.invalidateQueries({ queryKey: key });
          await client.invalidateQueries({ queryKey: ['query'] });
        }}
      >
        <p>
          Every figure, past ones too, becomes what it would be if they had never come. It cannot be undone.
        </p>
        <label className="field">
          <span>Known by</span>
          <select name="kind">
            <option value="user_id">the user id that the site sends</option>
            <option value="visitor">the number of a visitor</option>
          </select>
        </label>
        <Field name="who" label="Id" required autoComplete="off" />
      </Form>
      <section className="card form wide" aria-label="Receipts">
        <h2>Receipts</h2>
        {!data?.length ? <p className="soft">Nobody was erased yet.</p> : <Receipts receipts={data} />}
      </section>
    </>
  );
}

function Receipts({ receipts }: { receipts: Receipt[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Asked</th>
          <th scope="col">By</th>
          <th scope="col">Stage</th>
          <th scope="col">Events</th>
        </tr>
      </thead>
      <tbody>
        {receipts.map(({ id, subject, stage, requested_at, done }) => (
          <tr key={id}>
            <th scope="row">{moment.format(new Date(requested_at))}</th>
            <td>{subject}</td>
            <td>{stage}</td>
            <td>{done ? figure('events', done.removed.events) : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
