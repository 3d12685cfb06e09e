import { Skeleton } from '@mantine/core';
import { useMemo } from 'react';
import type { Condition, QueryAnswer } from '../api/types';
import { WITH_REGIONS, WorldMap } from '../charts/WorldMap';
import { figure } from '../lib/format';
import { askInTurn, useAnswer } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { useNear } from '../ui/useNear';
import { useSiteView } from './context';
import { regionNames, rowName, withNames } from './names';
import type { PanelKind, Tab } from './panels';

const ROWS = 9;
const COUNTRIES = 300;
/** More tabs than this are a list to choose from. */
const MOST_TABS = 4;

const COLUMNS: Record<string, string> = {
  percentage: 'Share',
  conversion_rate: 'Rate',
  group_conversion_rate: 'Rate',
  events: 'Total',
};

export function Panel({ kind }: { kind: PanelKind }) {
  const view = useSiteView();
  const chosen = kind.tabs.find((one) => one.id === view.search.tabs?.[kind.title]) ?? kind.tabs[0];
  const country = useCountry(chosen);
  const tab = country ? { ...chosen, dimension: 'visit:region' } : chosen;
  const beside = (tab.beside ?? besideOf(view.filters)).find(view.answers) ?? 'percentage';
  const [element, isNear] = useNear<HTMLElement>();
  const { data, error, refetch, isPlaceholderData } = useAnswer(
    {
      site_id: view.site,
      metrics: ['visitors', beside],
      date_range: view.range,
      filters: tab.filters ? [...view.filters, ...tab.filters] : view.filters,
      dimensions: withNames(tab.dimension),
      pagination: { limit: tab.id === 'map' ? COUNTRIES : ROWS, offset: 0 },
    },
    askInTurn,
    !isNear,
  );
  return (
    <section
      ref={element}
      className={kind.low ? 'card panel low' : 'card panel'}
      aria-label={kind.title}
      aria-busy={isPlaceholderData}
    >
      <div className="head">
        <h2>{kind.heading ?? kind.title}</h2>
        {kind.tabs.length > 1 && (
          <Tabs
            of={kind}
            chosen={chosen}
            choose={(id) => view.change({ tabs: { ...view.search.tabs, [kind.title]: id } })}
          />
        )}
      </div>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={kind.low ? 150 : 310} role="status" aria-label="Loading" />
      ) : data.results.length === 0 ? (
        <Nothing title="Nothing in this time">
          {view.filters.length
            ? 'Choose a longer time, or let a filter go.'
            : (kind.made ?? 'Choose a longer time.')}
        </Nothing>
      ) : (
        <>
          {tab.id === 'map' && <Places answer={data} of={country} dimension={tab.dimension} />}
          <Rows dimension={tab.dimension} answer={data} beside={beside} most={tab.id === 'map' ? 3 : ROWS} />
        </>
      )}
      <div className="foot">
        <button type="button" className="plain" onClick={() => view.change({ open: tab.dimension })}>
          Details of {kind.title.toLowerCase()}
        </button>
      </div>
    </section>
  );
}

interface TabsProps {
  of: PanelKind;
  chosen: Tab;
  choose: (id: string) => void;
}

function Tabs({ of, chosen, choose }: TabsProps) {
  const beside = of.tabs.filter(({ among }) => !among);
  const behind = of.tabs.filter(({ among }) => among);
  const title = of.title.toLowerCase();
  if (beside.length > MOST_TABS)
    return (
      <span className="push">
        <Listed label={`Choose one of the ${title}`} tabs={beside} chosen={chosen} choose={choose} />
      </span>
    );
  return (
    <div className="tabs">
      {beside.map((one) => (
        <button
          key={one.id}
          type="button"
          className="plain"
          aria-pressed={one === chosen}
          onClick={() => choose(one.id)}
        >
          {one.label}
        </button>
      ))}
      {behind[0]?.among && (
        <Listed
          label={`More of the ${title}`}
          instead={behind[0].among}
          tabs={behind}
          chosen={chosen}
          choose={choose}
        />
      )}
    </div>
  );
}

interface ListedProps {
  label: string;
  tabs: Tab[];
  chosen: Tab;
  choose: (id: string) => void;
  /** What stands there while none of them is chosen. */
  instead?: string;
}

function Listed({ label, tabs, chosen, choose, instead }: ListedProps) {
  const isOne = tabs.includes(chosen);
  return (
    <select
      className={instead ? 'behind' : undefined}
      aria-label={label}
      value={isOne ? chosen.id : ''}
      onChange={(event) => choose(event.target.value)}
    >
      {!isOne && (
        <option value="" hidden>
          {instead}
        </option>
      )}
      {tabs.map((one) => (
        <option key={one.id} value={one.id}>
          {one.label}
        </option>
      ))}
    </select>
  );
}

/** Of those who reached a goal it is of interest how many of each group did. */
const besideOf = (filters: Condition[]): string[] =>
  filters.some(([, dimension]) => dimension === 'event:goal') ? ['group_conversion_rate'] : [];

/** The country that is filtered by, where there is a map of its regions. */
function countryOf(filters: Condition[]): string | undefined {
  const found = filters.find(
    ([operator, dimension, values]) =>
      operator === 'is' && dimension === 'visit:country' && values.length === 1,
  );
  return found?.[2].find((code) => WITH_REGIONS.has(code));
}

/** The same, where the regions of its visitors are known. */
function useCountry(tab: Tab): string | undefined {
  const view = useSiteView();
  const country = tab.id === 'map' ? countryOf(view.filters) : undefined;
  const { data } = useAnswer(
    country === undefined
      ? null
      : {
          site_id: view.site,
          metrics: ['visitors'],
          date_range: view.range,
          filters: [...view.filters, ['contains', 'visit:region', [`${country}-`]]],
        },
  );
  return country !== undefined && data?.results[0]?.metrics[0] ? country : undefined;
}

interface PlacesProps {
  answer: QueryAnswer;
  of: string | undefined;
  dimension: string;
}

/** The world, or the regions of the country that is filtered by. */
function Places({ answer, of, dimension }: PlacesProps) {
  const { filter } = useSiteView();
  const rows = useMemo(
    () => answer.results.map((row): [string, number] => [row.dimensions[0] ?? '', row.metrics[0] ?? 0]),
    [answer],
  );
  const names = useMemo(() => regionNames(answer), [answer]);
  return (
    <WorldMap
      rows={rows}
      names={names}
      {...(of && { of })}
      choose={(code) => code && filter(dimension, code)}
    />
  );
}

interface RowsProps {
  dimension: string;
  answer: QueryAnswer;
  beside: string;
  most: number;
}

/** Ranked rows; each is a filter. */
function Rows({ dimension, answer, beside, most }: RowsProps) {
  const view = useSiteView();
  const top = Math.max(1, ...answer.results.map((row) => row.metrics[0] ?? 0));
  const chosen = new Set(
    view.filters.filter(([op, name]) => op === 'is' && name === dimension).flatMap(([, , values]) => values),
  );
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Visitors</th>
          <th scope="col">{COLUMNS[beside]}</th>
        </tr>
      </thead>
      <tbody>
        {answer.results.slice(0, most).map(({ dimensions: [value = '', name], metrics }) => (
          <tr key={value}>
            <th scope="row">
              <button
                type="button"
                className="row"
                aria-pressed={chosen.has(value)}
                title={name ?? rowName(dimension, value)}
                onClick={() => view.filter(dimension, value)}
              >
                <span className="part" style={{ width: `${(100 * (metrics[0] ?? 0)) / top}%` }} />
                {name ?? rowName(dimension, value)}
              </button>
            </th>
            <td title={figure('visitors', metrics[0])}>{figure('visitors', metrics[0], true)}</td>
            <td title={figure(beside, metrics[1])}>{figure(beside, metrics[1], true)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
