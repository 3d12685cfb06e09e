import { useRef, useState } from 'react';
import type { Query, QueryAnswer } from '../api/types';
import { wallClock } from '../lib/range';
import { askInTurn } from '../ui/data';
import { differing, type Shown, withFirst, withLast } from './shown';

/** What somebody had seen of a site: up to which epoch, and when by the site's clock. */
interface Seen {
  epoch: number;
  clock: string;
}

const seenKey = (site: string) => `opentrace.seen.${site}`;
const shownKey = (site: string) => `opentrace.shown.${site}`;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function readSeen(storage: Storage, site: string): Seen | undefined {
  const held: unknown = JSON.parse(storage.getItem(seenKey(site)) ?? 'null');
  if (!isObject(held) || !('epoch' in held) || !('clock' in held)) return undefined;
  const { epoch, clock } = held;
  return typeof epoch === 'number' && typeof clock === 'string' ? { epoch, clock } : undefined;
}

function readShown(storage: Storage, site: string): Shown {
  const held: unknown = JSON.parse(storage.getItem(shownKey(site)) ?? 'null');
  return isObject(held) ? Object.fromEntries(Object.entries(held).filter(([, one]) => isObject(one))) : {};
}

/** What had been seen when this tab was opened: it stays while the tab does, also over reloads. */
function atFirst(site: string): { seen?: Seen; shown: Shown } {
  try {
    const mine = readSeen(sessionStorage, site);
    if (mine) return { seen: mine, shown: readShown(sessionStorage, site) };
    const seen = readSeen(localStorage, site);
    if (!seen) return { shown: {} };
    const shown = readShown(localStorage, site);
    sessionStorage.setItem(seenKey(site), JSON.stringify(seen));
    sessionStorage.setItem(shownKey(site), JSON.stringify(shown));
    return { seen, shown };
  } catch {
    return { shown: {} }; // storage is switched off, or somebody else wrote there
  }
}

/** Keeps something, where it can be: without storage nobody is told what changed since their last visit. */
function keep(save: () => void): void {
  try {
    save();
  } catch {
    // storage is full or switched off
  }
}

const write = (storage: Storage, key: string, held: Seen | Shown) =>
  storage.setItem(key, JSON.stringify(held));

/** Which buckets of the past late events or an erasure changed since somebody last looked. */
export function useCorrected(site: string, timezone: string) {
  const [first] = useState(() => atFirst(site));
  const [seen, setSeen] = useState(first.seen);
  const [noted, setNoted] = useState(false);
  const shown = useRef(first.shown);
  // Who never looked asks about nothing at first, and about what follows from then on.
  const since = useRef<number>(undefined);
  since.current = seen?.epoch;
  return {
    /** Asks for figures, and which of them changed since. */
    ask: (body: Query, signal: AbortSignal) => {
      const include = { ...body.include, corrected_since: since.current };
      return askInTurn({ ...body, include }, signal);
    },
    /** Takes notice of the figures of an answer, and of how new the first one of this page is. */
    note(answer: QueryAnswer | undefined) {
      if (!answer) return;
      shown.current = withFirst(shown.current, answer);
      keep(() => write(sessionStorage, shownKey(site), shown.current));
      keep(() => write(localStorage, shownKey(site), withLast(readShown(localStorage, site), answer)));
      const { epoch } = answer.meta;
      if (noted || epoch === undefined) return;
      const now = { epoch, clock: wallClock(timezone) };
      setNoted(true);
      keep(() => write(localStorage, seenKey(site), now));
      if (seen) return;
      setSeen(now);
      keep(() => write(sessionStorage, seenKey(site), now));
    },
    /** The places of the buckets that were complete then and are different now: in themselves, and in what is shown. */
    places(answer: QueryAnswer | undefined): Set<number> {
      if (!answer || !seen) return new Set();
      const labels = answer.meta.time_labels ?? [];
      const changed = new Set(answer.meta.corrected);
      const others = differing(shown.current, answer);
      const complete = (place: number) => {
        const next = labels[place + 1];
        return next !== undefined && next <= seen.clock;
      };
      return new Set(
        labels.flatMap((label, place) =>
          changed.has(label) && others.has(label) && complete(place) ? [place] : [],
        ),
      );
    },
  };
}
