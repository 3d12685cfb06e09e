import { lazy, Suspense } from 'react';
import type { QueryAnswer } from '../api/types';
import { figure } from '../lib/format';
import type { Drawn } from './options';

const Spark = lazy(() => import('../charts/Spark').then((module) => ({ default: module.Spark })));

interface Props {
  drawn: Drawn;
  line: QueryAnswer | undefined;
  title: string;
}

/** One figure, with a line of how it came to be day by day. */
export function TileNumber({ drawn: { answer, metric, currency }, line, title }: Props) {
  return (
    <div className="number">
      <div className="big">{figure(metric, answer.results[0]?.metrics[0], false, currency)}</div>
      {line && (
        <Suspense>
          <Spark
            line={line}
            step="time:day"
            metric={metric}
            currency={currency}
            title={`${title || metric} by day`}
          />
        </Suspense>
      )}
    </div>
  );
}
