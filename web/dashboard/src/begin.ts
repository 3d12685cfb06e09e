import type { QueryClient } from '@tanstack/react-query';
import { SESSION } from './session/data';
import { SITES } from './ui/data';
import { LOOK } from './ui/look';

/** Asks what every page needs, before anything is drawn that would ask for it. */
export async function begin(client: QueryClient): Promise<void> {
  client.prefetchQuery(LOOK);
  const session = await client.fetchQuery(SESSION).catch(() => undefined);
  if (session?.scopes.includes('read')) client.prefetchQuery(SITES);
}
