import type { AlertState } from './openings';

const LOOKS: Record<AlertState, string> = { firing: 'bad', acknowledged: 'warn', over: '' };

/** What becomes of an alert, in a word. */
export const StateBadge = ({ state }: { state: AlertState }) => (
  <span className={`badge ${LOOKS[state]}`}>{state}</span>
);
