import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Channel, changeChannel, createChannel, deleteChannel, testChannel } from '../api/alerts';
import { figure } from '../lib/format';
import { Field, Form } from '../session/Form';
import { told } from '../session/told';
import { Copyable } from '../setup/Copy';
import { DeadMessages } from './DeadMessages';
import { howMany } from './Undelivered';
import { CHANNELS, useChannels } from './useChannels';

/** What each kind of channel needs to know. */
const KINDS: Record<string, { label: string; fields: [string, string][] }> = {
  webhook: { label: 'Webhook', fields: [['url', 'Address']] },
  telegram: { label: 'Telegram', fields: [['token', 'Token of the bot']] },
  discord: { label: 'Discord', fields: [['url', 'Address of the webhook']] },
  slack: { label: 'Slack', fields: [['url', 'Address of the webhook']] },
  email: { label: 'E-mail', fields: [['to', 'Addresses, separated by commas']] },
};

const USUAL = 'webhook';

/** What the server is told of a channel by the fields of a form. */
function settingsOf({ to, ...fields }: Record<string, string>): Record<string, unknown> {
  return { ...fields, ...(to && { to: to.split(',').map((address) => address.trim()) }) };
}

/** Where alerts go. */
export function Channels() {
  const client = useQueryClient();
  const { data } = useChannels();
  const [changing, setChanging] = useState<Channel>();
  const [open, setOpen] = useState(false);
  const [kind, setKind] = useState(USUAL);
  const [made, setMade] = useState<Channel>();
  const again = () => client.invalidateQueries({ queryKey: CHANNELS });
  return (
    <>
      <Form
        title="Channels"
        action="Add the channel"
        empties
        submit={async ({ name = '', ...fields }) => {
          setMade(await createChannel({ name, ...settingsOf(fields), type: kind }));
          // The form is emptied, its list of kinds as well.
          setKind(USUAL);
          await again();
        }}
      >
        {made?.secret && (
          <div role="status">
            <p>Messages are signed with this secret, shown once:</p>
            <Copyable text={made.secret} className="secret" />
          </div>
        )}
        {made?.link_code && (
          <div role="status">
            <p>Send this to the bot, from where alerts are to go:</p>
            <Copyable text={`/start ${made.link_code}`} className="secret" />
          </div>
        )}
        <ul className="rules near">
          {data?.map((channel) => (
            <Row
              key={channel.id}
              channel={channel}
              again={again}
              change={() => {
                setChanging(channel);
                setOpen(true);
              }}
            />
          ))}
        </ul>
        <label className="field">
          <span>Kind</span>
          <select value={kind} onChange={(event) => setKind(event.target.value)}>
            {Object.entries(KINDS).map(([name, { label }]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <Field name="name" label="Name" required autoComplete="off" />
        {KINDS[kind]?.fields.map(([name, label]) => (
          <Field key={name} name={name} label={label} required autoComplete="off" />
        ))}
      </Form>
      {/* It stays while it is closed, so that the focus returns to where it was opened. */}
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={`Change ${changing?.name}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
        lockScroll={false}
      >
        {changing && (
          <Changing
            key={changing.id}
            channel={changing}
            done={async () => {
              await again();
              // After the form gave the focus back to its button: from there it returns to where it came from.
              setTimeout(() => setOpen(false));
            }}
          />
        )}
      </Modal>
    </>
  );
}

interface RowProps {
  channel: Channel;
  again: () => void;
  change: () => void;
}

function Row({ channel, again, change }: RowProps) {
  const { id, type, name, problem, queued = 0, dead = 0 } = channel;
  const [said, setSaid] = useState<string>();
  const [looking, setLooking] = useState(false);
  const test = () =>
    testChannel(id)
      .then(() => setSaid('sent'))
      .catch((error: Error) => setSaid(told(error)));
  const remove = () =>
    confirm(
      `Delete the channel “${name}”? No rule tells by it any more, and what still waits is not sent.`,
    ) && deleteChannel(id).then(again);
  return (
    <li>
      <span className="badge">{KINDS[type]?.label ?? type}</span>
      <span>
        <strong>{name}</strong>
        {queued > 0 && <span className="soft"> · {figure('events', queued)} waiting</span>}
        {(said ?? problem) && (
          <>
            <br />
            <small role="status" className={said === 'sent' ? 'soft' : 'problem'}>
              {said ?? problem}
            </small>
          </>
        )}
        {dead > 0 && (
          <>
            <br />
            <button type="button" className="plain problem" onClick={() => setLooking(true)}>
              {howMany(dead)} not delivered
            </button>
          </>
        )}
      </span>
      <span className="push">
        <Button size="compact-xs" variant="default" aria-label={`Test ${name}`} onClick={test}>
          Test
        </Button>
        <button type="button" className="plain" aria-label={`Change ${name}`} onClick={change}>
          Change
        </button>
        <button type="button" className="plain" aria-label={`Delete ${name}`} onClick={remove}>
          ×
        </button>
      </span>
      <DeadMessages channel={channel} opened={looking} close={() => setLooking(false)} />
    </li>
  );
}

interface ChangingProps {
  channel: Channel;
  done: () => Promise<void>;
}

/** Another name, address or token. What is secret of a channel is never shown again, so that empty means as it is. */
function Changing({ channel, done }: ChangingProps) {
  const shown: Record<string, string | undefined> = { url: channel.url, to: channel.to?.join(', ') };
  return (
    <Form
      title={`Change ${channel.name}`}
      action="Keep it"
      submit={async (fields) => {
        const filled = Object.fromEntries(Object.entries(fields).filter(([, text]) => text.trim()));
        await changeChannel(channel.id, settingsOf(filled));
        await done();
      }}
    >
      <Field name="name" label="Name" defaultValue={channel.name} required autoComplete="off" />
      {KINDS[channel.type]?.fields.map(([name, label]) => (
        <Field
          key={name}
          name={name}
          label={label}
          autoComplete="off"
          {...(shown[name] && { placeholder: shown[name] })}
        >
          Leave it empty and it stays as it is.
        </Field>
      ))}
    </Form>
  );
}
