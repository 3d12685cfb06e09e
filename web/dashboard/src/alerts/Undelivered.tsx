import { useState } from 'react';
import type { Channel } from '../api/alerts';
import { DeadMessages } from './DeadMessages';
import { useChannels } from './useChannels';

/** “3 messages” */
export const howMany = (count: number) => (count === 1 ? '1 message' : `${count} messages`);

/** Says on top of the page that somebody was not told, and leads to what they were not told of. */
export function Undelivered() {
  const [shown, setShown] = useState<Channel>();
  const [open, setOpen] = useState(false);
  const failed = useChannels().data?.filter(({ dead }) => dead) ?? [];
  const looked = shown ?? failed[0];
  if (!looked) return null;
  const look = (channel: Channel) => {
    setShown(channel);
    setOpen(true);
  };
  return (
    <>
      {failed.length > 0 && (
        <section className="card warning" aria-label="Not delivered">
          {failed.map((channel) => (
            <div key={channel.id} className="tools">
              <span className="badge bad">{channel.dead}</span>
              <span className="grow">
                {howMany(channel.dead ?? 0)} could not be delivered by <strong>{channel.name}</strong>
              </span>
              <button type="button" className="chip" onClick={() => look(channel)}>
                Look at {channel.dead === 1 ? 'it' : 'them'}
              </button>
            </div>
          ))}
        </section>
      )}
      <DeadMessages channel={looked} opened={open} close={() => setOpen(false)} />
    </>
  );
}
