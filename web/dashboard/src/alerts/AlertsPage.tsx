import { Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { deleteRule, type HeldRule, history, rules } from '../api/alerts';
import { figure } from '../lib/format';
import { useReport } from '../reports/context';
import { useMay } from '../session/data';
import { Failure, Nothing } from '../ui/Notice';
import { Channels } from './Channels';
import { RuleForm } from './RuleForm';
import { sentence } from './sentence';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const KINDS: Record<string, string> = {
  'alert.firing': 'fired',
  'alert.announced': 'announced',
  'alert.acknowledged': 'acknowledged',
  'alert.resolved': 'resolved',
};
const SHOWN = 20;

/** What is watched, what happened, and who is told. */
export function AlertsPage() {
  const { site } = useReport();
  const mayChange = useMay('write');
  useEffect(() => {
    document.title = `Alerts · ${site}`;
  }, [site]);
  return (
    <>
      <h1 className="hidden">Alerts</h1>
      <div className="panels first">
        <Rules site={site} />
        <Past site={site} />
      </div>
      {mayChange && (
        <div className="panels">
          <RuleForm />
          <Channels />
        </div>
      )}
    </>
  );
}

function Rules({ site }: { site: string }) {
  const client = useQueryClient();
  const mayChange = useMay('write');
  const key = ['rules', site];
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: ({ signal }) => rules(site, signal) });
  const remove = (id: string) => deleteRule(id).then(() => client.invalidateQueries({ queryKey: key }));
  return (
    <section className="card" aria-label="Rules">
      <h2>What is watched</h2>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={120} aria-label="Loading" />
      ) : data.length === 0 ? (
        <Nothing title="Nothing yet">
          {mayChange ? 'Say below what you want to hear of.' : 'The owner of this server can make alerts.'}
        </Nothing>
      ) : (
        <ul className="rules">
          {data.map((rule) => (
            <li key={rule.id}>
              <State rule={rule} />
              <span>
                <strong>{rule.name}</strong>
                <br />
                <span className="soft">{sentence(rule)}</span>
                {rule.problem && <span className="problem"> {rule.problem}</span>}
              </span>
              {mayChange && (
                <button
                  type="button"
                  className="plain push"
                  aria-label={`Delete ${rule.name}`}
                  onClick={() => remove(rule.id)}
                >
                  ×
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
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
  return (
    <section className="card" aria-label="History">
      <h2>What happened</h2>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={120} aria-label="Loading" />
      ) : data.length === 0 ? (
        <Nothing title="No alert yet" />
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Alert</th>
              <th scope="col">Value</th>
              <th scope="col">When</th>
            </tr>
          </thead>
          <tbody>
            {data.slice(0, SHOWN).map((step) => (
              <tr key={step.id}>
                <th scope="row">
                  {step.name} {KINDS[step.type] ?? step.type}
                </th>
                <td>{figure('events', step.value)}</td>
                <td>{moment.format(new Date(step.timestamp))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
