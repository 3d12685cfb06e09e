import { Skeleton } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { acknowledge, deleteRule, type HeldRule, muteRule } from '../api/alerts';
import { moment } from '../lib/format';
import { useMay } from '../session/data';
import { Failure, Nothing } from '../ui/Notice';
import { often, sentence } from './sentence';
import { useChannels } from './useChannels';
import { rulesKey, useRules } from './useRules';

/** What is watched, and whether it is as it should be. */
export function Rules({ site, change }: { site: string; change: (rule: HeldRule) => void }) {
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
  const remove = () =>
    confirm(`Delete the rule “${rule.name}”? Nobody is told any more. What happened stays listed.`) &&
    deleteRule(rule.id).then(again);
  return (
    <li>
      <State open={rule.open.length > 0} muted={muted} />
      <span>
        <strong>{rule.name}</strong>
        <br />
        <span className="soft">
          {sentence(rule)}, {often(rule)}
        </span>
        {mayChange && <Told by={rule.channels} />}
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
          <button type="button" className="plain" aria-label={`Delete ${rule.name}`} onClick={remove}>
            ×
          </button>
        </span>
      )}
    </li>
  );
}

/** Where a rule tells what it finds. */
function Told({ by }: { by: string[] }) {
  const { data } = useChannels();
  if (!data) return null;
  const names = data.filter(({ id }) => by.includes(id)).map(({ name, type }) => name || type);
  return <span className="soft"> · {names.length ? `tells ${names.join(', ')}` : 'tells nobody'}</span>;
}

/** A rule that is silent still watches, and shows what it finds. */
function State({ open, muted }: { open: boolean; muted: boolean }) {
  const look = `dot${open ? ' firing' : ''}${muted ? ' muted' : ''}`;
  const text = open ? (muted ? 'Firing, silenced' : 'Firing') : muted ? 'Silenced' : 'Quiet';
  return <span className={look} role="img" aria-label={text} title={text} />;
}
