import { useState } from 'react';
import type { Condition } from '../api/alerts';
import type { Measure } from '../api/measures';
import { isDuration, isMoney, isRate } from '../lib/format';
import { EventSelect } from '../reports/Retention';
import { DIMENSIONS } from '../site/names';
import { ValueField } from '../site/Values';
import { cooldownOf, type Fields, isMeasured } from './rule';
import { CONDITIONS, COOLDOWNS, cooldownName, DIRECTIONS, OVER } from './sentence';
import { GROUPS, offered, watching } from './watchable';

const SENSITIVITIES = { low: 'far out', medium: 'unusual', high: 'a little odd' };

interface Props {
  /** What the gaps hold at first. */
  first: Fields;
  kind: Condition['type'];
  setKind: (kind: Condition['type']) => void;
  metric: string;
  setMetric: (metric: string) => void;
  /** The series or goal that a rule made elsewhere watches, in place of a metric. */
  defined: string | undefined;
  /** What is counted of a value that is new. */
  newOf: string;
  /** Metrics of the site's own. */
  own: Measure[];
  currency: string;
  events: string[];
  event: string;
  setEvent: (event: string) => void;
}

/** The sentence of a rule, with gaps. */
export function Gaps({ setKind, currency, ...subject }: Props) {
  const { first, kind, metric, own } = subject;
  const { windows } = watching(metric, own);
  // A window of a rule stays with its metric: of others there may be none so long.
  const cooldown = cooldownOf(first.cooldown, COOLDOWNS);
  const window = metric === (first.metric ?? '') ? first.window : undefined;
  return (
    <>
      Tell me when <Subject {...subject} />
      <select
        aria-label="Condition"
        value={kind}
        onChange={(change) => setKind(change.target.value as Condition['type'])}
      >
        <Listed options={CONDITIONS} />
      </select>
      <Amount first={first} kind={kind} unit={unitOf(metric, currency)} />
      {isMeasured(kind) && (
        <>
          {' within '}
          <Options
            key={Object.keys(windows).join()}
            name="window"
            label="Window"
            options={windows}
            value={window ?? ('5m' in windows ? '5m' : undefined)}
          />
        </>
      )}
      {' and do so '}
      <Options
        name="cooldown"
        label="How often"
        options={{ ...COOLDOWNS, [cooldown]: cooldownName(cooldown) }}
        value={cooldown}
      />
    </>
  );
}

/** What is watched. */
function Subject({
  first,
  kind,
  metric,
  setMetric,
  defined,
  newOf,
  own,
  events,
  event,
  setEvent,
}: Omit<Props, 'setKind' | 'currency'>) {
  if (kind === 'event')
    return (
      <>
        <EventSelect label="Event" names={events} value={event} choose={setEvent} />
        <input type="hidden" name="event" value={event} />
      </>
    );
  if (kind === 'new_value')
    return (
      <>
        <Options name="group" label="What" options={GROUPS} value={first.group} />
        <input type="hidden" name="metric" value={newOf} />
      </>
    );
  const { every, own: theirs } = offered(own);
  // A rule made elsewhere may watch what is not offered here.
  const isOffered = metric in every || metric in theirs;
  return (
    <select
      name="metric"
      aria-label="Metric"
      value={metric}
      onChange={(change) => setMetric(change.target.value)}
    >
      {defined && <option value="">{defined}</option>}
      {metric && !isOffered && <option value={metric}>{metric}</option>}
      <Listed options={every} />
      {Object.keys(theirs).length > 0 && (
        <optgroup label="Your own">
          <Listed options={theirs} />
        </optgroup>
      )}
    </select>
  );
}

/** What a threshold is counted in. */
function unitOf(metric: string, currency: string): string {
  if (isRate(metric)) return '%';
  if (isDuration(metric)) return 'seconds';
  return isMoney(metric) ? currency : '';
}

/** How much, or how odd. */
function Amount({ first, kind, unit }: Pick<Props, 'first' | 'kind'> & { unit: string }) {
  const value = (
    <input
      name="value"
      type="number"
      min={0}
      step="any"
      required
      defaultValue={first.value ?? 100}
      aria-label="Value"
    />
  );
  const direction = (
    <Options name="direction" label="Direction" options={DIRECTIONS} value={first.direction} />
  );
  if (kind === 'above' || kind === 'below')
    return (
      <>
        {value} {unit}
      </>
    );
  if (kind === 'change')
    return (
      <>
        {value}%{direction}
        against <Options name="over" label="Against" options={OVER} value={first.over ?? 'week'} />
      </>
    );
  if (kind === 'anomaly')
    return (
      <Options
        name="sensitivity"
        label="How unusual"
        options={SENSITIVITIES}
        value={first.sensitivity ?? 'medium'}
      />
    );
  if (kind === 'forecast_breach') return direction;
  return null;
}

interface PartsProps {
  site: string;
  first: Fields;
  /** What is watched; of what fires with an event itself, nothing. */
  metric: string | null;
  own: Measure[];
  /** Whether the form can say of which part the rule is. */
  isSaid: boolean;
  /** Called when something of it becomes another. */
  change: () => void;
}

/** Of what part of the traffic, and whether each value is watched on its own. */
export function Parts({ site, first, metric, own, isSaid, change }: PartsProps) {
  const { need, groups } = watching(metric ?? '', own);
  const needs = metric !== null && isSaid ? need : undefined;
  const [filtered, setFiltered] = useState(first.filtered ?? needs?.dimension ?? '');
  const isOpen = first.filtered || needs || (metric !== null && (first.group || !('' in groups)));
  return (
    <details className="more" open={Boolean(isOpen)} onChange={change}>
      <summary>Only a part, or each part on its own</summary>
      {needs && <p className="soft">{needs.ask}</p>}
      <div className="sentence">
        Only where{' '}
        <select
          name="filtered"
          aria-label="Only where"
          value={filtered}
          onChange={(event) => setFiltered(event.target.value)}
        >
          <Listed options={{ '': 'anything', ...DIMENSIONS }} />
        </select>
        is{' '}
        <ValueField
          key={filtered}
          site={site}
          name="only"
          label="is"
          dimension={filtered}
          value={filtered === first.filtered ? (first.only ?? '') : ''}
        />
      </div>
      {metric !== null && (
        <div className="sentence">
          One alert for <Options name="group" label="One alert for" options={groups} value={first.group} />
        </div>
      )}
    </details>
  );
}

interface OptionsProps {
  name: string;
  label: string;
  options: Record<string, string>;
  value?: string | undefined;
}

function Options({ name, label, options, value }: OptionsProps) {
  return (
    <select name={name} aria-label={label} defaultValue={value}>
      {/* A rule made elsewhere may say what is not offered here. */}
      <Listed options={value && !(value in options) ? { ...options, [value]: value } : options} />
    </select>
  );
}

const Listed = ({ options }: { options: Record<string, string> }) =>
  Object.entries(options).map(([one, text]) => (
    <option key={one} value={one}>
      {text}
    </option>
  ));
