import { useState } from 'react';
import type { RecentEvent } from '../api/types';
import { countryName } from '../lib/format';
import { Nothing } from '../ui/Notice';

const SHOWN = 14;

const whatOf = ({ name, path }: RecentEvent) => (name === 'pageview' ? path : `${name} · ${path}`);

/** Who it was, in what the rows show. */
const aboutOf = ({ country, browser, device, source }: RecentEvent): string[] =>
  [countryName(country), browser, device, source || 'Direct / None'].filter(Boolean);

/** What happened last, as it happens. It stands still while somebody reads it. */
export function EventStream({ events, timezone }: { events: RecentEvent[]; timezone: string }) {
  // As the minutes beside it: by the clock of the site.
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', timeZone: timezone });
  const [wanted, setWanted] = useState('');
  const [held, setHeld] = useState<RecentEvent[]>();
  const all = held ?? events;
  const said = wanted.trim().toLowerCase();
  const fits = (event: RecentEvent) =>
    [whatOf(event), ...aboutOf(event)].some((text) => text.toLowerCase().includes(said));
  const found = all.filter(fits);
  const rows = found.slice(0, SHOWN);
  return (
    <section className="card panel" aria-label="Events">
      <div className="head">
        <h2>Events</h2>
        <span className="push">
          <input
            type="search"
            aria-label={`Only those of the last ${all.length} events with`}
            placeholder="Filter"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
          <button
            type="button"
            className="chip"
            aria-pressed={held !== undefined}
            onClick={() => setHeld(held ? undefined : events)}
          >
            {held ? 'Go on' : 'Pause'}
          </button>
        </span>
      </div>
      {said && rows.length > 0 && (
        <p className="soft" role="status">
          {found.length} of the last {all.length} events
        </p>
      )}
      {rows.length === 0 ? (
        all.length === 0 ? (
          <Nothing title="Nothing in the last half hour">Events come by themselves.</Nothing>
        ) : (
          <Nothing title={`None of the last ${all.length} events has this`}>
            Filter by something shorter.
          </Nothing>
        )
      ) : (
        <ol className="stream">
          {rows.map((event, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: nothing else tells two equal events apart
            <li key={`${event.at} ${event.path} ${index}`}>
              <time>{clock.format(event.at)}</time>
              <span className={event.name === 'pageview' ? 'what' : 'what custom'} title={whatOf(event)}>
                {whatOf(event)}
              </span>
              <span className="soft" title={aboutOf(event).join(' · ')}>
                {aboutOf(event).join(' · ')}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
