import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ApiError } from '../api/client';
import { type Model, type ModelVersion, promote, versionsOf } from '../api/models';
import { figure, moment } from '../lib/format';
import { useMay } from '../session/data';
import { type Column, DataTable } from '../ui/DataTable';
import { Failure } from '../ui/Notice';
import { measure, measureHint, measureName } from './measures';

const STAGES: Record<ModelVersion['stage'], string> = {
  candidate: 'not in use yet',
  live: 'live',
  retired: 'no longer in use',
};

interface Props {
  model: Model;
  act: (what: Promise<unknown>) => void;
}

/** Puts a version to use; one that is not better only after somebody says so again. */
async function use(id: string, version: number): Promise<unknown> {
  try {
    return await promote(id, version);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'not_better') throw error;
    return confirm(`${error.message}. Use it anyway?`) ? promote(id, version, true) : undefined;
  }
}

/** All that a model was, the newest first, each with how good it is on what was held out. */
export function Versions({ model, act }: Props) {
  const mayChange = useMay('write');
  const { data, error, refetch } = useQuery({
    queryKey: ['versions', model.id, model.versions, model.live?.version],
    queryFn: ({ signal }) => versionsOf(model.id, signal),
  });
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={120} role="status" aria-label="Loading" />;
  const names = [...new Set(data.flatMap(({ metrics }) => Object.keys(metrics)))];
  const columns: Column<ModelVersion>[] = [
    { name: 'Version', cell: ({ version }) => version },
    {
      name: 'Stage',
      text: true,
      cell: ({ stage }) => <span className={stage === 'live' ? 'badge good' : 'badge'}>{STAGES[stage]}</span>,
    },
    { name: 'Rows', cell: ({ rows }) => figure('events', rows) },
    { name: 'Until', cell: ({ window }) => (window ? moment(window[1]) : '–') },
    ...names.map((name) => ({
      name: (
        <>
          {measureName(name)}
          <small className="hint">{measureHint(name)}</small>
        </>
      ),
      cell: ({ metrics }: ModelVersion) => {
        const value = metrics[name];
        return value === undefined ? '–' : measure(name, value);
      },
    })),
    ...(mayChange
      ? [
          {
            name: <span className="hidden">Use</span>,
            cell: ({ version, stage }: ModelVersion) =>
              stage !== 'live' && (
                <button type="button" className="chip" onClick={() => act(use(model.id, version))}>
                  Use version {version}
                </button>
              ),
          },
        ]
      : []),
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label={`Versions of ${model.name}`} tabIndex={0}>
      <DataTable columns={columns} rows={data.toReversed()} id={({ version }) => version} flow />
    </section>
  );
}
