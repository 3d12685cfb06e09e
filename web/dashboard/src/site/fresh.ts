import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { LiveFigures } from '../api/types';

/** The figures on the page are asked for anew at most this often. */
const SHORTEST_MS = 1000;
const LONG_RANGE_MS = 5000;
/** After an answer that took its time this many times as long passes: one reader does not keep a server busy. */
const REST = 4;

/** Brings the figures of the page up to date when the server pushes that something happened. */
export function useFresh(figures: LiveFigures | undefined, isNow: boolean, isLong: boolean): void {
  const client = useQueryClient();
  const asked = useRef(0);
  const took = useRef(0);
  useEffect(() => {
    if (!figures || !isNow) return;
    const wait = Math.max(isLong ? LONG_RANGE_MS : SHORTEST_MS, REST * took.current);
    const ask = async () => {
      // Who looks elsewhere needs no figures.
      if (document.hidden) return;
      // A server that is slow needs no more questions; what is on its way may be older than what happened.
      if (client.isFetching({ queryKey: ['query'] })) {
        timer = setTimeout(ask, SHORTEST_MS);
        return;
      }
      asked.current = performance.now();
      await client.invalidateQueries({ queryKey: ['query'] });
      took.current = performance.now() - asked.current;
    };
    let timer = setTimeout(ask, Math.max(0, asked.current + wait - performance.now()));
    return () => clearTimeout(timer);
  }, [figures, isNow, isLong, client]);
}
