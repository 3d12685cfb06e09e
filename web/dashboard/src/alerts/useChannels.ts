import { useQuery } from '@tanstack/react-query';
import { channels } from '../api/alerts';

export const CHANNELS = ['channels'];

/** What waits may soon be sent or given up; otherwise little happens to channels by itself. */
const SOON_MS = 2_000;
const LATER_MS = 60_000;

/** Where alerts go, with what waits and what was given up; nothing for who may not change them. */
export const useChannels = (may = true) =>
  useQuery({
    queryKey: CHANNELS,
    queryFn: ({ signal }) => channels(signal),
    enabled: may,
    refetchInterval: ({ state }) => (state.data?.some(({ queued }) => queued) ? SOON_MS : LATER_MS),
  });
