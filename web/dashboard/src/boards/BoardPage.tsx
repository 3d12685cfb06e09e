import { Button, Modal, Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { type Board, board, deleteBoard, saveBoard, type Tile } from '../api/boards';
import { ApiError } from '../api/client';
import { saveText } from '../lib/csv';
import { useLive } from '../live/useLive';
import { boardRoute } from '../router';
import { useMay } from '../session/data';
import { useFresh } from '../site/fresh';
import { Failure, Nothing } from '../ui/Notice';
import { Asking } from './Asking';
import { Builder } from './Builder';
import { titleOf } from './called';
import { Grid } from './Grid';
import { free } from './layout';
import { Sharing } from './Sharing';

const NEW: Pick<Tile, 'title' | 'chart'> = { title: '', chart: 'area' };
const SIZE = { w: 6, h: 5 };

/** What the server says of the third tile, of the tile as it is called. */
function aboutTile(problem: Error, tiles: Tile[]): Error {
  if (!(problem instanceof ApiError)) return problem;
  const tile = tiles[Number(problem.field?.match(/^tiles\[(\d+)\]$/)?.[1])];
  if (!tile) return problem;
  const { status, code, message, hint } = problem;
  return new ApiError(status, code, `the tile “${titleOf(tile)}” was not kept: ${message}`, undefined, hint);
}

/** A page of tiles, to look at and, for who may, to change. */
export function BoardPage() {
  const { id } = boardRoute.useParams();
  const { data, error, refetch } = useQuery({
    queryKey: ['board', id],
    queryFn: ({ signal }) => board(id, signal),
  });
  useEffect(() => {
    document.title = `${data?.name ?? 'Dashboard'} · OpenTrace`;
  }, [data?.name]);
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={400} role="status" aria-label="Loading" />;
  return <Editor key={id} held={data} />;
}

function Editor({ held }: { held: Board }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayChange = useMay('write');
  // Tiles follow what happens, as the site page does.
  useFresh(useLive(held.site_id).figures, true, true);
  const [editing, setEditing] = useState(held.tiles.length === 0 && mayChange);
  const [name, setName] = useState(held.name);
  const [tiles, setTiles] = useState(held.tiles);
  // The tile that is built; the last one stays until its dialog is out of sight.
  const [{ place: built, title }, setBuilt] = useState({ place: 0, title: '' });
  const [building, setBuilding] = useState(false);
  const [problem, setProblem] = useState<Error>();
  const build = (place: number) => {
    setBuilt({ place, title: tiles[place] ? 'Change the tile' : 'A new tile' });
    setBuilding(true);
  };
  const keep = async (next: Tile[]) => {
    setTiles(next);
    try {
      client.setQueryData(['board', held.id], await saveBoard(held.id, { name, tiles: next }));
      setProblem(undefined);
    } catch (error) {
      setProblem(error as Error);
    }
  };
  const rename = async () => {
    if (!name.trim()) return setName(held.name);
    if (name === held.name) return;
    await keep(tiles);
    await client.invalidateQueries({ queryKey: ['boards', held.site_id] });
  };
  const throwAway = async () => {
    if (!confirm(`Throw ${held.name} away?`)) return;
    await deleteBoard(held.id);
    await client.invalidateQueries({ queryKey: ['boards', held.site_id] });
    await navigate({ to: '/sites/$site/dashboards', params: { site: held.site_id } });
  };
  return (
    <>
      <div className="tools">
        <h1 className={editing ? 'hidden' : undefined}>{held.name}</h1>
        {editing && (
          <input
            aria-label="Name of the dashboard"
            value={name}
            required
            onChange={(event) => setName(event.target.value)}
            onBlur={rename}
          />
        )}
        <span className="grow" />
        {editing && (
          <Button size="xs" onClick={() => build(tiles.length)}>
            Add a tile
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          onClick={() =>
            saveText(
              `${held.name}.json`,
              JSON.stringify({ name: held.name, tiles }, null, 2),
              'application/json',
            )
          }
        >
          Export
        </Button>
        {mayChange && (
          <>
            <Sharing board={held} />
            <Button size="xs" variant="default" onClick={throwAway}>
              Delete
            </Button>
            <Button size="xs" variant="default" aria-pressed={editing} onClick={() => setEditing(!editing)}>
              {editing ? 'Done' : 'Change'}
            </Button>
          </>
        )}
      </div>
      {problem && <Failure error={aboutTile(problem, tiles)} retry={() => keep(tiles)} />}
      {tiles.length === 0 && (
        <Nothing title="Nothing on it yet">Add a tile: a chart, a figure, a text.</Nothing>
      )}
      <Grid
        tiles={tiles}
        {...(editing && {
          change: keep,
          edit: build,
          remove: (place: number) => keep(tiles.toSpliced(place, 1)),
        })}
      >
        {(tile) => <Asking site={held.site_id} tile={tile} />}
      </Grid>
      {/* It is there before it is opened, and knows where the focus was. */}
      <Modal
        opened={building}
        onClose={() => setBuilding(false)}
        title={title}
        closeButtonProps={{ 'aria-label': 'Close' }}
        lockScroll={false}
      >
        <Builder
          key={built}
          site={held.site_id}
          tile={tiles[built] ?? { ...NEW, ...free(tiles, SIZE) }}
          done={(tile) => {
            keep(built < tiles.length ? tiles.with(built, tile) : [...tiles, tile]);
            setBuilding(false);
          }}
        />
      </Modal>
    </>
  );
}
