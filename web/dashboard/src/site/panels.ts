import type { Condition } from '../api/types';

export interface Tab {
  id: string;
  label: string;
  dimension: string;
  /** What has to hold beside the filters of the page. */
  filters?: Condition[];
  /** What stands beside the visitors of a row; the first that the server answers. */
  beside?: string[];
  /** Whether it is chosen from a list behind the others, of this name. */
  among?: string;
}

export interface PanelKind {
  title: string;
  /** What stands above it, where that is not the title. */
  heading?: string;
  tabs: [Tab, ...Tab[]];
  /** Whether there are few rows as a rule. */
  low?: boolean;
  /** What makes rows, for a site that has never had any. */
  made?: string;
}

const tab = (label: string, dimension: string): Tab => ({
  id: dimension.replace(/^.*:/, ''),
  label,
  dimension,
});

/** What the links of campaigns say of themselves. */
const CAMPAIGNS = [
  tab('Campaigns', 'visit:utm_campaign'),
  tab('Mediums', 'visit:utm_medium'),
  tab('Contents', 'visit:utm_content'),
  tab('Terms', 'visit:utm_term'),
].map((one): Tab => ({ ...one, among: 'Campaigns' }));

/** The panels of the site page, in their order; another is one more line. */
export const PANELS: PanelKind[] = [
  {
    title: 'Sources',
    tabs: [
      tab('Sources', 'visit:source'),
      tab('Channels', 'visit:channel'),
      tab('Referrers', 'visit:referrer'),
      ...CAMPAIGNS,
    ],
  },
  {
    title: 'Pages',
    tabs: [tab('Top', 'event:page'), tab('Entry', 'visit:entry_page'), tab('Exit', 'visit:exit_page')],
  },
  {
    title: 'Places',
    tabs: [
      { id: 'map', label: 'Map', dimension: 'visit:country' },
      tab('Countries', 'visit:country'),
      tab('Regions', 'visit:region'),
      tab('Cities', 'visit:city'),
    ],
  },
  {
    title: 'Devices',
    tabs: [
      tab('Browsers', 'visit:browser'),
      tab('Systems', 'visit:os'),
      tab('Devices', 'visit:device'),
      tab('Screens', 'visit:screen'),
    ],
  },
  {
    title: 'Goals',
    tabs: [
      { ...tab('Goals', 'event:goal'), beside: ['conversion_rate', 'events'] },
      { ...tab('Events', 'event:name'), beside: ['events'] },
    ],
    low: true,
    made: 'Every custom event is a goal. Pages that are seen become goals in the settings of the site.',
  },
];
