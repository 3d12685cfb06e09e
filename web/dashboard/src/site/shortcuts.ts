import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { addDays, length, PERIODS, today } from '../lib/range';
import type { SiteView } from './context';

/** Plausible's keys: a letter chooses the time, arrows go on, X compares, R is live, Esc clears. */
export function useShortcuts(view: SiteView): void {
  const navigate = useNavigate();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typed = event.target instanceof Element && event.target.closest('input, select, textarea');
      if (typed || event.ctrlKey || event.metaKey || event.altKey || view.search.open) return;
      const key = event.key.toLowerCase();
      const period = PERIODS.find(([, , letter]) => letter === key);
      if (period) view.change({ period: period[0], from: undefined, to: undefined });
      else if (key === 'x') view.change({ compare: view.search.compare ? undefined : 'previous' });
      else if (key === 'c') view.change({ period: 'custom', from: view.pair?.[0], to: view.pair?.[1] });
      else if (key === 'r') navigate({ to: '/sites/$site/live', params: { site: view.site } });
      else if (key === 'escape' && view.filters.length) view.change({ filters: undefined });
      else if (view.pair && (key === 'arrowleft' || key === 'arrowright')) {
        const step = length(view.pair) * (key === 'arrowleft' ? -1 : 1);
        const from = addDays(view.pair[0], step);
        if (from <= today(view.timezone))
          view.change({ period: 'custom', from, to: addDays(view.pair[1], step) });
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [view, navigate]);
}
