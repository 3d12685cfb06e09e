import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { figure } from '../lib/format';
import { useLive } from '../live/useLive';
import { installRoute } from '../router';
import { useMay, useSession } from '../session/data';
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

const counted = (views: number) => (views === 1 ? 'one pageview' : `${figure('pageviews', views)} pageviews`);

function Arrival({ site }: { site: string }) {
  const { figures, error } = useLive(site);
  const arrived = (figures?.today.pageviews ?? 0) > 0 || (figures?.visitors_now ?? 0) > 0;
  return (
    <section className="card form wide" aria-label="First event">
      <p role="status" className="arrival">
        <span className={arrived ? 'dot' : 'dot waiting'} />
        {arrived
          ? `Events arrive: ${counted(figures?.today.pageviews ?? 0)} today.`
          : error
            ? 'The connection to the server is lost; it is tried again.'
            : 'Waiting for the first event. Open a page of the site in another tab.'}
      </p>
      <Link to="/sites/$site" params={{ site }} className={arrived ? 'button' : 'button quiet'}>
        {arrived ? 'See the figures' : 'Go on without'}
      </Link>
    </section>
  );
}
