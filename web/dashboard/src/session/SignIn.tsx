import { useEffect } from 'react';
import { signIn } from '../api/client';
import { useWelcome } from './data';
import { Field, Form } from './Form';
import { wrongPassword } from './told';

/** `again` is for who was in and is no longer. */
export function SignIn({ again }: { again: boolean }) {
  const welcome = useWelcome();
  useEffect(() => {
    document.title = 'Sign in · OpenTrace';
  }, []);
  return (
    <Form
      title="Sign in"
      action="Sign in"
      submit={async ({ email = '', password = '' }) =>
        welcome(await signIn(email, password).catch(wrongPassword('password')))
      }
    >
      {again && <p role="status">You were signed out. Sign in to go on where you were.</p>}
      <Field name="email" label="E-mail address" type="email" autoComplete="username" required />
      <Field name="password" label="Password" type="password" autoComplete="current-password" required />
    </Form>
  );
}
