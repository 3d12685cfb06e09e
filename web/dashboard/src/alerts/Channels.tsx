import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Channel, channels, createChannel, deleteChannel, testChannel } from '../api/alerts';
import { Field, Form } from '../session/Form';

/** What each kind of channel needs to know. */
const KINDS: Record<string, { label: string; fields: [string, string][] }> = {
  webhook: { label: 'Webhook', fields: [['url', 'Address']] },
  telegram: { label: 'Telegram', fields: [['token', 'Token of the bot']] },
  discord: { label: 'Discord', fields: [['url', 'Address of the webhook']] },
  slack: { label: 'Slack', fields: [['url', 'Address of the webhook']] },
  email: { label: 'E-mail', fields: [['to', 'Addresses, separated by commas']] },
};

/** Where alerts go. */
export function Channels() {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: ['channels'], queryFn: ({ signal }) => channels(signal) });
  const [kind, setKind] = useState('webhook');
  const [made, setMade] = useState<Channel>();
  const again = () => client.invalidateQueries({ queryKey: ['channels'] });
  return (
    <Form
      key={made?.id}
      title="Channels"
      action="Add the channel"
      submit={async ({ name = '', ...fields }) => {
        const to = fields.to?.split(',').map((address) => address.trim());
        setMade(await createChannel({ name, ...fields, type: kind, ...(to && { to }) }));
        await again();
      }}
    >
      {made?.secret && (
        <p role="status">
          Messages are signed with this secret, shown once: <code className="secret">{made.secret}</code>
        </p>
      )}
      {made?.link_code && (
        <p role="status">
          Send <code className="secret">/start {made.link_code}</code> to the bot, from where alerts are to
          go.
        </p>
      )}
      <ul className="saved">
        {data?.map((channel) => (
          <Row key={channel.id} channel={channel} again={again} />
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
  );
}

function Row({ channel, again }: { channel: Channel; again: () => void }) {
  const [said, setSaid] = useState<string>();
  const test = () =>
    testChannel(channel.id)
      .then(() => setSaid('sent'))
      .catch((error: Error) => setSaid(error.message));
  const remove = () => deleteChannel(channel.id).then(again);
  return (
    <li>
      {channel.name || channel.type}{' '}
      <Button size="compact-xs" variant="default" aria-label={`Test ${channel.name}`} onClick={test}>
        Test
      </Button>
      <button type="button" className="plain" aria-label={`Delete ${channel.name}`} onClick={remove}>
        ×
      </button>
      {(said ?? channel.problem) && <small role="status">{said ?? channel.problem}</small>}
    </li>
  );
}
