import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { models } from '../api/models';
import { useReport } from '../reports/context';
import { useMay } from '../session/data';
import { Failure, Nothing } from '../ui/Notice';
import { modelsKey } from './kinds';
import { ModelCard } from './ModelCard';
import { NewModel } from './NewModel';

/** What is learned from a site: training, versions, how good they are, which of them is in use. */
export function ModelsPage() {
  const { site } = useReport();
  const mayChange = useMay('write');
  const { data, error, refetch } = useQuery({
    queryKey: modelsKey(site),
    queryFn: ({ signal }) => models(site, signal),
  });
  useEffect(() => {
    document.title = `Models · ${site}`;
  }, [site]);
  return (
    <>
      <div className="tools">
        <h1>Models</h1>
      </div>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={300} role="status" aria-label="Loading" />
      ) : data.length === 0 ? (
        <section className="card" aria-label="Models">
          <Nothing title="Nothing is learned yet">
            {mayChange
              ? 'Train the first model below. What it learns stays on this machine.'
              : 'The owner of this server can train models.'}
          </Nothing>
        </section>
      ) : (
        <div className="cards">
          {data.map((model) => (
            <ModelCard key={model.id} site={site} model={model} />
          ))}
        </div>
      )}
      {mayChange && <NewModel site={site} />}
    </>
  );
}
