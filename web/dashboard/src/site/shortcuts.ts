import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { PERIODS } from '../lib/range';
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

/** Plausible's keys: a letter chooses the time, arrows go on, X compares, R is live, Esc clears. */
export function useShortcuts(view: SiteView, help: () => void): void {
  const navigate = useNavigate();
  const sites = useSites().data;
  useEffect(() => {
    const move = (direction: 1 | -1) => {
      const next = view.moved(direction);
      if (next) view.change(next);
    };
    const actions: Record<string, () => unknown> = {
      x: () => view.change({ compare: view.search.compare ? undefined : 'previous' }),
      c: () => document.getElementById(TIME_BUTTON)?.click(),
      r: () => navigate({ to: '/sites/$site/live', params: { site: view.site } }),
      i: () => {
        const next = view.steps[(view.steps.indexOf(view.step) + 1) % view.steps.length];
        view.change({ interval: next === view.steps[0] ? undefined : next });
      },
      escape: () => view.filters.length && view.change({ filters: undefined }),
      arrowleft: () => move(-1),
      arrowright: () => move(1),
      '/': () => document.getElementById(SEARCH_FIELD)?.focus(),
      '0': () => navigate({ to: '/' }),
      '?': help,
    };
    for (const [period, , letter] of PERIODS)
      actions[letter] = () => view.change({ period, from: undefined, to: undefined, interval: undefined });
    sites?.slice(0, 9).forEach(({ domain }, index) => {
      actions[index + 1] = () => navigate({ to: '/sites/$site', params: { site: domain } });
    });
    const press = (event: KeyboardEvent) => {
      const typed =
        event.target instanceof Element && event.target.closest('input, select, textarea, [role=dialog]');
      if (typed || event.ctrlKey || event.metaKey || event.altKey || view.search.open) return;
      const action = actions[event.key.toLowerCase()];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [view, navigate, sites, help]);
}
