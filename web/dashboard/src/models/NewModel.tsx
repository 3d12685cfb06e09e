import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createModel, type ModelKind } from '../api/models';
import { Choice } from '../boards/Choice';
import { useEventNames, useReport } from '../reports/context';
import { Field, Form } from '../session/Form';
import { EVERY, KINDS, modelsKey } from './kinds';

const METRICS = { visitors: 'Visitors', pageviews: 'Pageviews', visits: 'Visits', total_revenue: 'Revenue' };

/** Asks for a model to be trained. */
export function NewModel({ site }: { site: string }) {
  const client = useQueryClient();
  const events = useEventNames(useReport()).filter((name) => name !== 'pageview' && name !== 'engagement');
  const [kind, setKind] = useState<ModelKind>('segments');
  const { says, fields } = KINDS[kind];
  return (
    <Form
      title="Train a model"
      action="Train it"
      submit={async ({ name = '', every, days, event, metric }) => {
        await createModel({
          site_id: site,
          kind,
          name,
          ...(every && { every }),
          ...(days && { days: Number(days) }),
          ...(event && { event }),
          ...(metric && { metric }),
        });
        await client.invalidateQueries({ queryKey: modelsKey(site) });
      }}
    >
      <Choice
        name="kind"
        label="What it learns"
        value={kind}
        options={Object.fromEntries(Object.entries(KINDS).map(([name, { label }]) => [name, label]))}
        choose={(next) => setKind(next as ModelKind)}
      />
      <p className="soft">{says}</p>
      <Field name="name" label="Name" required autoComplete="off" />
      {fields.includes('event') && (
        <Choice
          name="event"
          label="Event"
          value={events[0] ?? ''}
          options={Object.fromEntries(events.map((one) => [one, one]))}
        />
      )}
      {fields.includes('metric') && (
        <Choice name="metric" label="Metric" value="visitors" options={METRICS} />
      )}
      {fields.includes('days') && (
        <Field name="days" label="Days it looks ahead" type="number" defaultValue="30" />
      )}
      <Choice name="every" label="Trained anew" value="" options={EVERY} />
    </Form>
  );
}
