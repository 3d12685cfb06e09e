import { Skeleton } from '@mantine/core';
import { Link, Navigate, Outlet, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useRef, useState } from 'react';
import { LOGO, type Look } from '../api/look';
import { AskBox } from '../ask/AskBox';
import { useHas, useSession } from '../session/data';
import { Gate } from '../session/Gate';
import { useWays } from '../site/shortcuts';
import { useSites } from './data';
import { Foot, SchemeButton } from './Foot';
import { Icon } from './icons';
import { useLook } from './look';
import { Nav } from './Nav';
import { Failure, Nothing } from './Notice';

const Keys = lazy(() => import('../site/Keys').then((module) => ({ default: module.Keys })));
const MenuDrawer = lazy(() => import('./MenuDrawer').then((module) => ({ default: module.MenuDrawer })));

export function Shell() {
  // Who was given a link need not be anybody.
  const { site, token } = useParams({ strict: false });
  const { data: session } = useSession();
  const { look, isPending } = useLook();
  const inside = session && session.state !== 'new' && session.state !== 'signed_out';
  const wasInside = useRef(false);
  if (inside) wasInside.current = true;
  const main = (
    <main id="main" tabIndex={-1}>
      {token ? (
        <Outlet />
      ) : (
        <Gate again={wasInside.current}>
          <Outlet />
        </Gate>
      )}
    </main>
  );
  // A page that changes its colours a moment later looks broken.
  if (isPending) return null;
  return (
    <>
      <a className="skip" href="#main">
        Skip to the figures
      </a>
      {inside && !token && <Ways site={site} />}
      {inside && site ? (
        <Framed site={site} look={look}>
          {main}
        </Framed>
      ) : (
        <>
          <header className="bar">
            <Brand look={look} />
            {inside && !token && <AskAbout />}
            <span className="push">{inside && !token ? <Foot /> : <SchemeButton />}</span>
          </header>
          {main}
        </>
      )}
    </>
  );
}

/** The keys that every page has, and their list. */
function Ways({ site }: { site: string | undefined }) {
  const [listed, setListed] = useState(false);
  useWays(site, () => setListed(true));
  return (
    listed && (
      <Suspense>
        <Keys close={() => setListed(false)} />
      </Suspense>
    )
  );
}

/** The question box of a page that is of no site: one of them is asked about. */
function AskAbout() {
  const mayAsk = useHas('ask');
  const sites = useSites().data ?? [];
  const [chosen, setChosen] = useState<string>();
  const site = chosen ?? sites[0]?.domain;
  if (!mayAsk || !site) return null;
  return (
    <div className="ask-about">
      {sites.length > 1 && (
        <select
          aria-label="Site that is asked about"
          value={site}
          onChange={(event) => setChosen(event.target.value)}
        >
          {sites.map(({ domain }) => (
            <option key={domain}>{domain}</option>
          ))}
        </select>
      )}
      <AskBox key={site} site={site} />
    </div>
  );
}

interface FramedProps {
  site: string;
  look: Look | undefined;
  children: React.ReactNode;
}

/** A page of a site, beside the list of all of them. */
function Framed({ site, look, children }: FramedProps) {
  const mayAsk = useHas('ask');
  const [menu, setMenu] = useState(false);
  return (
    <div className="app">
      <aside className="side" aria-label="Site">
        <Brand look={look} />
        <Nav site={site} />
        <Foot />
      </aside>
      <div className="page">
        <header className="bar">
          <button type="button" className="plain menu" aria-expanded={menu} onClick={() => setMenu(true)}>
            <Icon name="menu" />
            Menu
          </button>
          {mayAsk && <AskBox key={site} site={site} />}
        </header>
        <Known site={site}>{children}</Known>
      </div>
      {menu && (
        <Suspense>
          <MenuDrawer site={site} close={() => setMenu(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** What a page shows of a site, once it is known that there is one: nothing is asked about any other. */
function Known({ site, children }: { site: string; children: React.ReactNode }) {
  const { data: sites, error, isFetching, refetch } = useSites();
  if (sites?.some(({ domain }) => domain === site)) return children;
  const now = sites?.find(({ formerly }) => formerly.includes(site))?.domain;
  // Links and bookmarks of a site that was renamed lead on.
  if (now) return <Navigate to="." params={(old) => ({ ...old, site: now })} search replace />;
  // A site that was just added is not in the list before it came again.
  const waits = !error && (!sites || isFetching);
  return (
    <main id="main" tabIndex={-1}>
      {waits ? (
        <Skeleton height={300} role="status" aria-label="Loading" />
      ) : (
        <section className="card">
          <h1 className="hidden">{site}</h1>
          {error ? <Failure error={error} retry={refetch} /> : <Unknown site={site} />}
        </section>
      )}
    </main>
  );
}

const Unknown = ({ site }: { site: string }) => (
  <Nothing title={`There is no site ${site} here`}>
    Choose one from the list, or see <Link to="/">all of them</Link>.
  </Nothing>
);

function Brand({ look }: { look: Look | undefined }) {
  return (
    <Link to="/" className="brand">
      {look?.has_logo ? (
        <img src={LOGO} alt="" />
      ) : (
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
          <path d="M2 15h4l3-9 5 14 3-8h5" />
        </svg>
      )}
      <span>{look?.name || 'OpenTrace'}</span>
    </Link>
  );
}
