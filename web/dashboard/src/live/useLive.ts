import { useEffect, useState } from 'react';
import { ApiError, live } from '../api/client';
import type { LiveFigures } from '../api/types';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * The figures as the server pushes them; a lost connection is taken up again, more slowly each time. While it
 * `rests` nothing is pushed: a browser has six connections to a server, and every tab left open would hold one of them.
 */
export function useLive(site: string, rests = false) {
  const [figures, setFigures] = useState<LiveFigures>();
  const [error, setError] = useState<Error>();
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round connects anew
  useEffect(() => {
    if (rests) return;
    const stop = new AbortController();
    let pause = FIRST_PAUSE_MS;
    let timer: ReturnType<typeof setTimeout>;
    const show = (next: LiveFigures) => {
      pause = FIRST_PAUSE_MS;
      setError(undefined);
      setFigures(next);
    };
    const connect = async () => {
      try {
        await live(site, stop.signal, show);
      } catch (problem) {
        if (stop.signal.aborted) return;
        setError(problem as Error);
        if (problem instanceof ApiError) return;
      }
      if (stop.signal.aborted) return;
      timer = setTimeout(connect, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    };
    connect();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [site, round, rests]);
  return { figures, error, retry: () => setRound(round + 1) };
}
