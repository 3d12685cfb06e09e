import { Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import {
  acknowledge,
  deleteRule,
  type HeldRule,
  history,
  muteRule,
  rules,
  type Step,
  stepsPath,
} from '../api/alerts';
import { figure, moment } from '../lib/format';
import { useReport } from '../reports/context';
import { useMay } from '../session/data';
import { type Column, DataTable } from '../ui/DataTable';
import { useCurrency } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { Channels } from './Channels';
import { RuleForm } from './RuleForm';
import { sentence } from './sentence';

const KINDS: Record<string, string> = {
  'alert.firing': 'fired',
  'alert.announced': 'announced',
  'alert.acknowledged': 'acknowledged',
  'alert.resolved': 'resolved',
};
const SHOWN = 20;
const steps = (metric: (rule: string) => string, currency: string): Column<Step>[] => [
  {
    name: 'Alert',
    cell: ({ name, group, type }) => `${name}${group ? ` (${group})` : ''} ${KINDS[type] ?? type}`,
  },
  { name: 'Value', cell: ({ alert_id, value }) => figure(metric(alert_id), value, false, currency) },
  { name: 'When', cell: ({ timestamp }) => moment(timestamp) },
];

/** What happens to alerts is pushed; the lists of them are asked for as something does. */
function useSteps(site: string) {
  const client = useQueryClient();
  useEffect(() => {
    const source = new EventSource(stepsPath(site));
    const again = () => {
      for (const list of ['rules', 'alert history']) client.invalidateQueries({ queryKey: [list, site] });
    };
    for (const kind of Object.keys(KINDS)) source.addEventListener(kind, again);
    return () => source.close();
  }, [client, site]);
}

/** What is watched, what happened, and who is told. */
export function AlertsPage() {
  const { site } = useReport();
  const mayChange = useMay('write');
  useSteps(site);
  const [changing, setChanging] = useState<HeldRule>();
  // What was kept leaves an empty form.
  const [kept, setKept] = useState(0);
  const done = () => {
    setChanging(undefined);
    setKept(kept + 1);
  };
  useEffect(() => {
    document.title = `Alerts · ${site}`;
  }, [site]);
  return (
    <>
      <div className="tools">
        <h1>Alerts</h1>
      </div>
      <div className="panels first">
        <Rules site={site} change={setChanging} />
        <Past site={site} />
      </div>
      {mayChange && (
        <div className="panels">
          <RuleForm key={changing?.id ?? kept} rule={changing} done={done} />
          <Channels />
        </div>
      )}
    </>
  );
}

const rulesKey = (site: string) => ['rules', site];

const useRules = (site: string) =>
  useQuery({ queryKey: rulesKey(site), queryFn: ({ signal }) => rules(site, signal) });

function Rules({ site, change }: { site: string; change: (rule: HeldRule) => void }) {
  const client = useQueryClient();
  const mayChange = useMay('write');
  const { data, error, refetch } = useRules(site);
  const again = () => client.invalidateQueries({ queryKey: rulesKey(site) });
  return (
    <section className="card" aria-label="Rules">
      <h2>What is watched</h2>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={120} role="status" aria-label="Loading" />
      ) : data.length === 0 ? (
        <Nothing title="Nothing yet">
          {mayChange ? 'Say below what you want to hear of.' : 'The owner of this server can make alerts.'}
        </Nothing>
      ) : (
        <ul className="rules">
          {data.map((rule) => (
            <RuleRow key={rule.id} rule={rule} again={again} change={() => change(rule)} />
          ))}
        </ul>
      )}
    </section>
  );
}

interface RowProps {
  rule: HeldRule;
  again: () => void;
  change: () => void;
}

function RuleRow({ rule, again, change }: RowProps) {
  const mayChange = useMay('write');
  const unseen = rule.open.some(({ state }) => state === 'firing');
  const muted = rule.muted_until !== null && rule.muted_until > Date.now();
  return (
    <li>
      <State rule={rule} />
      <span>
        <strong>{rule.name}</strong>
        <br />
        <span className="soft">{sentence(rule)}</span>
        {muted && <span className="soft"> · silent until {moment(rule.muted_until ?? 0)}</span>}
        {rule.problem && <span className="problem"> {rule.problem}</span>}
      </span>
      {mayChange && (
        <span className="push">
          {unseen && (
            <button type="button" className="chip" onClick={() => acknowledge(rule.id).then(again)}>
              Acknowledge
            </button>
          )}
          <button type="button" className="plain" aria-label={`Change ${rule.name}`} onClick={change}>
            Change
          </button>
          <button
            type="button"
            className="plain"
            aria-label={muted ? `Hear of ${rule.name} again` : `Silence ${rule.name} for an hour`}
            onClick={() => muteRule(rule.id, muted ? '0s' : '1h').then(again)}
          >
            {muted ? 'Hear again' : 'Silence'}
          </button>
          <button
            type="button"
            className="plain"
            aria-label={`Delete ${rule.name}`}
            onClick={() => deleteRule(rule.id).then(again)}
          >
            ×
          </button>
        </span>
      )}
    </li>
  );
}

function State({ rule }: { rule: HeldRule }) {
  const open = rule.open.length > 0;
  return <span className={open ? 'dot firing' : 'dot'} role="img" aria-label={open ? 'Firing' : 'Quiet'} />;
}

function Past({ site }: { site: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['alert history', site],
    queryFn: ({ signal }) => history(site, signal),
  });
  const held = useRules(site).data;
  const currency = useCurrency(site);
  // Of a rule that is gone nobody knows what it watched.
  const metric = (rule: string) => held?.find(({ id }) => id === rule)?.metric ?? 'events';
  return (
    <section className="card" aria-label="History">
      <h2>What happened</h2>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={120} role="status" aria-label="Loading" />
      ) : data.length === 0 ? (
        <Nothing title="No alert yet">Each one is listed here, with its value and when it ended.</Nothing>
      ) : (
        <DataTable columns={steps(metric, currency)} rows={data.slice(0, SHOWN)} id={({ id }) => id} flow />
      )}
    </section>
  );
}
