import { useMantineColorScheme } from '@mantine/core';
import { Link, Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { AskBox } from '../ask/AskBox';
import { useHas, useMay, useSession } from '../session/data';
import { Gate } from '../session/Gate';
import { useSites } from './data';

export function Shell() {
  // Who was given a link need not be anybody.
  const { site, token } = useParams({ strict: false });
  const { data: session } = useSession();
  const mayAsk = useHas('ask');
  const inside = session && session.state !== 'new' && session.state !== 'signed_out';
  return (
    <>
      <a className="skip" href="#main">
        Skip to the figures
      </a>
      <header className="bar">
        <Link to="/" className="brand">
          <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <path d="M2 15h4l3-9 5 14 3-8h5" />
          </svg>
          <span>OpenTrace</span>
        </Link>
        {inside && site && <SiteNav site={site} />}
        {inside && site && mayAsk && <AskBox key={site} site={site} />}
        <span className="push">
          {session?.state === 'signed_in' && (
            <Link to="/account" className="account">
              {session.person?.name || 'Account'}
            </Link>
          )}
          <SchemeButton />
        </span>
      </header>
      <main id="main" tabIndex={-1}>
        {token ? (
          <Outlet />
        ) : (
          <Gate>
            <Outlet />
          </Gate>
        )}
      </main>
    </>
  );
}

function SiteNav({ site }: { site: string }) {
  const { data } = useSites();
  const navigate = useNavigate();
  const mayChange = useMay('write');
  const reports = {
    retention: useHas('retention'),
    funnel: useHas('funnel'),
    journeys: useHas('journeys'),
    alerts: useHas('alerts'),
  };
  return (
    <>
      <select
        aria-label="Site"
        value={site}
        onChange={(event) => navigate({ to: '/sites/$site', params: { site: event.target.value } })}
      >
        {(data?.map((one) => one.domain) ?? [site]).map((domain) => (
          <option key={domain}>{domain}</option>
        ))}
      </select>
      <nav aria-label="Pages of the site">
        <Link to="/sites/$site" params={{ site }} activeOptions={{ exact: true, includeSearch: false }}>
          Overview
        </Link>
        <Link to="/sites/$site/live" params={{ site }}>
          Live
        </Link>
        {reports.retention && (
          <Link to="/sites/$site/retention" params={{ site }} activeOptions={{ includeSearch: false }}>
            Retention
          </Link>
        )}
        {reports.funnel && (
          <Link to="/sites/$site/funnels" params={{ site }} activeOptions={{ includeSearch: false }}>
            Funnels
          </Link>
        )}
        {reports.journeys && (
          <Link to="/sites/$site/journeys" params={{ site }} activeOptions={{ includeSearch: false }}>
            Journeys
          </Link>
        )}
        {reports.alerts && (
          <Link to="/sites/$site/alerts" params={{ site }} activeOptions={{ includeSearch: false }}>
            Alerts
          </Link>
        )}
        <Link to="/sites/$site/dashboards" params={{ site }}>
          Dashboards
        </Link>
        {mayChange && (
          <Link to="/sites/$site/settings" params={{ site }}>
            Settings
          </Link>
        )}
      </nav>
    </>
  );
}

function SchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = { auto: 'light', light: 'dark', dark: 'auto' } as const;
  const sign = { auto: '◐', light: '☀', dark: '☾' };
  return (
    <button
      type="button"
      className="plain scheme"
      aria-label={`Colours: ${colorScheme}. Change to ${next[colorScheme]}`}
      onClick={() => setColorScheme(next[colorScheme])}
    >
      <span aria-hidden="true">{sign[colorScheme]}</span>
    </button>
  );
}
