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
import { useEventNames, useReport } from '../reports/context';
import { Field, Form } from '../session/Form';
import { Gaps, Parts } from './Gaps';
import { isMeasured, ruleOf } from './rule';
import { Simulated } from './Simulated';

/** A rule as a sentence with gaps, and what it would have done in the last week. */
export function RuleForm() {
  const view = useReport();
  const events = useEventNames(view).filter((name) => name !== 'engagement');
  const client = useQueryClient();
  const { data: held } = useQuery({ queryKey: ['channels'], queryFn: ({ signal }) => channels(signal) });
  const [kind, setKind] = useState<Condition['type']>('above');
  const [event, setEvent] = useState('pageview');
  const [simulation, setSimulation] = useState<Simulation>();
  const [problem, setProblem] = useState<string>();
  const fields = useRef<HTMLDivElement>(null);

  const read = (): Rule => {
    const data = new FormData(fields.current?.closest('form') ?? undefined);
    const texts = Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
    return ruleOf(view.site, kind, texts, data.getAll('channel').map(String));
  };
  const simulate = async () => {
    setProblem(undefined);
    const rule = read();
    try {
      setSimulation(await simulateRule({ ...rule, name: rule.name || 'Trial' }));
    } catch (error) {
      setSimulation(undefined);
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
        <Gaps kind={kind} setKind={setKind} events={events} event={event} setEvent={setEvent} />
      </div>
      <Parts grouped={isMeasured(kind)} />
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
