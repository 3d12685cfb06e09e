import { Skeleton } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import type { Tile } from '../api/boards';
import { ApiError, sentenceOf } from '../api/client';
import type { Cohort, FunnelAnswer, JourneyLink } from '../api/reports';
import type { QueryAnswer } from '../api/types';
import { DataTable } from '../ui/DataTable';
import { Failure, Nothing } from '../ui/Notice';
import { isAddable } from './addable';
import { titleOf } from './called';
import { type Drawn, label, labelsOf, openOf } from './drawn';
import { Figures } from './Figures';
import { withRegionsNamed } from './regions';
import { TileNumber } from './TileNumber';

const Drawing = lazy(() => import('./Drawing').then((module) => ({ default: module.Drawing })));
const FunnelBars = lazy(() =>
  import('../reports/FunnelBars').then((module) => ({ default: module.FunnelBars })),
);
const Matrix = lazy(() => import('../reports/Matrix').then((module) => ({ default: module.Matrix })));
const flow = () => import('../reports/Flow');
const FlowChart = lazy(() => flow().then((module) => ({ default: module.FlowChart })));
const FlowTable = lazy(() =>
  flow().then(({ FLOW_COLUMNS }) => ({
    default: ({ links }: { links: JourneyLink[] }) => (
      <DataTable
        columns={FLOW_COLUMNS}
        rows={links}
        id={({ from, to, step }) => `${step} ${from} ${to}`}
        flow
      />
    ),
  })),
);

/** What is known of the answer to a tile's question. */
export interface Answered {
  /** Figures, or a report. */
  data: unknown;
  /** A number's figures day by day. */
  line: QueryAnswer | undefined;
  error: Error | null;
  refetch: () => void;
}

interface Props {
  tile: Tile;
  asked: Answered;
  currency: string;
  /** Metrics of the site's own whose parts do not add up, where they are known. */
  averages?: ReadonlySet<string>;
}

/** A tile's contents; every chart has its figures as a table behind a button. */
export function TileView({ tile, asked: { data, line, error, refetch }, currency, averages }: Props) {
  if (tile.chart === 'text') return <p className="text">{tile.text}</p>;
  if (error instanceof ApiError && error.status === 400) return <Gone error={error} />;
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height="100%" role="status" aria-label="Loading" />;
  return (
    <Suspense fallback={<Skeleton height="100%" role="status" aria-label="Loading" />}>
      <Contents tile={tile} answer={data} line={line} currency={currency} averages={averages} />
    </Suspense>
  );
}

/** A tile answered when it was kept: what is refused now asks for what was taken away since. */
const Gone = ({ error: { message } }: { error: ApiError }) => (
  <div className="nothing" role="alert">
    <strong>What this tile shows is gone</strong>
    <div>
      {sentenceOf({ message })} It was removed after the tile was made. Who may change this dashboard can
      choose something else, or take the tile away.
    </div>
  </div>
);

interface ContentsProps {
  tile: Tile;
  answer: unknown;
  line: QueryAnswer | undefined;
  currency: string;
  averages: ReadonlySet<string> | undefined;
}

function Contents({ tile, answer, ...rest }: ContentsProps) {
  switch (tile.chart) {
    case 'funnel': {
      const { steps } = answer as FunnelAnswer;
      return <Scrolling>{steps.length ? <FunnelBars steps={steps} /> : <Empty />}</Scrolling>;
    }
    case 'retention': {
      const { cohorts } = answer as { cohorts: Cohort[] };
      if (cohorts.length === 0) return <Empty />;
      return (
        <div className="figures">
          <Matrix cohorts={cohorts} period={tile.query?.period ?? 'day'} />
        </div>
      );
    }
    case 'sankey':
      return <Flows links={(answer as { links: JourneyLink[] }).links} title={titleOf(tile)} />;
    default:
      return <Charted tile={tile} answer={answer as QueryAnswer} {...rest} />;
  }
}

const NONE: string[] = [];
/** What the line beneath a number is divided by. */
const BY_DAY = ['time:day'];

const Empty = () => <Nothing title="Nothing in this time" />;

function Scrolling({ children }: { children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="figures" aria-label="Figures" tabIndex={0}>
      {children}
    </section>
  );
}

function Charted({ tile, answer, line, currency, averages }: ContentsProps & { answer: QueryAnswer }) {
  const dimensions = tile.query?.dimensions ?? NONE;
  // A map finds its parts by their codes; everything else is read.
  const named = useMemo(() => withRegionsNamed(answer, dimensions), [answer, dimensions]);
  if (answer.results.length === 0) return <Empty />;
  const metric = tile.query?.metrics?.[0] ?? 'visitors';
  const addable = isAddable(metric) && !averages?.has(metric);
  const of = { metric, currency, addable, limit: tile.query?.pagination?.limit };
  const drawn: Drawn = { ...named, ...of };
  if (tile.chart === 'number') {
    const number = <TileNumber drawn={drawn} line={line} title={titleOf(tile)} />;
    const byDay = line && { answer: line, dimensions: BY_DAY, ...of };
    return byDay ? <Twin chart={number} table={<Figures drawn={byDay} />} /> : number;
  }
  const lone = loneOf(tile, drawn);
  if (lone)
    return (
      <Twin
        chart={<TileNumber drawn={drawn} line={undefined} title={titleOf(tile)} of={lone} />}
        table={<Figures drawn={drawn} />}
      />
    );
  if (tile.chart === 'table') return <Figures drawn={drawn} />;
  const onMap = { answer, dimensions, ...of };
  return (
    <Twin
      chart={<Drawing tile={tile} drawn={tile.chart === 'map' ? onMap : drawn} />}
      table={<Figures drawn={drawn} />}
    />
  );
}

/** What the only bucket of a line is called: it would be a dot, which says less than its figure. */
function loneOf({ chart }: Tile, drawn: Drawn): string | undefined {
  const [step = ''] = drawn.dimensions;
  const [only, ...others] = labelsOf(drawn);
  const isLine = (chart === 'line' || chart === 'area') && step.startsWith('time:');
  if (!isLine || drawn.dimensions.length > 1 || only === undefined || others.length) return undefined;
  return `${label(step, only)}${openOf(drawn, [only]) === 0 ? ', in progress' : ''}`;
}

function Flows({ links, title }: { links: JourneyLink[]; title: string }) {
  if (links.length === 0) return <Empty />;
  return (
    <Twin
      chart={<FlowChart links={links} label={title} />}
      table={
        <Scrolling>
          <FlowTable links={links} />
        </Scrolling>
      }
    />
  );
}

/** One of the two, and a button that leads to the other. */
function Twin({ chart, table }: { chart: React.ReactNode; table: React.ReactNode }) {
  const [twin, setTwin] = useState(false);
  return (
    <>
      {twin ? table : chart}
      <button type="button" className="plain twin" aria-pressed={twin} onClick={() => setTwin(!twin)}>
        {twin ? 'Chart' : 'Table'}
      </button>
    </>
  );
}
