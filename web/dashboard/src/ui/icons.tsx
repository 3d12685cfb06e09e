/** Lines of 24 by 24, one path each. */
const PATHS = {
  overview: 'M4 20V10M10 20V4M16 20v-7M21 20H3',
  live: 'M12 12h.01M8.5 15.5a5 5 0 0 1 0-7M15.5 8.5a5 5 0 0 1 0 7M5.6 18.4a9 9 0 0 1 0-12.8M18.4 5.6a9 9 0 0 1 0 12.8',
  boards: 'M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z',
  retention: 'M4 5h16M4 10h12M4 15h8M4 20h4',
  funnels: 'M3 5h18l-7 8v6l-4 2v-8z',
  journeys: 'M4 6h5c6 0 4 12 11 12M4 18h5c6 0 4-12 11-12',
  segments:
    'M8 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6M2 21v-2a5 5 0 0 1 5-5h2a5 5 0 0 1 5 5v2M16 3.5a3 3 0 0 1 0 5.5M22 21v-2a5 5 0 0 0-4-4.9',
  people: 'M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21v-1a6 6 0 0 1 6-6h4a6 6 0 0 1 6 6v1',
  insights:
    'M9 18h6M10 21h4M12 3a6 6 0 0 0-4 10.5c.7.7 1 1.500 1 2.500h6c0-1 .3-1.800 1-2.500A6 6 0 0 0 12 3',
  anomalies: 'M3 17l5-5 3 3 4-10 3 7 3-2M15 5h.01',
  forecasts: 'M3 17l5-6 4 3 3-4M15 10l2-2M18.500 6.500l2-2M3 21h18',
  models: 'M12 3l8 4.500v9L12 21l-8-4.500v-9zM12 12l8-4.500M12 12v9M12 12L4 7.500',
  alerts: 'M6 9a6 6 0 0 1 12 0c0 6 2 7 2 8H4c0-1 2-2 2-8M10 20a2 2 0 0 0 4 0',
  settings:
    'M4 7h9M17 7h3M4 17h3M11 17h9M15 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5M9 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5',
  menu: 'M4 6h16M4 12h16M4 18h16',
} as const;

export type IconName = keyof typeof PATHS;

/** A sign beside a word that says the same. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg className="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
