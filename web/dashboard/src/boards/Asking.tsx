import type { Tile } from '../api/boards';
import { useCurrency } from '../ui/data';
import { useTile } from './asking';
import { TileView } from './TileView';

/** A tile with the answer to what it asks, for who may ask the site. */
export function Asking({ site, tile }: { site: string; tile: Tile }) {
  const currency = useCurrency(site);
  const { data, line, error, refetch } = useTile(site, tile);
  return (
    <TileView
      tile={tile}
      answer={data}
      error={error}
      retry={refetch}
      currency={currency}
      {...(line && { line })}
    />
  );
}
