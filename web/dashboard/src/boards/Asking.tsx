import type { SharedBoard, Tile } from '../api/boards';
import { useCurrency } from '../ui/data';
import { useSharedTile, useTile } from './asking';
import { TileView } from './TileView';

/** A tile with the answer to what it asks, for who may ask the site. */
export const Asking = ({ site, tile }: { site: string; tile: Tile }) => (
  <TileView tile={tile} asked={useTile(site, tile)} currency={useCurrency(site)} />
);

interface SharedProps {
  board: SharedBoard;
  tile: Tile;
  place: number;
  token: string;
  password: string;
}

/** The same for who was given a link. */
export const SharedAsking = ({ board, tile, place, token, password }: SharedProps) => (
  <TileView tile={tile} asked={useSharedTile(tile, place, token, password)} currency={board.currency} />
);
