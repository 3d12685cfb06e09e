import { Skeleton } from '@mantine/core';
import { Link, Navigate } from '@tanstack/react-router';
import { useSites } from './data';
import { Failure, Nothing } from './Notice';

export function Home() {
  const { data, error, refetch } = useSites();
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={200} />;
  if (data.length === 0)
    return (
      <Nothing title="No site yet">
        Create one on the server with <code>POST /api/v1/sites</code> and a key with the scope{' '}
        <code>admin</code>.
      </Nothing>
    );
  const only = data.length === 1 ? data[0] : undefined;
  if (only) return <Navigate to="/sites/$site" params={{ site: only.domain }} replace />;
  return (
    <section className="card">
      <h1>Sites</h1>
      <ul className="sites">
        {data.map((site) => (
          <li key={site.domain}>
            <Link to="/sites/$site" params={{ site: site.domain }}>
              {site.domain}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
