import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { createSite } from '../api/client';
import { useMay } from '../session/data';
import { Field, Form } from '../session/Form';
import { ForOwner } from '../session/ForOwner';
import { Nothing } from '../ui/Notice';

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
const ZONES = [...new Set([HERE, 'UTC', ...Intl.supportedValuesOf('timeZone')])];

/** What somebody typed or pasted, as the name of a site: `https://www.Example.com/path` is example.com. */
export function domainOf(text: string): string {
  const host = text
    .trim()
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '');
  return (host.split(/[/?#]/)[0] ?? '').replace(/^www\./, '');
}

export function AddSite() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const may = useMay('admin');
  useEffect(() => {
    document.title = 'Add a site · OpenTrace';
  }, []);
  if (!may)
    return (
      <Nothing title="You cannot add sites">
        <ForOwner />
      </Nothing>
    );
  return (
    <Form
      title="Add a site"
      action="Add the site"
      submit={async ({ domain = '', timezone = '', currency = '' }) => {
        const site = await createSite({ domain: domainOf(domain), timezone, currency });
        await client.invalidateQueries({ queryKey: ['sites'] });
        await navigate({ to: '/sites/$site/install', params: { site: site.domain } });
      }}
    >
      <Field name="domain" label="Domain" placeholder="example.com" required autoComplete="off">
        What visitors type, without <code>www</code>.
      </Field>
      <ZoneField />
      <Field name="currency" label="Currency of revenue" defaultValue="EUR" required>
        A code of ISO 4217, such as EUR or USD.
      </Field>
    </Form>
  );
}

export function ZoneField({ value = HERE }: { value?: string }) {
  return (
    <label className="field">
      <span>Time zone</span>
      <select name="timezone" defaultValue={value} aria-describedby="timezone-help">
        {ZONES.map((zone) => (
          <option key={zone}>{zone}</option>
        ))}
      </select>
      <small id="timezone-help">Days and weeks of the reports begin by its clock.</small>
    </label>
  );
}
