import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { query } from '../api/client';
import { figure } from '../lib/format';
import { useLive } from '../live/useLive';
import { installRoute } from '../router';
import { useMay, useSession } from '../session/data';
import { wholeOf } from '../site/context';
import { Copyable } from './Copy';
import { History } from './History';
import { snippet, type Wanted } from './snippet';

const OPTIONS: [keyof Wanted, string][] = [
  ['hash', 'Pages differ by what follows # in their address'],
  ['dnt', 'Send nothing where the browser says Do Not Track'],
  ['neutral', 'Load it from a path that lists of trackers do not know'],
  ['noscript', 'Count visitors without JavaScript, too'],
  ['vitals', 'Measure how fast pages load (web vitals)'],
  ['errors', 'Report errors of scripts'],
  ['forms', 'Report sent forms'],
];
const NOTHING: Wanted = {
  hash: false,
  dnt: false,
  neutral: false,
  noscript: false,
  vitals: false,
  errors: false,
  forms: false,
};

/** Puts the tracker on a site and watches its first event arrive. */
export function Install() {
  const { site } = installRoute.useParams();
  const { data } = useSession();
  const [wanted, setWanted] = useState(NOTHING);
  useEffect(() => {
    document.title = `Install · ${site}`;
  }, [site]);
  const text = snippet(location.origin, site, data?.tracker ?? '', wanted);
  const mayImport = useMay('admin');
  return (
    <>
      <section className="card form wide" aria-label="Snippet">
        <h1>Put this into the head of every page of {site}</h1>
        <Copyable text={text} />
        <fieldset>
          <legend>Options</legend>
          {OPTIONS.map(([name, label]) => (
            <label key={name} className="check">
              <input
                type="checkbox"
                checked={wanted[name]}
                onChange={(event) => setWanted({ ...wanted, [name]: event.target.checked })}
              />
              {label}
            </label>
          ))}
        </fieldset>
        <p className="soft">
          Less than 2 kB, no cookie, nothing stored. Plausible’s own script works as well: let it send to{' '}
          <code>{location.origin}/api/event</code>.
        </p>
      </section>
      <Arrival site={site} />
      {mayImport && <History site={site} />}
    </>
  );
}

const eventsText = (count: number) => (count === 1 ? 'one event' : `${figure('events', count)} events`);
const counted = (views: number) => (views === 1 ? 'one pageview' : `${figure('pageviews', views)} pageviews`);

const AGAIN_MS = 3_000;

/** How many events of a site there are, asked again until there is one. */
function useEvents(site: string): number | undefined {
  const whole = wholeOf(site);
  const { data } = useQuery({
    queryKey: ['query', whole],
    queryFn: ({ signal }) => query(whole, signal),
    refetchInterval: ({ state }) => (state.data?.results[0]?.metrics[0] ? false : AGAIN_MS),
  });
  return data && (data.results[0]?.metrics[0] ?? 0);
}

function Arrival({ site }: { site: string }) {
  const { figures, error } = useLive(site);
  const ever = useEvents(site);
  const today = figures?.today.pageviews ?? 0;
  const arrives = today > 0 || (figures?.visitors_now ?? 0) > 0;
  const arrived = arrives || Boolean(ever);
  return (
    <section className="card form wide" aria-label="First event">
      <p role="status" className="arrival">
        <span className={arrived ? 'dot' : 'dot waiting'} />
        {arrives
          ? `Events arrive: ${counted(today)} today.`
          : error
            ? 'The connection to the server is lost; it is tried again.'
            : ever
              ? `The site has figures: ${eventsText(ever)}. None came today yet.`
              : ever === undefined
                ? 'Looking for events of this site.'
                : 'Waiting for the first event. Open a page of the site in another tab.'}
      </p>
      <Link
        to="/sites/$site"
        params={{ site }}
        // What was brought in is of any time.
        search={arrives ? {} : { period: arrived ? 'all' : undefined }}
        className={arrived ? 'button' : 'button quiet'}
      >
        {arrived ? 'See the figures' : 'Go on without'}
      </Link>
    </section>
  );
}
