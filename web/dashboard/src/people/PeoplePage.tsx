import { Skeleton } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { type Known, MOST_PEOPLE, people } from '../api/people';
import { countryName, figure, moment } from '../lib/format';
import { useReport } from '../reports/context';
import { Unfiltered } from '../reports/Head';
import { type Column, DataTable } from '../ui/DataTable';
import { useCurrency } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { Person } from './Person';

const PAUSE_MS = 250;

/** Who is known by an id, on a site in identified mode. */
export function PeoplePage() {
  const view = useReport();
  const search = typeof view.ask.search === 'string' ? view.ask.search : '';
  const { data, error, refetch } = useQuery({
    queryKey: ['people', view.site, search],
    queryFn: ({ signal }) => people(view.site, search, signal),
    placeholderData: keepPreviousData,
  });
  useEffect(() => {
    document.title = `People · ${view.site}`;
  }, [view.site]);
  const chosen = typeof view.ask.user === 'string' ? view.ask.user : undefined;
  if (error instanceof ApiError && error.code === 'not_identified')
    return (
      <section className="card">
        <Nothing title="This site knows nobody">
          Visitors are counted without ids. Identified mode, in the{' '}
          <Link to="/sites/$site/settings" params={{ site: view.site }}>
            settings
          </Link>
          , keeps the ids that the site sends.
        </Nothing>
      </section>
    );
  return (
    <>
      <div className="tools">
        <h1>People</h1>
        <span className="grow" />
        <Finder
          search={search}
          find={(next) => view.change({ ask: { ...view.ask, search: next || undefined } }, true)}
        />
      </div>
      <Unfiltered filters={view.filters} />
      <div className={chosen ? 'panels first' : undefined}>
        <section className="card" aria-label="People">
          <h2>Seen in the last 90 days</h2>
          {error ? (
            <Failure error={error} retry={refetch} />
          ) : !data ? (
            <Skeleton height={300} role="status" aria-label="Loading" />
          ) : data.length === 0 ? (
            <Nothing title={search ? 'Nobody has this id' : 'Nobody yet'}>
              {search ? 'Search for something shorter.' : 'People appear once the site sends their ids.'}
            </Nothing>
          ) : (
            <>
              <p className="soft" role="status">
                {countOf(data.length, search !== '')}
              </p>
              <List
                known={data}
                narrow={chosen !== undefined}
                choose={(user) =>
                  view.change({ ask: { ...view.ask, user: user === chosen ? undefined : user } })
                }
              />
            </>
          )}
        </section>
        {chosen && <Person key={chosen} site={view.site} user={chosen} />}
      </div>
    </>
  );
}

/** How many there are, as far as it is known. */
function countOf(count: number, isSearch: boolean): string {
  if (count >= MOST_PEOPLE)
    return isSearch
      ? `The ${MOST_PEOPLE} of them seen last. Search for something longer to find others.`
      : `The ${MOST_PEOPLE} seen last. Search to find others.`;
  return count === 1 ? '1 person' : `${figure('visitors', count)} people`;
}

interface FinderProps {
  search: string;
  find: (search: string) => void;
}

/** The field for a part of an id. What stands there is in the address a moment after it was typed. */
function Finder({ search, find }: FinderProps) {
  const [wanted, setWanted] = useState(search);
  const sent = useRef(search);
  useEffect(() => {
    // Somebody went back, or to the page anew.
    if (search !== sent.current) setWanted(search);
    sent.current = search;
  }, [search]);
  const send = useDebouncedCallback((text: string) => {
    sent.current = text.trim();
    find(text.trim());
  }, PAUSE_MS);
  return (
    <input
      type="search"
      aria-label="Find somebody"
      placeholder="Part of an id"
      value={wanted}
      onChange={(event) => {
        setWanted(event.target.value);
        send(event.target.value);
      }}
    />
  );
}

interface ListProps {
  known: Known[];
  narrow: boolean;
  choose: (user: string) => void;
}

function List({ known, narrow, choose }: ListProps) {
  const { site } = useReport();
  const currency = useCurrency(site);
  const columns: Column<Known>[] = [
    {
      name: 'Id',
      cell: ({ user_id }) => (
        <button type="button" className="row" onClick={() => choose(user_id)}>
          {user_id}
        </button>
      ),
    },
    { name: 'Last seen', cell: ({ last_seen }) => moment(last_seen) },
    { name: 'Events', cell: ({ events }) => figure('events', events) },
    { name: 'Days', cell: ({ days }) => figure('events', days) },
    { name: 'Revenue', cell: ({ revenue }) => figure('total_revenue', revenue, false, currency) },
    { name: 'From', text: true, cell: ({ source }) => source || 'Direct / None' },
    { name: 'Country', text: true, cell: ({ country }) => countryName(country) },
    {
      name: 'With',
      text: true,
      cell: ({ browser, device }) => [browser, device].filter(Boolean).join(' · '),
    },
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll tall" aria-label="Known people" tabIndex={0}>
      <DataTable
        columns={narrow ? columns.slice(0, 4) : columns}
        rows={known}
        id={({ user_id }) => user_id}
        flow
      />
    </section>
  );
}
