import { useMantineColorScheme } from '@mantine/core';
import { Link, Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { useSites } from './data';

export function Shell() {
  const { site } = useParams({ strict: false });
  const { data } = useSites();
  const navigate = useNavigate();
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
        {site && (
          <select
            aria-label="Site"
            value={site}
            onChange={(event) => navigate({ to: '/sites/$site', params: { site: event.target.value } })}
          >
            {(data?.map((one) => one.domain) ?? [site]).map((domain) => (
              <option key={domain}>{domain}</option>
            ))}
          </select>
        )}
        {site && (
          <nav aria-label="Pages of the site">
            <Link to="/sites/$site" params={{ site }} activeOptions={{ exact: true, includeSearch: false }}>
              Overview
            </Link>
            <Link to="/sites/$site/live" params={{ site }}>
              Live
            </Link>
          </nav>
        )}
        <SchemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
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
