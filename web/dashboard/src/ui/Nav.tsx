import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useChannels } from '../alerts/useChannels';
import { figure } from '../lib/format';
import { carried, type ReportSearch } from '../reports/search';
import { useMay, useSession } from '../session/data';
import { useSites } from './data';
import { Icon, type IconName } from './icons';

interface Item {
  to: string;
  name: string;
  icon: IconName;
  /** The part of the API without which there is nothing to show. */
  needs?: string;
  /** Whether it is of a time of its own, or of none. */
  timeless?: true;
}

interface Group {
  title?: string;
  items: Item[];
}

/** The pages of a site; another is one more line. */
const GROUPS: Group[] = [
  {
    items: [
      { to: '', name: 'Overview', icon: 'overview' },
      { to: '/live', name: 'Live', icon: 'live', timeless: true },
      { to: '/dashboards', name: 'Dashboards', icon: 'boards', timeless: true },
      { to: '/alerts', name: 'Alerts', icon: 'alerts', needs: 'alerts' },
    ],
  },
  {
    title: 'Reports',
    items: [
      { to: '/funnels', name: 'Funnels', icon: 'funnels', needs: 'funnel' },
      { to: '/journeys', name: 'Journeys', icon: 'journeys', needs: 'journeys' },
      { to: '/retention', name: 'Retention', icon: 'retention', needs: 'retention' },
      { to: '/segments', name: 'Segments', icon: 'segments' },
      { to: '/people', name: 'People', icon: 'people', needs: 'people' },
    ],
  },
  {
    title: 'Foresight',
    items: [
      { to: '/insights', name: 'Insights', icon: 'insights', needs: 'insights' },
      { to: '/anomalies', name: 'Anomalies', icon: 'anomalies', needs: 'anomalies' },
      { to: '/forecasts', name: 'Forecasts', icon: 'forecasts', needs: 'forecast' },
      { to: '/models', name: 'Models', icon: 'models', needs: 'models' },
    ],
  },
];

/** Where one can go from here. */
export function Nav({ site, go }: { site: string; go?: () => void }) {
  const { data } = useSites();
  const mayChange = useMay('write');
  const identified = data?.find((one) => one.domain === site)?.identified;
  return (
    <>
      <SiteSelect site={site} {...(go && { go })} />
      <nav className="nav" aria-label="Pages of the site">
        {GROUPS.map((group) => (
          <GroupOf key={group.title ?? ''} group={group} site={site} identified={identified} go={go} />
        ))}
        {mayChange && (
          <Entry
            site={site}
            go={go}
            item={{ to: '/settings', name: 'Settings', icon: 'settings', timeless: true }}
          />
        )}
      </nav>
    </>
  );
}

interface GroupProps {
  group: Group;
  site: string;
  identified: boolean | undefined;
  go: (() => void) | undefined;
}

function GroupOf({ group: { title, items }, site, identified, go }: GroupProps) {
  const features = useSession().data?.features ?? [];
  const shown = items.filter(
    ({ to, needs }) => (!needs || features.includes(needs)) && (to !== '/people' || identified),
  );
  if (shown.length === 0) return null;
  return (
    <>
      {title && <h2>{title}</h2>}
      {shown.map((item) => (
        <Entry key={item.to} item={item} site={site} go={go} />
      ))}
    </>
  );
}

interface EntryProps {
  item: Item;
  site: string;
  go: (() => void) | undefined;
}

function Entry({ item: { to, name, icon, timeless }, site, go }: EntryProps) {
  const search: ReportSearch = useSearch({ strict: false });
  return (
    <Link
      to={`/sites/$site${to}` as '/sites/$site'}
      params={{ site }}
      search={timeless ? {} : carried(search)}
      activeOptions={{ exact: to === '', includeSearch: false }}
      onClick={go}
    >
      <Icon name={icon} />
      {name}
      {to === '/alerts' && <Undelivered />}
    </Link>
  );
}

/** How many messages of alerts could not be delivered: who is told by them hears of it on every page. */
function Undelivered() {
  const { data = [] } = useChannels(useMay('write'));
  const count = data.reduce((sum, { dead = 0 }) => sum + dead, 0);
  if (count === 0) return null;
  return (
    <span className="badge bad push">
      {figure('events', count, true)}
      <span className="hidden"> not delivered</span>
    </span>
  );
}

function SiteSelect({ site, go }: { site: string; go?: () => void }) {
  const { data } = useSites();
  const navigate = useNavigate();
  const choose = (domain: string) => {
    go?.();
    navigate({ to: '/sites/$site', params: { site: domain } });
  };
  return (
    <select aria-label="Site" value={site} onChange={(event) => choose(event.target.value)}>
      {[...new Set([...(data?.map((one) => one.domain) ?? []), site])].map((domain) => (
        <option key={domain}>{domain}</option>
      ))}
    </select>
  );
}
