import { queryOptions, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Look, look } from '../api/look';
import { readable } from '../lib/colour';

/** What the accent stands on, washed cards among it, in light and dark. */
const LIGHT = ['#ffffff', '#f5f6f8', '#e6e6ef'];
const DARK = ['#161a22', '#0d1016', '#2f3340'];

/** Where it is not known, pages have the look of the program. */
const OURS: Look = { name: '', accent: '', has_logo: false };

const KEPT = 'opentrace.look';

/** The look that the pages had last time in this browser, with which they begin. */
function last(): Look | undefined {
  try {
    const { name, accent, has_logo }: Partial<Look> = JSON.parse(localStorage.getItem(KEPT) ?? '{}');
    if (typeof name === 'string' && typeof accent === 'string')
      return { name, accent, has_logo: has_logo === true };
  } catch {
    // storage is switched off, or somebody else wrote there
  }
  return undefined;
}

function keep(found: Look): Look {
  try {
    localStorage.setItem(KEPT, JSON.stringify(found));
  } catch {
    // without storage pages begin when they know how they look
  }
  return found;
}

export const LOOK = queryOptions({
  queryKey: ['look'],
  queryFn: ({ signal }) => look(signal).then(keep, () => last() ?? OURS),
  placeholderData: last,
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
