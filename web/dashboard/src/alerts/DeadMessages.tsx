import { Button, Modal, Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Channel, deadMessages, type Message, replay } from '../api/alerts';
import { figure, moment } from '../lib/format';
import { type Column, DataTable } from '../ui/DataTable';
import { Failure, Nothing } from '../ui/Notice';
import { CHANNELS, useChannels } from './useChannels';

interface Props {
  channel: Channel;
  opened: boolean;
  close: () => void;
}

const KINDS: Record<string, string> = { 'alert.firing': 'fired', 'alert.resolved': 'is over' };

/** Messages of a channel that were given up. Closed it is still there: it knows where the focus was. */
export const DeadMessages = ({ channel, opened, close }: Props) => (
  <Modal
    opened={opened}
    onClose={close}
    size="xl"
    title={`Not delivered by ${channel.name}`}
    closeButtonProps={{ 'aria-label': 'Close' }}
    lockScroll={false}
  >
    <Messages channel={channel} />
  </Modal>
);

/** Why they were given up, and to be sent again. */
function Messages({ channel }: { channel: Channel }) {
  const client = useQueryClient();
  const key = ['dead messages', channel.id];
  // What is sent again may come back: as many as the channel counts are listed.
  const now = useChannels().data?.find(({ id }) => id === channel.id);
  const { data, error, refetch } = useQuery({
    queryKey: [...key, now?.dead, now?.queued],
    queryFn: ({ signal }) => deadMessages(channel.id, signal),
    placeholderData: (old) => old,
  });
  const [problem, setProblem] = useState<Error>();
  const again = async (message?: string) => {
    try {
      await replay(channel.id, message);
      setProblem(undefined);
    } catch (error) {
      setProblem(error as Error);
    }
    await Promise.all([CHANNELS, key].map((queryKey) => client.invalidateQueries({ queryKey })));
  };
  const waiting = now?.queued ?? 0;
  return (
    <>
      {error || problem ? (
        <Failure
          error={error ?? (problem as Error)}
          retry={() => {
            setProblem(undefined);
            refetch();
          }}
        />
      ) : !data ? (
        <Skeleton height={200} role="status" aria-label="Loading" />
      ) : data.length === 0 ? (
        <Nothing title="Nothing is left to be delivered">
          {waiting > 0 ? `${figure('events', waiting)} on the way.` : 'All of it was taken.'}
        </Nothing>
      ) : (
        <>
          <p>
            The receiver did not take these, for a day or for good. Put right what is wrong with it or with
            the channel, then send them again.
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <section className="scroll" aria-label="Messages" tabIndex={0}>
            <DataTable columns={columns(again)} rows={data} id={({ id }) => id} flow />
          </section>
          <div className="foot">
            <Button size="xs" onClick={() => again()}>
              Send all of them again
            </Button>
          </div>
        </>
      )}
    </>
  );
}

const said = ({ message: { type, data } }: Message) =>
  `${data.name}${data.group ? ` (${data.group})` : ''} ${KINDS[type] ?? type}`;

const columns = (again: (message: string) => void): Column<Message>[] => [
  {
    name: 'Message',
    cell: (message) => (
      <>
        {said(message)}
        <br />
        <small className="soft">
          {message.message.data.site_id}, {moment(message.message.timestamp)}
        </small>
      </>
    ),
  },
  {
    name: 'Tried',
    cell: ({ attempts }) => (attempts === 1 ? 'once' : `${figure('events', attempts)} times`),
  },
  { name: 'Why not', text: true, cell: ({ error }) => <span className="problem">{error ?? ''}</span> },
  {
    name: <span className="hidden">Send again</span>,
    cell: (message) => (
      <button
        type="button"
        className="chip"
        aria-label={`Send again: ${said(message)}`}
        onClick={() => again(message.id)}
      >
        Send again
      </button>
    ),
  },
];
