import type { Condition } from '../api/alerts';
import { EventSelect } from '../reports/Retention';
import { DIMENSIONS } from '../site/names';
import { isMeasured } from './rule';
import { CONDITIONS, DIRECTIONS, METRIC_NAMES, OVER, WINDOWS } from './sentence';

const COOLDOWNS = { '': 'every time', '10m': 'every 10 minutes', '1h': 'every hour', '1d': 'every day' };
const WATCHED = ['pageviews', 'events', 'visitors', 'visits', 'bounce_rate', 'total_revenue'];
const SENSITIVITIES = { low: 'far out', medium: 'unusual', high: 'a little odd' };
/** What alerts can be told apart by; the program names them without their scope. */
const GROUPS = { source: 'source', country: 'country', page: 'page', device: 'device', browser: 'browser' };

interface Props {
  kind: Condition['type'];
  setKind: (kind: Condition['type']) => void;
  events: string[];
  event: string;
  setEvent: (event: string) => void;
}

/** The sentence of a rule, with gaps. */
export function Gaps({ kind, setKind, events, event, setEvent }: Props) {
  return (
    <>
      Tell me when <Subject kind={kind} events={events} event={event} setEvent={setEvent} />
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
      <Amount kind={kind} />
      {isMeasured(kind) && (
        <>
          {' within '}
          <Options name="window" label="Window" options={WINDOWS} value="5m" />
        </>
      )}
      {' and do so '}
      <Options name="cooldown" label="How often" options={COOLDOWNS} />
    </>
  );
}

/** What is watched. */
function Subject({ kind, events, event, setEvent }: Omit<Props, 'setKind'>) {
  if (kind === 'event')
    return (
      <>
        <EventSelect label="Event" names={events} value={event} choose={setEvent} />
        <input type="hidden" name="event" value={event} />
      </>
    );
  if (kind === 'new_value') return <Options name="group" label="What" options={GROUPS} />;
  return (
    <Options
      name="metric"
      label="Metric"
      options={Object.fromEntries(WATCHED.map((name) => [name, METRIC_NAMES[name] ?? name]))}
    />
  );
}

/** How much, or how odd. */
function Amount({ kind }: { kind: Condition['type'] }) {
  const value = <input name="value" type="number" min={0} required defaultValue={100} aria-label="Value" />;
  if (kind === 'above' || kind === 'below') return value;
  if (kind === 'change')
    return (
      <>
        {value}%<Options name="direction" label="Direction" options={DIRECTIONS} />
        against <Options name="over" label="Against" options={OVER} value="week" />
      </>
    );
  if (kind === 'anomaly')
    return <Options name="sensitivity" label="How unusual" options={SENSITIVITIES} value="medium" />;
  return null;
}

/** Of what part of the traffic, and whether each value is watched on its own. */
export function Parts({ grouped }: { grouped: boolean }) {
  return (
    <details className="more">
      <summary>Only a part, or each part on its own</summary>
      <div className="sentence">
        Only where <Options name="filtered" label="Only where" options={{ '': 'anything', ...DIMENSIONS }} />
        is <input name="only" aria-label="is" autoComplete="off" />
      </div>
      {grouped && (
        <div className="sentence">
          One alert for <Options name="group" label="One alert for" options={{ '': 'all', ...GROUPS }} />
        </div>
      )}
    </details>
  );
}

interface OptionsProps {
  name: string;
  label: string;
  options: Record<string, string>;
  value?: string;
}

function Options({ name, label, options, value }: OptionsProps) {
  return (
    <select name={name} aria-label={label} defaultValue={value}>
      {Object.entries(options).map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  );
}
