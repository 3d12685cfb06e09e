import { Skeleton } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { deleteSegment, type Segment } from '../api/segments';
import { type Time, useReport } from '../reports/context';
import { Head } from '../reports/Head';
import { useHas, useMay } from '../session/data';
import { ForOwner } from '../session/ForOwner';
import { useCurrency } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { Clusters } from './Clusters';
import { Compared } from './Compared';
import { inWords, isPlain, segmentsKey, useSegments } from './data';

/** Groups that are set beside everybody at once. */
const MOST = 6;

/** Saved filters, beside each other and beside everybody. */
export function SegmentsPage() {
  const view = useReport();
  const { data, error, refetch } = useSegments(view.site);
  const hasClusters = useHas('clusters');
  const mayChange = useMay('write');
  const currency = useCurrency(view.site);
  const wanted = Array.isArray(view.ask.shown) ? view.ask.shown : undefined;
  const shown = (data ?? []).filter(({ id }) => !wanted || wanted.includes(id)).slice(0, MOST);
  const toggle = (id: number) => {
    const ids = shown.map((one) => one.id);
    view.change({
      ask: { ...view.ask, shown: ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id] },
    });
  };
  return (
    <>
      <Head title="Segments" />
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={300} role="status" aria-label="Loading" />
      ) : data.length === 0 ? (
        <section className="card" aria-label="Segments">
          <Nothing title="No segment yet">
            <Link to="/sites/$site" params={{ site: view.site }} search={view.time}>
              Filter the overview
            </Link>{' '}
            by a source, a country or a page
            {mayChange ? (
              ', and save the filters as a segment. It can then be compared here.'
            ) : (
              <>
                . Who may change the site saves filters as a segment, to be compared here. <ForOwner />
              </>
            )}
          </Nothing>
        </section>
      ) : (
        <>
          <section className="card" aria-label="Comparison of segments">
            <h2>Beside everybody</h2>
            <Compared
              site={view.site}
              range={view.range}
              sides={[
                { name: 'Everybody', filters: [] },
                ...shown.map(({ name, filters }) => ({ name, filters })),
              ]}
            />
          </section>
          <section className="card below" aria-label="Segments">
            <h2>Saved filters</h2>
            <ul className="rules">
              {data.map((segment) => (
                <Row
                  key={segment.id}
                  site={view.site}
                  time={view.time}
                  segment={segment}
                  shown={shown.includes(segment)}
                  toggle={() => toggle(segment.id)}
                />
              ))}
            </ul>
          </section>
        </>
      )}
      {hasClusters && <Clusters site={view.site} currency={currency} />}
    </>
  );
}

interface RowProps {
  site: string;
  time: Time;
  segment: Segment;
  shown: boolean;
  toggle: () => void;
}

function Row({ site, time, segment: { id, name, filters }, shown, toggle }: RowProps) {
  const client = useQueryClient();
  const mayChange = useMay('write');
  const remove = () =>
    confirm(`Delete the segment “${name}”? Tiles that are of it show nothing any more.`) &&
    deleteSegment(site, id).then(() => client.invalidateQueries({ queryKey: segmentsKey(site) }));
  return (
    <li>
      <label className="check">
        <input type="checkbox" checked={shown} onChange={toggle} aria-label={`Compare ${name}`} />
        <span>
          <strong>{name}</strong>
          <br />
          <span className="soft">{inWords(filters)}</span>
        </span>
      </label>
      <span className="push">
        {isPlain(filters) && (
          <Link to="/sites/$site" params={{ site }} search={{ ...time, filters }} className="button quiet">
            Open
          </Link>
        )}
        {mayChange && (
          <button type="button" className="plain" aria-label={`Delete ${name}`} onClick={remove}>
            ×
          </button>
        )}
      </span>
    </li>
  );
}
