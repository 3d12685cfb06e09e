import { lazy, Suspense } from 'react';
import type { QueryAnswer } from '../api/types';
import { figure } from '../lib/format';
import { Change } from '../ui/Change';
import type { Drawn } from './drawn';

const Spark = lazy(() => import('../charts/Spark').then((module) => ({ default: module.Spark })));

interface Props {
  drawn: Drawn;
  line: QueryAnswer | undefined;
  title: string;
  /** The time that it is of, where the tile does not say it. */
  of?: string | undefined;
}

/** One figure, with a line of how it came to be day by day. */
export function TileNumber({ drawn: { answer, metric, currency }, line, title, of }: Props) {
  const [row] = answer.results;
  const old = row?.comparison?.metrics[0];
  return (
    <div className="number">
      <div className="big">{figure(metric, row?.metrics[0], false, currency)}</div>
      {of && <p className="soft">{of}</p>}
      {old !== undefined && (
        <p className="soft">
          <Change metric={metric} value={row?.metrics[0]} old={old} /> against{' '}
          {figure(metric, old, false, currency)}
        </p>
      )}
      {line && (
        <Suspense>
          <Spark line={line} step="time:day" metric={metric} currency={currency} title={`${title} by day`} />
        </Suspense>
      )}
    </div>
  );
}
