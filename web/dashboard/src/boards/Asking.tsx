import { useMemo } from 'react';
import type { SharedBoard, Tile } from '../api/boards';
import { useMeasures } from '../site/useMeasures';
import { useCurrency } from '../ui/data';
import { notAdded } from './addable';
import { useSharedTile, useTile } from './asking';
import { TileView } from './TileView';

/** A tile with the answer to what it asks, for who may ask the site. */
export function Asking({ site, tile }: { site: string; tile: Tile }) {
  const measures = useMeasures(site);
  const averages = useMemo(() => notAdded(measures), [measures]);
  return (
    <TileView tile={tile} asked={useTile(site, tile)} currency={useCurrency(site)} averages={averages} />
  );
}

interface SharedProps {
  board: SharedBoard;
  tile: Tile;
  place: number;
  token: string;
  password: string;
}

/** The same for who was given a link. */
export function SharedAsking({ board, tile, place, token, password }: SharedProps) {
  const averages = useMemo(() => new Set(board.averages), [board.averages]);
  const asked = useSharedTile(tile, place, token, password);
  return <TileView tile={tile} asked={asked} currency={board.currency} averages={averages} />;
}
