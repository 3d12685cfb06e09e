import { useState } from 'react';
import { query } from '../api/client';
import type { Condition, Query } from '../api/types';
import { csvOf, saveBytes } from '../lib/csv';
import { measured } from '../lib/means';
import { useSiteView } from './context';
import { PROPERTY, withValue } from './names';
import { PANELS } from './panels';
import { useProperties } from './useProperties';

const MOST = 1000;

interface Sheet {
  name: string;
  head: string[];
  body: Query;
}

/** Everything the page shows as tables in one file: the tiles, the graph, each tab of each panel, each property. */
export function ExportAll() {
  const view = useSiteView();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const { data: known } = useProperties(view.site);
  const about = { site_id: view.site, date_range: view.range };
  const sheets = (): Sheet[] => {
    const table = (name: string, metrics: string[], dimensions: string[], more: Condition[] = []): Sheet => ({
      name,
      head: [...dimensions, ...metrics],
      body: {
        ...about,
        metrics,
        dimensions,
        filters: [...view.filters, ...more],
        pagination: { limit: MOST, offset: 0 },
      },
    });
    const panels = PANELS.flatMap(({ tabs }) =>
      tabs
        .filter(({ id }) => id !== 'map')
        .map(({ label, dimension, filters, beside = [] }) => {
          const other = beside.find(view.answers) ?? 'percentage';
          return table(label.toLowerCase().replaceAll(' ', '-'), ['visitors', other], [dimension], filters);
        }),
    );
    const properties = (known ?? []).map(({ name }) => {
      const dimension = `${PROPERTY}${name}`;
      return table(
        `property-${name.replaceAll(/[^\p{L}\d_.-]+/gu, '-')}`,
        ['visitors', 'events'],
        [dimension],
        withValue(dimension),
      );
    });
    return [
      table('summary', view.metrics, []),
      table('graph', view.metrics, [view.step]),
      ...panels,
      ...properties,
    ];
  };
  const save = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const [{ strToU8, zipSync }, ...answers] = await Promise.all([
        import('fflate'),
        ...sheets().map(async ({ name, head, body }) => {
          const { results } = await query(body);
          return [
            name,
            csvOf(
              head,
              results.map(({ dimensions, metrics }) => [...dimensions, ...measured(body.metrics, metrics)]),
            ),
          ] as const;
        }),
      ]);
      const files = Object.fromEntries(answers.map(([name, text]) => [`${name}.csv`, strToU8(text)]));
      saveBytes(`${view.site}.zip`, zipSync(files), 'application/zip');
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" className="chip" disabled={busy} onClick={save}>
        Export
      </button>
      {problem && (
        <span className="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}
