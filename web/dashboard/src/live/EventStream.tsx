import { useState } from 'react';
import type { RecentEvent } from '../api/types';
import { countryName } from '../lib/format';
import { Nothing } from '../ui/Notice';

const SHOWN = 14;

/** What happened last, as it happens. It stands still while somebody reads it. */
export function EventStream({ events, timezone }: { events: RecentEvent[]; timezone: string }) {
  // As the minutes beside it: by the clock of the site.
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', timeZone: timezone });
  const [wanted, setWanted] = useState('');
  const [held, setHeld] = useState<RecentEvent[]>();
  const texts = ({ name, path, source, country }: RecentEvent) =>
    `${name} ${path} ${source} ${countryName(country)}`.toLowerCase();
  const rows = (held ?? events)
    .filter((event) => texts(event).includes(wanted.toLowerCase()))
    .slice(0, SHOWN);
  return (
    <section className="card panel" aria-label="Events">
      <div className="head">
        <h2>Events</h2>
        <span className="push">
          <input
            type="search"
            aria-label="Only events with"
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
      {rows.length === 0 ? (
        <Nothing title="Nothing in the last half hour">
          {wanted ? 'Filter by something shorter.' : 'Events come by themselves.'}
        </Nothing>
      ) : (
        <ol className="stream">
          {rows.map((event, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: nothing else tells two equal events apart
            <li key={`${event.at} ${event.path} ${index}`}>
              <time>{clock.format(event.at)}</time>
              <span className={event.name === 'pageview' ? 'what' : 'what custom'}>
                {event.name === 'pageview' ? event.path : `${event.name} · ${event.path}`}
              </span>
              <span className="soft">
                {[countryName(event.country), event.browser].filter(Boolean).join(' · ')}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
