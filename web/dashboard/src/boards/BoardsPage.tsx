import { Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { boards, createBoard, type Tile } from '../api/boards';
import { boardsRoute } from '../router';
import { useMay } from '../session/data';
import { Field, Form } from '../session/Form';
import { Failure } from '../ui/Notice';
import { READY, TEMPLATES } from './templates';

/** The pages people have put together for a site. */
export function BoardsPage() {
  const { site } = boardsRoute.useParams();
  const mayChange = useMay('write');
  const { data, error, refetch } = useQuery({
    queryKey: ['boards', site],
    queryFn: ({ signal }) => boards(site, signal),
  });
  useEffect(() => {
    document.title = `Dashboards · ${site}`;
  }, [site]);
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={200} role="status" aria-label="Loading" />;
  return (
    <>
      <section className="card form wide" aria-label="Dashboards">
        <h1>Dashboards</h1>
        {data.length === 0 && (
          <p className="soft">
            {mayChange
              ? 'None of your own yet. Make the first one below.'
              : 'Nobody has made one yet. The owner of this server can.'}
          </p>
        )}
        {data.length > 0 && (
          <ul className="sites">
            {data.map(({ id, name }) => (
              <li key={id}>
                <Link to="/sites/$site/dashboards/$id" params={{ site, id }}>
                  {name}
                </Link>
              </li>
            ))}
          </ul>
        )}
        <h2>Ready to look at</h2>
        <ul className="sites" aria-label="Ready to look at">
          {READY.map((name) => (
            <li key={name}>
              <Link to="/sites/$site/dashboards/ready/$name" params={{ site, name }}>
                {name}
              </Link>
            </li>
          ))}
        </ul>
      </section>
      {mayChange && <NewBoard site={site} />}
    </>
  );
}

/** The tiles of a file that was exported. */
function tilesOf(text: string): Tile[] {
  let tiles: unknown;
  try {
    tiles = JSON.parse(text)?.tiles;
  } catch {
    // not even JSON
  }
  if (Array.isArray(tiles)) return tiles;
  throw new Error('This file is not a dashboard that was exported.');
}

function NewBoard({ site }: { site: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const file = useRef<HTMLInputElement>(null);
  const make = async (name: string, tiles: Tile[]) => {
    const { id } = await createBoard(site, { name, tiles });
    await client.invalidateQueries({ queryKey: ['boards', site] });
    await navigate({ to: '/sites/$site/dashboards/$id', params: { site, id } });
  };
  return (
    <Form
      title="New dashboard"
      action="Make it"
      submit={async ({ name = '', template = '' }) => {
        const [chosen] = file.current?.files ?? [];
        const tiles = chosen ? tilesOf(await chosen.text()) : TEMPLATES[template];
        await make(name, tiles ?? []);
      }}
    >
      <Field name="name" label="Name" required autoComplete="off" />
      <label className="field">
        <span>Begin with</span>
        <select name="template">
          {Object.keys(TEMPLATES).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Or a file that was exported</span>
        <input ref={file} type="file" accept=".json,application/json" />
      </label>
    </Form>
  );
}
