import { Skeleton } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { defaultParseSearch, Link } from '@tanstack/react-router';
import { acknowledge, closeAlert, type HeldRule, muteRule, type Slice, type Step } from '../api/alerts';
import { figure, moment, momentRange } from '../lib/format';
import { readSearch } from '../lib/search';
import { useMay } from '../session/data';
import { named, rowName } from '../site/names';
import { Change } from '../ui/Change';
import { type Column, DataTable } from '../ui/DataTable';
import { useCurrency } from '../ui/data';
import { Failure } from '../ui/Notice';
import {
  type AlertState,
  bandText,
  metricOf,
  type Opening,
  REASONS,
  STEPS,
  stateOf,
  written,
} from './openings';
import { StateBadge } from './StateBadge';
import { often, sentence } from './sentence';
import { useHappened } from './useHappened';
import { rulesKey, useRules } from './useRules';

interface Props {
  site: string;
  /** The id of a step of the alert. */
  step: number;
  /** Alerts of which more than that step may be known. */
  known: Opening[];
}

/** One alert: what was measured and expected, where it comes from, what became of it. */
export function Happened({ site, step, known }: Props) {
  const { one, data, error, refetch } = useHappened(site, step, known);
  return (
    <>
      {one && <About site={site} one={one} />}
      {/* What came after it fired is part of it. */}
      <h3 className="below">Where it comes from, of the whole time</h3>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={180} role="status" aria-label="Loading" />
      ) : (
        <Slices site={site} step={data} />
      )}
    </>
  );
}

function About({ site, one }: { site: string; one: Opening }) {
  const rules = useRules(site).data;
  const currency = useCurrency(site);
  const { first, reason } = one;
  const rule = rules?.find(({ id }) => id === first.alert_id);
  const metric = metricOf(first, rules);
  const state = stateOf(one, rules);
  return (
    <>
      <p>
        <StateBadge state={state} />{' '}
        {rule ? `${sentence(rule)}, ${often(rule)}` : <Former step={first} site={site} />}
      </p>
      <dl className="facts narrow">
        <Fact name="Measured">
          <strong>{written(metric, first.value, currency)}</strong>
          {first.type === 'alert.firing' && ' when it fired'}
        </Fact>
        {first.band && <Fact name="Expected">{bandText(metric, first.band, currency)}</Fact>}
        <Fact name="In the time">{momentRange(first.window.from, first.window.to)}</Fact>
        {reason && <Fact name="Over because">{REASONS[reason] ?? reason.replaceAll('_', ' ')}</Fact>}
      </dl>
      <h3 className="below">What became of it</h3>
      <ol className="stream" aria-label="What became of it">
        {one.steps.map((step) => (
          <li key={step.id}>
            <time dateTime={step.timestamp}>{moment(step.timestamp)}</time>
            <span>{stepText(step)}</span>
          </li>
        ))}
      </ol>
      <div className="tools below">
        <GraphLink site={site} url={first.url} />
        <Actions site={site} one={one} state={state} rule={rule} />
      </div>
    </>
  );
}

/** What a rule said that is gone by now, as far as its alert tells. */
const Former = ({ step: { name, metric, condition }, site }: { step: Step; site: string }) => (
  <>
    {sentence({ site_id: site, name, condition, channels: [], ...(metric && { metric }) })}{' '}
    <span className="soft">(the rule is gone)</span>
  </>
);

/** Programs and people without a name are known by an id, which says nothing to anybody. */
const stepText = ({ type, by }: Step) =>
  `${STEPS[type] ?? type}${by && !/^(person|key|link) /.test(by) ? ` by ${by}` : ''}`;

const Fact = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** The page of the site as it shows what the alert is about. */
function GraphLink({ site, url }: { site: string; url: string }) {
  const search = readSearch(defaultParseSearch(URL.canParse(url) ? new URL(url).search : ''));
  return (
    <Link to="/sites/$site" params={{ site }} search={search} className="button quiet">
      Look at the graph
    </Link>
  );
}

const SILENCES = { '1h': 'an hour', '1d': 'a day', '7d': 'a week' };

interface ActionsProps {
  site: string;
  one: Opening;
  state: AlertState;
  rule: HeldRule | undefined;
}

/** What people do about an alert. */
function Actions({ site, one, state, rule }: ActionsProps) {
  const client = useQueryClient();
  const mayChange = useMay('write');
  if (!mayChange || !rule) return null;
  const again = () => client.invalidateQueries({ queryKey: rulesKey(site) });
  const muted = rule.muted_until !== null && rule.muted_until > Date.now();
  return (
    <>
      {state === 'firing' && (
        <button type="button" className="chip" onClick={() => acknowledge(rule.id, one.id).then(again)}>
          Acknowledge
        </button>
      )}
      {state !== 'over' && (
        <button type="button" className="chip" onClick={() => closeAlert(rule.id, one.id).then(again)}>
          Close it
        </button>
      )}
      {muted ? (
        <button type="button" className="chip" onClick={() => muteRule(rule.id, '0s').then(again)}>
          Hear of this rule again
        </button>
      ) : (
        <select
          aria-label="Silence the rule"
          value=""
          onChange={(event) => muteRule(rule.id, event.target.value).then(again)}
        >
          <option value="">Silence the rule for…</option>
          {Object.entries(SILENCES).map(([time, text]) => (
            <option key={time} value={time}>
              {text}
            </option>
          ))}
        </select>
      )}
      {muted && <span className="soft">Silent until {moment(rule.muted_until ?? 0)}</span>}
    </>
  );
}

/** The parts of the traffic that changed most, against the stretch before that of the alert. */
function Slices({ site, step }: { site: string; step: Step & { slices: Slice[] } }) {
  const rules = useRules(site).data;
  const currency = useCurrency(site);
  const metric = metricOf(step, rules);
  if (step.slices.length === 0)
    return (
      <p className="soft">
        No part of the traffic stands out: it changed everywhere alike, or is one thing only.
      </p>
    );
  const columns: Column<Slice>[] = [
    { name: 'Where', cell: ({ dimension, value }) => `${named(dimension)}: ${rowName(dimension, value)}` },
    { name: 'Time before', cell: ({ before }) => written(metric, before, currency) },
    { name: 'Then', cell: ({ after }) => written(metric, after, currency) },
    { name: 'Change', cell: ({ before, after }) => <Change metric={metric} value={after} old={before} /> },
    { name: 'Of what went this way', cell: ({ share }) => figure('percentage', 100 * share) },
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label="Causes" tabIndex={0}>
      <DataTable
        columns={columns}
        rows={step.slices}
        id={({ dimension, value }) => `${dimension} ${value}`}
        flow
      />
    </section>
  );
}
