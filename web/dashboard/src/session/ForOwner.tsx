import { useSession } from './data';

/** What to do for who may only look: to sign in, or where there is nobody to sign in as, to start a server. */
export function ForOwner() {
  const open = useSession().data?.state === 'open';
  if (!open) return 'Sign in as the owner of this server.';
  return (
    <>
      A demonstration is to be looked at. <code>opentrace serve</code> starts a server that has an owner.
    </>
  );
}
