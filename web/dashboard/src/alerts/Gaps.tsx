import { useState } from 'react';
import type { Condition } from '../api/alerts';
import { EventSelect } from '../reports/Retention';
import { DIMENSIONS } from '../site/names';
import { ValueField } from '../site/Values';
import { type Fields, isMeasured } from './rule';
import { CONDITIONS, DIRECTIONS, METRIC_NAMES, OVER, WINDOWS } from './sentence';

const COOLDOWNS = { '': 'every time', '10m': 'every 10 minutes', '1h': 'every hour', '1d': 'every day' };
const WATCHED = ['pageviews', 'events', 'visitors', 'visits', 'bounce_rate', 'total_revenue'];
const SENSITIVITIES = { low: 'far out', medium: 'unusual', high: 'a little odd' };
/** What alerts can be told apart by; the program names them without their scope. */
const GROUPS = { source: 'source', country: 'country', page: 'page', device: 'device', browser: 'browser' };

interface Props {
  /** What the gaps hold at first. */
  first: Fields;
  kind: Condition['type'];
  setKind: (kind: Condition['type']) => void;
  events: string[];
  event: string;
  setEvent: (event: string) => void;
}

/** The sentence of a rule, with gaps. */
export function Gaps({ first, kind, setKind, events, event, setEvent }: Props) {
  return (
    <>
      Tell me when <Subject first={first} kind={kind} events={events} event={event} setEvent={setEvent} />
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
      <Amount first={first} kind={kind} />
      {isMeasured(kind) && (
        <>
          {' within '}
          <Options name="window" label="Window" options={WINDOWS} value={first.window ?? '5m'} />
        </>
      )}
      {' and do so '}
      <Options name="cooldown" label="How often" options={COOLDOWNS} value={first.cooldown} />
    </>
  );
}

/** What is watched. */
function Subject({ first, kind, events, event, setEvent }: Omit<Props, 'setKind'>) {
  if (kind === 'event')
    return (
      <>
        <EventSelect label="Event" names={events} value={event} choose={setEvent} />
        <input type="hidden" name="event" value={event} />
      </>
    );
  if (kind === 'new_value') return <Options name="group" label="What" options={GROUPS} value={first.group} />;
  return (
    <Options
      name="metric"
      label="Metric"
      options={Object.fromEntries(WATCHED.map((name) => [name, METRIC_NAMES[name] ?? name]))}
      value={first.metric}
    />
  );
}

/** How much, or how odd. */
function Amount({ first, kind }: Pick<Props, 'first' | 'kind'>) {
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
  if (kind === 'above' || kind === 'below') return value;
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

/** Of what part of the traffic, and whether each value is watched on its own. */
interface PartsProps {
  site: string;
  first: Fields;
  grouped: boolean;
}

export function Parts({ site, first, grouped }: PartsProps) {
  const [filtered, setFiltered] = useState(first.filtered ?? '');
  return (
    <details className="more" open={Boolean(first.filtered || (grouped && first.group))}>
      <summary>Only a part, or each part on its own</summary>
      <div className="sentence">
        Only where{' '}
        <select
          name="filtered"
          aria-label="Only where"
          value={filtered}
          onChange={(event) => setFiltered(event.target.value)}
        >
          {Object.entries({ '': 'anything', ...DIMENSIONS }).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
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
      {grouped && (
        <div className="sentence">
          One alert for{' '}
          <Options
            name="group"
            label="One alert for"
            options={{ '': 'all', ...GROUPS }}
            value={first.group}
          />
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
      {Object.entries(value && !(value in options) ? { ...options, [value]: value } : options).map(
        ([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ),
      )}
    </select>
  );
}
