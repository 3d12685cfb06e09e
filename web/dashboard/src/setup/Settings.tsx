import { Skeleton } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { changeSite } from '../api/client';
import type { Site } from '../api/types';
import { settingsRoute } from '../router';
import { useMay } from '../session/data';
import { Field, Form } from '../session/Form';
import { ForOwner } from '../session/ForOwner';
import { useSites } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { domainOf, ZoneField } from './AddSite';
import { Goals } from './Goals';
import { Kept } from './Kept';
import { Keys } from './Keys';

const WEEK = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** What is set for a site, and the keys of programs that work with it. */
export function Settings() {
  const { site: domain } = settingsRoute.useParams();
  const { data, error, refetch } = useSites();
  const mayChange = useMay('write');
  const mayGiveKeys = useMay('admin');
  useEffect(() => {
    document.title = `Settings · ${domain}`;
  }, [domain]);
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={300} role="status" aria-label="Loading" />;
  const site = data.find((one) => one.domain === domain);
  if (!site) return <Nothing title={`There is no site ${domain}`}>Choose another above.</Nothing>;
  if (!mayChange)
    return (
      <Nothing title="You can look, and change nothing">
        <ForOwner />
      </Nothing>
    );
  return (
    <div className="panels first">
      <SiteForm key={domain} site={site} />
      <div className="stack">
        <section className="card" aria-label="More of the site">
          <h2>More</h2>
          <div className="links">
            <Link to="/sites/$site/install" params={{ site: domain }}>
              <strong>Snippet and import</strong>
              <span className="soft">Put the tracker into pages, bring in history</span>
            </Link>
            <Link to="/sites/$site/erasure" params={{ site: domain }}>
              <strong>Forget somebody</strong>
              <span className="soft">Erase a person from every figure, with a receipt</span>
            </Link>
            {mayGiveKeys && (
              <Link to="/appearance">
                <strong>Appearance</strong>
                <span className="soft">Name, colour and logo of all pages</span>
              </Link>
            )}
          </div>
        </section>
        <Goals key={domain} site={domain} />
        {mayGiveKeys && <Keys site={domain} />}
      </div>
    </div>
  );
}

function SiteForm({ site }: { site: Site }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [saved, setSaved] = useState(false);
  return (
    <Form
      title={`Settings of ${site.domain}`}
      action="Save"
      submit={async (fields) => {
        setSaved(false);
        const { domain } = await changeSite(site.domain, {
          domain: domainOf(fields.domain ?? ''),
          timezone: fields.timezone,
          week_start: fields.week_start,
          currency: fields.currency,
          bots: fields.bots === 'on' ? 'flag' : 'drop',
          honour_privacy_signals: fields.honour === 'on',
          identified: fields.identified === 'on',
          // Only when it is meant: what is lost by an older page's number does not come back.
          ...(Number(fields.retention_days) !== site.retention_days && {
            retention_days: Number(fields.retention_days),
          }),
        });
        const again = client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
        if (domain !== site.domain) await navigate({ to: '/sites/$site/settings', params: { site: domain } });
        await again;
        setSaved(true);
      }}
    >
      <Field name="domain" label="Domain" defaultValue={site.domain} required autoComplete="off">
        Pages that carry the snippet of the former one are counted all the same.
      </Field>
      <ZoneField value={site.timezone} />
      <label className="field">
        <span>First day of the week</span>
        <select name="week_start" defaultValue={site.week_start}>
          {WEEK.map((day) => (
            <option key={day} value={day}>
              {`${day[0]?.toUpperCase()}${day.slice(1)}`}
            </option>
          ))}
        </select>
      </label>
      <Field name="currency" label="Currency of revenue" defaultValue={site.currency} required />
      <Kept site={site} />
      <Check
        name="honour"
        label="Honour Do Not Track and Global Privacy Control"
        on={site.honour_privacy_signals}
      />
      <Check
        name="bots"
        label="Keep known bots, marked as such, instead of dropping them"
        on={site.bots === 'flag'}
      />
      <Check
        name="identified"
        label="Identified mode: know people by the ids the site sends"
        on={site.identified}
      />
      {saved && <p role="status">Saved. The past is counted anew where that changes it.</p>}
    </Form>
  );
}

function Check({ name, label, on }: { name: string; label: string; on: boolean }) {
  return (
    <label className="check">
      <input type="checkbox" name={name} defaultChecked={on} /> {label}
    </label>
  );
}
