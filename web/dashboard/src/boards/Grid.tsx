import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useRef,
  useState,
} from 'react';
import type { Tile } from '../api/boards';
import { periodText, titleOf } from './called';
import { type Box, COLUMNS, put, readAt, reading } from './layout';

const ROW_PX = 64;
const GAP_PX = 12;

interface Props {
  tiles: Tile[];
  /** Absent where the page is only looked at. */
  change?: (tiles: Tile[]) => void;
  edit?: (place: number) => void;
  remove?: (place: number) => void;
  children: (tile: Tile, place: number) => ReactNode;
}

/** What is being dragged: which tile, from where, and whether it is moved or made larger. */
interface Drag {
  place: number;
  from: Box;
  startX: number;
  startY: number;
  resize: boolean;
}

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Tiles on twelve columns. They are moved and resized with the pointer, or with arrow keys and Shift. */
export function Grid({ tiles, change, edit, remove, children }: Props) {
  const grid = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Drag>();
  const [shown, setShown] = useState<Tile[]>();
  const laid = shown ?? tiles;

  const cells = (pixels: number, size: number) => Math.round(pixels / (size + GAP_PX));
  const target = (event: PointerEvent, { from, startX, startY, resize }: Drag): Box => {
    const width = ((grid.current?.clientWidth ?? 0) + GAP_PX) / COLUMNS - GAP_PX;
    const dx = cells(event.clientX - startX, width);
    const dy = cells(event.clientY - startY, ROW_PX);
    return resize ? { ...from, w: from.w + dx, h: from.h + dy } : { ...from, x: from.x + dx, y: from.y + dy };
  };
  const begin = (place: number, resize: boolean) => (event: PointerEvent) => {
    const from = tiles[place];
    if (!from || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ place, from, startX: event.clientX, startY: event.clientY, resize });
    setShown(tiles);
  };
  /** Whether there is room for one column only: tiles then lie as they are read, each as high as what it holds. */
  const isColumn = () => grid.current !== null && getComputedStyle(grid.current).display === 'flex';
  /** How many of the other tiles are above the pointer, by their middles. */
  const rankAt = ({ clientY }: PointerEvent, dragged: number) =>
    [...(grid.current?.children ?? [])].filter((tile, place) => {
      const { top, height } = tile.getBoundingClientRect();
      return place !== dragged && top + height / 2 < clientY;
    }).length;
  const move = (event: PointerEvent) => {
    if (!drag) return;
    if (!isColumn()) return setShown(put(tiles, drag.place, target(event, drag)));
    const rank = rankAt(event, drag.place);
    if (reading(laid).indexOf(drag.place) !== rank) setShown(readAt(tiles, drag.place, rank));
  };
  const leave = useCallback(() => {
    setDrag(undefined);
    setShown(undefined);
  }, []);
  const end = () => {
    // What was not moved needs not be kept.
    if (shown && shown !== tiles) change?.(shown);
    leave();
  };
  useEffect(() => {
    if (!drag) return;
    const stop = ({ key }: globalThis.KeyboardEvent) => key === 'Escape' && leave();
    addEventListener('keydown', stop);
    return () => removeEventListener('keydown', stop);
  }, [drag, leave]);
  const step = (place: number) => (event: KeyboardEvent) => {
    const [dx, dy] = STEPS[event.key] ?? [0, 0];
    const from = tiles[place];
    if (!from || !change || (!dx && !dy)) return;
    event.preventDefault();
    if (dy && !event.shiftKey && isColumn())
      return change(readAt(tiles, place, Math.max(0, reading(tiles).indexOf(place) + dy)));
    const box = event.shiftKey
      ? { ...from, w: from.w + dx, h: from.h + dy }
      : { ...from, x: from.x + dx, y: dy ? rowBeyond(tiles, place, dy > 0) : from.y };
    change(put(tiles, place, box));
  };
  return (
    <div ref={grid} className="grid">
      {laid.map((tile, place) => (
        <section
          // biome-ignore lint/suspicious/noArrayIndexKey: a tile is its place in the list
          key={place}
          className={drag?.place === place ? 'card tile-card dragged' : 'card tile-card'}
          aria-label={titleOf(tile)}
          style={{
            gridColumn: `${tile.x + 1} / span ${tile.w}`,
            gridRow: `${tile.y + 1} / span ${tile.h}`,
            // Where there is room for one column only, as they lie and not as they were made.
            order: tile.y * COLUMNS + tile.x,
          }}
        >
          <header className="head">
            {change && (
              <button
                type="button"
                className="plain handle"
                aria-label={`Move ${titleOf(tile)}: arrow keys, with Shift its size`}
                onPointerDown={begin(place, false)}
                onPointerMove={move}
                onPointerUp={end}
                onPointerCancel={leave}
                onKeyDown={step(place)}
              >
                ⠿
              </button>
            )}
            <Titled tile={tile} />
            {change && (
              <span className="push">
                <button
                  type="button"
                  className="plain"
                  aria-label={`Change ${titleOf(tile)}`}
                  onClick={() => edit?.(place)}
                >
                  ✎
                </button>
                <button
                  type="button"
                  className="plain"
                  aria-label={`Remove ${titleOf(tile)}`}
                  onClick={() => remove?.(place)}
                >
                  ×
                </button>
              </span>
            )}
          </header>
          <div className="tile-body">{children(tile, place)}</div>
          {change && (
            <span
              className="corner"
              aria-hidden="true"
              onPointerDown={begin(place, true)}
              onPointerMove={move}
              onPointerUp={end}
              onPointerCancel={leave}
            />
          )}
        </section>
      ))}
    </div>
  );
}

/** What a tile is called, and the time that it is of. */
function Titled({ tile }: { tile: Tile }) {
  const title = titleOf(tile);
  // The first words of a text stand in it already.
  const said = tile.chart === 'text' && !tile.title.trim();
  return (
    <div className="titled">
      <h2 className={said ? 'hidden' : undefined} title={title}>
        {title}
      </h2>
      {tile.query && <small className="soft">{periodText(tile.query.date_range)}</small>}
    </div>
  );
}

/** The row that brings a tile before what lies above it, or after what lies below. */
function rowBeyond(tiles: Tile[], place: number, down: boolean): number {
  const one = tiles[place];
  if (!one) return 0;
  const across = (other: Tile, at: number) =>
    at !== place && other.x < one.x + one.w && one.x < other.x + other.w;
  const rows = tiles.filter(across).map(({ y }) => y);
  const beyond = down ? rows.filter((y) => y > one.y) : rows.filter((y) => y < one.y);
  if (beyond.length === 0) return one.y;
  return down ? Math.min(...beyond) + 1 : Math.max(...beyond);
}
