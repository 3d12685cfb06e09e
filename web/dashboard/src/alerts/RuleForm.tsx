import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import {
  type Channel,
  type Condition,
  channels,
  createRule,
  type Rule,
  type Simulation,
  simulateRule,
} from '../api/alerts';
import { figure } from '../lib/format';
import { useEventNames, useReport } from '../reports/context';
import { EventSelect } from '../reports/Retention';
import { Field, Form } from '../session/Form';
import { CONDITIONS, METRIC_NAMES, WINDOWS } from './sentence';

const COOLDOWNS = { '': 'every time', '10m': 'every 10 minutes', '1h': 'every hour', '1d': 'every day' };
const WATCHED = ['pageviews', 'events', 'visitors', 'visits', 'bounce_rate', 'total_revenue'];
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

function condition(kind: Condition['type'], value: number, event: string): Condition {
  switch (kind) {
    case 'above':
    case 'below':
      return { type: kind, value };
    case 'change':
      return { type: 'change', percent: value, direction: 'both', over: 'week' };
    case 'anomaly':
      return { type: 'anomaly', sensitivity: 'medium' };
    case 'event':
      return { type: 'event', event };
    default:
      return { type: 'no_data' };
  }
}

/** A rule as a sentence with gaps, and what it would have done in the last week. */
export function RuleForm() {
  const view = useReport();
  const names = useEventNames(view).filter((name) => name !== 'engagement');
  const client = useQueryClient();
  const { data: held } = useQuery({ queryKey: ['channels'], queryFn: ({ signal }) => channels(signal) });
  const [kind, setKind] = useState<Condition['type']>('above');
  const [event, setEvent] = useState('pageview');
  const [simulation, setSimulation] = useState<Simulation>();
  const [problem, setProblem] = useState<string>();
  const fields = useRef<HTMLDivElement>(null);

  const rule = (data: Record<string, string>, chosen: string[]): Rule => ({
    site_id: view.site,
    name: data.name ?? '',
    ...(kind !== 'event' && { metric: data.metric, window: data.window }),
    condition: condition(kind, Number(data.value ?? 0), event),
    ...(data.cooldown && { cooldown: data.cooldown }),
    channels: chosen,
  });
  const read = (): Rule => {
    const form = fields.current?.closest('form');
    const data = new FormData(form ?? undefined);
    const texts = Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
    return rule(texts, data.getAll('channel').map(String));
  };
  const simulate = async () => {
    setProblem(undefined);
    try {
      setSimulation(await simulateRule({ ...read(), name: read().name || 'Trial' }));
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <Form
      title="New alert"
      action="Keep it"
      submit={async () => {
        await createRule(read());
        setSimulation(undefined);
        await client.invalidateQueries({ queryKey: ['rules', view.site] });
      }}
    >
      <div ref={fields} className="sentence">
        Tell me when{' '}
        {kind === 'event' ? (
          <EventSelect label="Event" names={names} value={event} choose={setEvent} />
        ) : (
          <select name="metric" aria-label="Metric">
            {WATCHED.map((name) => (
              <option key={name} value={name}>
                {METRIC_NAMES[name] ?? name}
              </option>
            ))}
          </select>
        )}
        <select
          aria-label="Condition"
          value={kind}
          onChange={(change) => setKind(change.target.value as Condition['type'])}
        >
          {Object.entries(CONDITIONS).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        {(kind === 'above' || kind === 'below' || kind === 'change') && (
          <input name="value" type="number" min={0} required defaultValue={100} aria-label="Value" />
        )}
        {kind === 'change' && '% against a week before'}
        {kind !== 'event' && (
          <>
            {' within '}
            <select name="window" aria-label="Window" defaultValue="5m">
              {Object.entries(WINDOWS).map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </>
        )}
        , at most{' '}
        <select name="cooldown" aria-label="How often">
          {Object.entries(COOLDOWNS).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {held && held.length > 0 && <ChannelChoice held={held} />}
      <Field name="name" label="Name" required autoComplete="off" />
      <Button variant="default" onClick={simulate}>
        Try it on the last week
      </Button>
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
      {simulation && <Simulated of={simulation} />}
    </Form>
  );
}

function ChannelChoice({ held }: { held: Channel[] }) {
  return (
    <fieldset>
      <legend>By</legend>
      {held.map(({ id, name, type }) => (
        <label key={id} className="check">
          <input type="checkbox" name="channel" value={id} /> {name || type}
        </label>
      ))}
    </fieldset>
  );
}

function said(fired: number): string {
  if (fired === 0) return 'It would not have fired.';
  return `It would have fired ${fired === 1 ? 'once' : `${figure('events', fired)} times`}.`;
}

function Simulated({ of }: { of: Simulation }) {
  return (
    <div role="status">
      <p>
        <strong>{said(of.fired)}</strong>
      </p>
      {of.alerts.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Until</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {of.alerts.slice(0, 10).map(({ started_at, resolved_at, group, value }) => (
              <tr key={`${started_at} ${group}`}>
                <th scope="row">{moment.format(new Date(started_at))}</th>
                <td>{resolved_at ? moment.format(new Date(resolved_at)) : 'now'}</td>
                <td>{figure('events', value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
