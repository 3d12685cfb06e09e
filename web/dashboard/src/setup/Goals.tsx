import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type Definition, define, definitions, undefine } from '../api/reports';
import { Field, Form } from '../session/Form';
import { type Column, DataTable } from '../ui/DataTable';
import { Failure } from '../ui/Notice';

/** What counts as a goal beside custom events: a page that is seen, or an event under another name. */
export function Goals({ site }: { site: string }) {
  const client = useQueryClient();
  const key = ['definitions', 'goals', site];
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => definitions('goals', site, signal),
  });
  const again = async () => {
    await client.invalidateQueries({ queryKey: key });
    await client.invalidateQueries({ queryKey: ['query'] });
  };
  if (error) return <Failure error={error} retry={refetch} />;
  return (
    <Form
      title="Goals"
      action="Add the goal"
      empties
      submit={async ({ name = '', done = '' }) => {
        const what = done.trim();
        await define('goals', {
          site_id: site,
          name: name.trim() || what,
          ...(what.startsWith('/') ? { page: what } : { event: what }),
        });
        await again();
      }}
    >
      <p className="soft">
        Every custom event is a goal by itself. Others are counted over the past as well.
      </p>
      {data && data.length > 0 && <DataTable columns={columns(again)} rows={data} id={({ id }) => id} flow />}
      <Field name="done" label="What is done" placeholder="/thank-you" required autoComplete="off">
        A page by its path, in which * stands for a part and ** for anything, or the name of an event.
      </Field>
      <Field name="name" label="What it is called" autoComplete="off" />
    </Form>
  );
}

const columns = (again: () => void): Column<Definition>[] => [
  { name: 'Goal', cell: ({ name }) => name },
  { name: 'Done by', text: true, cell: ({ page, event }) => page ?? event ?? 'any event' },
  {
    name: <span className="hidden">Remove</span>,
    cell: ({ id, name }) => (
      <Button
        variant="subtle"
        size="compact-xs"
        color="red"
        aria-label={`Remove ${name}`}
        onClick={() =>
          confirm(
            `Remove the goal “${name}”? It is counted no longer; alerts and tiles that are of it show nothing.`,
          ) && undefine('goals', id).then(again)
        }
      >
        Remove
      </Button>
    ),
  },
];
