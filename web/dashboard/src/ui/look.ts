import { queryOptions, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Look, look } from '../api/look';
import { readable } from '../lib/colour';

/** What the accent stands on, washed cards among it, in light and dark. */
const LIGHT = ['#ffffff', '#f5f6f8', '#e6e6ef'];
const DARK = ['#161a22', '#0d1016', '#2f3340'];

const OURS: Look = { name: '', accent: '', has_logo: false };

export const LOOK = queryOptions({
  queryKey: ['look'],
  // Where it is not known, pages have the look of the program.
  queryFn: ({ signal }) => look(signal).catch(() => OURS),
  staleTime: Number.POSITIVE_INFINITY,
});

/** The organisation's look, put on the page. */
export function useLook() {
  const { data, isPending } = useQuery(LOOK);
  const accent = data?.accent;
  useEffect(() => {
    const { style } = document.documentElement;
    for (const [name, grounds] of [
      ['--brand-light', LIGHT],
      ['--brand-dark', DARK],
    ] as const)
      if (accent) style.setProperty(name, readable(accent, ...grounds));
      else style.removeProperty(name);
  }, [accent]);
  return { look: data, isPending };
}
