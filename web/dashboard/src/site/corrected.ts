import { useRef, useState } from 'react';
import type { Query, QueryAnswer } from '../api/types';
import { wallClock } from '../lib/range';
import { askInTurn } from '../ui/data';

/** What somebody had seen of a site: up to which epoch, and when by the site's clock. */
interface Seen {
  epoch: number;
  clock: string;
}

const key = (site: string) => `opentrace.seen.${site}`;

function read(storage: Storage, site: string): Seen | undefined {
  const held: unknown = JSON.parse(storage.getItem(key(site)) ?? 'null');
  if (typeof held !== 'object' || held === null || !('epoch' in held) || !('clock' in held)) return undefined;
  const { epoch, clock } = held;
  return typeof epoch === 'number' && typeof clock === 'string' ? { epoch, clock } : undefined;
}

/** What had been seen when this tab was opened: it stays while the tab does, also over reloads. */
function atFirst(site: string): Seen | undefined {
  try {
    const mine = read(sessionStorage, site) ?? read(localStorage, site);
    if (mine) sessionStorage.setItem(key(site), JSON.stringify(mine));
    return mine;
  } catch {
    return undefined; // storage is switched off, or somebody else wrote there
  }
}

function keep(site: string, seen: Seen): void {
  try {
    localStorage.setItem(key(site), JSON.stringify(seen));
  } catch {
    // without storage nobody is told what changed since their last visit
  }
}

/** Which buckets of the past late events or an erasure changed since somebody last looked. */
export function useCorrected(site: string, timezone: string) {
  const [seen, setSeen] = useState(() => atFirst(site));
  const [noted, setNoted] = useState(false);
  // Who never looked asks about nothing at first, and about what follows from then on.
  const since = useRef<number>(undefined);
  since.current = seen?.epoch;
  return {
    /** Asks for figures, and which of them changed since. */
    ask: (body: Query, signal: AbortSignal) => {
      const include = { ...body.include, corrected_since: since.current };
      return askInTurn({ ...body, include }, signal);
    },
    /** Takes notice of the first answer of this page. */
    note(answer: QueryAnswer | undefined) {
      const epoch = answer?.meta.epoch;
      if (noted || epoch === undefined) return;
      const now = { epoch, clock: wallClock(timezone) };
      setNoted(true);
      keep(site, now);
      if (!seen) setSeen(now);
    },
    /** The places of the buckets that were complete then and are different now. */
    places(answer: QueryAnswer | undefined): Set<number> {
      const labels = answer?.meta.time_labels ?? [];
      const changed = new Set(answer?.meta.corrected);
      const complete = (place: number) => {
        const next = labels[place + 1];
        return seen !== undefined && next !== undefined && next <= seen.clock;
      };
      return new Set(
        labels.flatMap((label, place) => (changed.has(label) && complete(place) ? [place] : [])),
      );
    },
  };
}
