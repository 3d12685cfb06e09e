import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import {
  type Channel,
  type Condition,
  changeRule,
  createRule,
  type HeldRule,
  type Rule,
  type Simulation,
  simulateRule,
} from '../api/alerts';
import { useEventNames, useReport } from '../reports/context';
import { Field, Form } from '../session/Form';
import { told } from '../session/told';
import { useMeasures } from '../site/useMeasures';
import { useCurrency } from '../ui/data';
import { Gaps, Parts } from './Gaps';
import { changed, fieldsOf, isMeasured, isShown, ruleOf, unfolded } from './rule';
import { Simulated } from './Simulated';
import { definedName } from './sentence';
import { useChannels } from './useChannels';
import { missing, watching } from './watchable';

interface Props {
  /** The rule that is changed; without one, another is made. */
  rule?: HeldRule | undefined;
  done: () => void;
}

/** A rule as a sentence with gaps, and what it would have done in the last week. */
export function RuleForm({ rule, done }: Props) {
  const view = useReport();
  const events = useEventNames(view).filter((name) => name !== 'engagement');
  const client = useQueryClient();
  const { data: held } = useChannels();
  const [kind, setKind] = useState<Condition['type']>(rule?.condition.type ?? 'above');
  const [event, setEvent] = useState(rule?.condition.type === 'event' ? rule.condition.event : 'pageview');
  const plain = rule && unfolded(rule);
  const first = plain ? fieldsOf(plain) : {};
  // What the form cannot say stays as it is, and may be what a metric needs.
  const isSaid = isShown(plain?.filters);
  // A series or goal is kept by a metric that says nothing.
  const defined = plain && definedName(plain);
  const [metric, setMetric] = useState(first.metric ?? (defined ? '' : 'pageviews'));
  // What has a new value counts something as well: events, where nobody said otherwise elsewhere.
  const newOf = rule?.condition.type === 'new_value' ? (first.metric ?? '') : 'events';
  const own = useMeasures(view.site);
  const currency = useCurrency(view.site);
  const [trial, setTrial] = useState<{ of: Simulation; metric: string }>();
  const [problem, setProblem] = useState<string>();
  const trials = useRef(0);
  const fields = useRef<HTMLDivElement>(null);
  const [ticked, setTicked] = useState(rule?.channels);
  // With one channel alone there is little doubt where a new rule is to tell.
  const telling = ticked ?? (held?.length === 1 ? held.map(({ id }) => id) : []);
  const tellsNobody = held && !held.some(({ id }) => telling.includes(id));
  // The form may be out of sight from where somebody asked to change a rule.
  useEffect(() => {
    if (!rule) return;
    fields.current?.closest('form')?.scrollIntoView({ block: 'nearest' });
    fields.current?.querySelector<HTMLElement>('select, input')?.focus();
  }, [rule]);

  const read = (): Rule => {
    const data = new FormData(fields.current?.closest('form') ?? undefined);
    const texts = Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
    const lacking = isSaid && missing(texts.metric, texts);
    if (lacking) throw new Error(lacking);
    const said = ruleOf(view.site, kind, texts, data.getAll('channel').map(String));
    return { ...said, ...(defined && !said.metric && kind !== 'event' && { query: rule?.query }) };
  };
  /** What another sentence would have done is no answer to this one, also where it is still on its way. */
  const forget = () => {
    trials.current++;
    setTrial(undefined);
    setProblem(undefined);
  };
  const simulate = async () => {
    // A trial needs no name; the gaps of the sentence are those that are kept.
    const wrong = fields.current?.querySelector<HTMLInputElement>(':invalid');
    if (wrong) return wrong.reportValidity();
    forget();
    const turn = trials.current;
    const show = (act: () => void) => turn === trials.current && act();
    try {
      const said = read();
      const of = await simulateRule({ ...said, name: said.name || 'Trial' });
      show(() => setTrial({ of, metric: said.metric ?? 'events' }));
    } catch (error) {
      show(() => setProblem(told(error as Error, fields.current?.closest('form') ?? undefined)));
    }
  };
  return (
    <Form
      title={rule ? `Change ${rule.name}` : 'New alert'}
      action="Keep it"
      submit={async () => {
        await (rule ? changeRule(rule.id, changed(rule, read())) : createRule(read()));
        forget();
        await client.invalidateQueries({ queryKey: ['rules', view.site] });
        done();
      }}
    >
      <div ref={fields} className="sentence" onChange={forget}>
        <Gaps
          first={first}
          kind={kind}
          setKind={setKind}
          metric={metric}
          setMetric={setMetric}
          defined={defined}
          newOf={newOf}
          own={own}
          currency={currency}
          events={events}
          event={event}
          setEvent={setEvent}
        />
      </div>
      <Parts
        // A filter that a metric needed goes with it, also where the condition watches no metric.
        key={isMeasured(kind) ? watching(metric, own).need?.dimension : undefined}
        site={view.site}
        first={first}
        metric={isMeasured(kind) ? metric : null}
        own={own}
        isSaid={isSaid}
        change={forget}
      />
      {held && held.length > 0 && <ChannelChoice held={held} chosen={telling} choose={setTicked} />}
      <Field name="name" label="Name" required autoComplete="off" defaultValue={rule?.name ?? ''} />
      <Button variant="default" onClick={simulate}>
        Try it on the last week
      </Button>
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
      {trial && <Simulated {...trial} currency={currency} />}
      {tellsNobody && (
        <p className="soft" role="status">
          Nobody is told: what it finds is only listed on this page.
        </p>
      )}
      {rule && (
        <button type="button" className="plain" onClick={done}>
          Leave it as it was
        </button>
      )}
    </Form>
  );
}

interface ChoiceProps {
  held: Channel[];
  chosen: string[];
  choose: (channels: string[]) => void;
}

function ChannelChoice({ held, chosen, choose }: ChoiceProps) {
  const toggle = (id: string) =>
    choose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <fieldset>
      <legend>Tell it by</legend>
      {held.map(({ id, name, type }) => (
        <label key={id} className="check">
          <input
            type="checkbox"
            name="channel"
            value={id}
            checked={chosen.includes(id)}
            onChange={() => toggle(id)}
          />{' '}
          {name || type}
        </label>
      ))}
    </fieldset>
  );
}
