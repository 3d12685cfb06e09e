import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { PERIODS, type Period } from '../lib/range';
import { useSites } from '../ui/data';
import type { SiteView } from './context';

/** The field that `/` leads to. */
export const SEARCH_FIELD = 'search';

/** The button that `c` opens. */
export const TIME_BUTTON = 'time';

/** What each key does, for the list that `?` shows; the letters of the periods come beside them. */
export const KEYS: [string, string][] = [
  ['R', 'Live'],
  ['C', 'Choose days'],
  ['X', 'Compare'],
  ['I', 'Step of the graph'],
  ['← →', 'Time before and after'],
  ['/', 'Ask a question'],
  ['Esc', 'Let the filters go'],
  ['0', 'All sites'],
  ['1 – 9', 'One of the sites'],
  ['?', 'This list'],
];

const FIELDS = 'input, select, textarea, [role=dialog], .mantine-Popover-dropdown';

/** Whether a key is meant for a field or for what lies above the page, or is the browser's own. */
export const isElsewhere = ({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean =>
  ctrlKey ||
  metaKey ||
  altKey ||
  (target instanceof Element && target.closest(FIELDS) !== null) ||
  document.querySelector('[aria-modal=true]') !== null;

/** What keys do, by what they are called in small letters. */
type Actions = Record<string, () => unknown>;

function useKeys(actions: Actions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const action = latest.current[event.key.toLowerCase()];
      if (!action || isElsewhere(event)) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

/** Keys of every page: R is live, digits are the sites, a question mark lists them all. */
export function useWays(site: string | undefined, help: () => void): void {
  const navigate = useNavigate();
  const actions: Actions = { '0': () => navigate({ to: '/' }), '?': help };
  if (site) actions.r = () => navigate({ to: '/sites/$site/live', params: { site } });
  useSites()
    .data?.slice(0, 9)
    .forEach(({ domain }, index) => {
      actions[index + 1] = () => navigate({ to: '/sites/$site', params: { site: domain } });
    });
  useKeys(actions);
}

/** Keys of every page that is of a time: a letter chooses one, C opens the calendar. */
export function useTimes(choose: (period: Period) => void): void {
  const actions: Actions = { c: () => document.getElementById(TIME_BUTTON)?.click() };
  for (const [period, , letter] of PERIODS) actions[letter] = () => choose(period);
  useKeys(actions);
}

/** Escape lets the filters of a page go. */
export function useRelease(filters: unknown[], release: () => void): void {
  useKeys({ escape: () => filters.length && release() });
}

/** Keys of the site page: arrows go on, X compares, I is another step. */
export function useShortcuts(view: SiteView): void {
  useTimes((period) => view.change({ period, from: undefined, to: undefined, interval: undefined }));
  useRelease(view.filters, () => view.change({ filters: undefined }));
  const move = (direction: 1 | -1) => () => {
    const next = view.moved(direction);
    if (next) view.change(next);
  };
  useKeys({
    x: () => view.compares && view.change({ compare: view.search.compare ? undefined : 'previous' }),
    i: () => {
      const next = view.steps[(view.steps.indexOf(view.step) + 1) % view.steps.length];
      view.change({ interval: next === view.steps[0] ? undefined : next });
    },
    arrowleft: move(-1),
    arrowright: move(1),
    '/': () => document.getElementById(SEARCH_FIELD)?.focus(),
  });
}
