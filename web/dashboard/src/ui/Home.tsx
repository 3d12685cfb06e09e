import { Skeleton } from '@mantine/core';
import { Link, Navigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useMay } from '../session/data';
import { useSites } from './data';
import { Failure, Nothing } from './Notice';
import { SiteCard } from './SiteCard';

export function Home() {
  const { data, error, refetch } = useSites();
  const mayAdd = useMay('admin');
  useEffect(() => {
    document.title = 'Sites · OpenTrace';
  }, []);
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={200} role="status" aria-label="Loading" />;
  if (data.length === 0 && mayAdd) return <Navigate to="/new" replace />;
  if (data.length === 0)
    return <Nothing title="No site yet">The owner of this server can add one after signing in.</Nothing>;
  const only = data.length === 1 ? data[0] : undefined;
  if (only && !mayAdd) return <Navigate to="/sites/$site" params={{ site: only.domain }} replace />;
  return (
    <section className="card">
      <div className="head">
        <h1>Sites</h1>
        {mayAdd && (
          <span className="push">
            <Link to="/appearance" className="button quiet">
              Appearance
            </Link>
            <Link to="/new" className="button">
              Add a site
            </Link>
          </span>
        )}
      </div>
      <ul className="sites">
        {data.map((site) => (
          <li key={site.domain}>
            <SiteCard site={site.domain} />
          </li>
        ))}
      </ul>
    </section>
  );
}
