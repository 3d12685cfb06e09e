import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import {
  cancelTraining,
  deleteModel,
  type Model,
  type Progress,
  type Training,
  trainModel,
  watchTraining,
} from '../api/models';
import { figure, moment } from '../lib/format';
import { useMay } from '../session/data';
import { KINDS, modelsKey, SCORES } from './kinds';
import { isPoor, measure, measureHint, measureName } from './measures';
import { Predictions } from './Predictions';
import { Versions } from './Versions';

/** A distance that is worth a look, by the usual reading of the population stability index. */
const DRIFTED = 0.2;
const SHOWN = 4;

/** A model: what is in use, how good it is, and what is being done with it. */
export function ModelCard({ site, model }: { site: string; model: Model }) {
  const client = useQueryClient();
  const mayChange = useMay('write');
  const [problem, setProblem] = useState<string>();
  const [open, setOpen] = useState(false);
  const { id, name, kind, live, versions, training, drift } = model;
  const act = async (what: Promise<unknown>) => {
    setProblem(undefined);
    try {
      await what;
    } catch (error) {
      setProblem((error as Error).message);
    }
    await client.invalidateQueries({ queryKey: modelsKey(site) });
  };
  const busy = training?.state === 'queued' || training?.state === 'running';
  return (
    <section className={open ? 'card opened' : 'card'} aria-label={name}>
      <div className="head">
        <h2>{name}</h2>
        <span className="badge">{KINDS[kind]?.label ?? kind}</span>
        <span className={live ? 'push badge good' : 'push badge'}>
          {live ? `version ${live.version} is live` : 'not in use'}
        </span>
      </div>
      <p className="soft">{KINDS[kind]?.says}</p>
      {live && (
        <dl className="facts">
          {Object.entries(live.metrics)
            .slice(0, SHOWN)
            .map(([metric, value]) => (
              <div key={metric}>
                <dt>
                  {measureName(metric)}
                  <small>{measureHint(metric)}</small>
                </dt>
                <dd className={isPoor(metric, value) ? 'down' : undefined}>
                  {measure(metric, value)}
                  {isPoor(metric, value) && <small>poor</small>}
                </dd>
              </div>
            ))}
          <div>
            <dt>Learned from</dt>
            <dd>{figure('events', live.rows)} rows</dd>
          </div>
          {drift !== null && (
            <div>
              <dt>
                Its world has changed by
                <small>{`from ${DRIFTED} on it is time to train anew`}</small>
              </dt>
              <dd className={drift > DRIFTED ? 'down' : undefined}>{drift.toFixed(2)}</dd>
            </div>
          )}
        </dl>
      )}
      {training && (busy ? <Learning site={site} id={id} /> : <Trained training={training} />)}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="foot">
        {versions > 0 && (
          <button type="button" className="chip" aria-pressed={open} onClick={() => setOpen(!open)}>
            Version history ({versions})
          </button>
        )}
        {mayChange && (
          <>
            <Button size="xs" variant="default" disabled={busy} onClick={() => act(trainModel(id))}>
              Train anew
            </Button>
            <button
              type="button"
              className="plain"
              aria-label={`Delete ${name}`}
              onClick={() => confirm(`Delete ${name} and its versions?`) && act(deleteModel(id))}
            >
              Delete
            </button>
          </>
        )}
      </div>
      {open && <Versions model={model} act={act} />}
      {live && SCORES.has(kind) && <Predictions id={id} kind={kind} />}
    </section>
  );
}

const STEPS: Record<string, string> = {
  queued: 'Waits for its turn',
  reading: 'Reads what happened',
  training: 'Learns',
  judging: 'Is judged on what it has not seen',
  promoting: 'Is compared with what is in use',
  writing: 'Is written down',
  done: 'Is done',
  failed: 'Failed',
  cancelled: 'Stopped',
};

/** After these nothing is told. */
const ENDS: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled']);

/** How far the training is, as it is pushed. */
function Learning({ site, id }: { site: string; id: string }) {
  const client = useQueryClient();
  const [progress, setProgress] = useState<Progress>();
  useEffect(() => {
    const stop = new AbortController();
    // Then the list says what became of it.
    const over = () => {
      if (!stop.signal.aborted) client.invalidateQueries({ queryKey: modelsKey(site) });
    };
    watchTraining(id, stop.signal, (next) => {
      setProgress(next);
      if (ENDS.has(next.step)) over();
    })
      .catch(() => {
        // a connection that was lost is over as well
      })
      .finally(over);
    return () => stop.abort();
  }, [client, site, id]);
  return (
    <div role="status">
      <div className="head">
        <span className="soft">{STEPS[progress?.step ?? 'queued'] ?? progress?.step}</span>
        <button type="button" className="plain push" onClick={() => cancelTraining(id)}>
          Stop
        </button>
      </div>
      <progress aria-label="Training" max={1} value={progress?.done ?? 0} />
    </div>
  );
}

/** How the last training ended. */
function Trained({ training: { state, cause, result, finished_at } }: { training: Training }) {
  const when = finished_at ? moment(finished_at) : '';
  if (state === 'failed')
    return (
      <p className="problem">
        The training of {when} failed: {result?.error?.message ?? 'no reason is known'}
      </p>
    );
  return (
    <p className="soft">
      {state === 'cancelled' ? 'Stopped' : 'Trained'} {when}
      {cause === 'drift' && ' because its world had changed'}
      {cause === 'schedule' && ' by its schedule'}
    </p>
  );
}
