import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { session as askWho, changePassword, signOut } from '../api/client';
import { useSession, useWelcome } from './data';
import { Field, Form } from './Form';
import { wrongPassword } from './told';

export function Account() {
  const { data } = useSession();
  const welcome = useWelcome();
  const [changed, setChanged] = useState(false);
  useEffect(() => {
    document.title = 'Account · OpenTrace';
  }, []);
  if (data?.state !== 'signed_in')
    return (
      <section className="card form">
        <h1>Nobody is signed in</h1>
        <p>This server can be read from its own machine without a password.</p>
      </section>
    );
  const leave = async () => {
    await signOut();
    welcome(await askWho());
  };
  return (
    <>
      <section className="card form" aria-label="Account">
        <h1>{data.person?.name || 'Account'}</h1>
        <p>You are signed in as {data.person?.email}.</p>
        <Button variant="default" onClick={leave}>
          Sign out
        </Button>
      </section>
      <Form
        title="Change the password"
        action="Change it"
        empties
        submit={async ({ current = '', password = '' }) => {
          setChanged(false);
          const wrong = wrongPassword('current', 'the current password is wrong');
          welcome(await changePassword(current, password).catch(wrong));
          setChanged(true);
        }}
      >
        <p>Every other browser is signed out.</p>
        <Field name="current" label="Password now" type="password" autoComplete="current-password" required />
        <Field
          name="password"
          label="New password"
          type="password"
          autoComplete="new-password"
          minLength={10}
          required
        />
        {changed && <p role="status">The password is changed. Other browsers are signed out.</p>}
      </Form>
    </>
  );
}
