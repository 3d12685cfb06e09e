import { useEffect } from 'react';
import { signIn } from '../api/client';
import { useWelcome } from './data';
import { Field, Form } from './Form';

export function SignIn() {
  const welcome = useWelcome();
  useEffect(() => {
    document.title = 'Sign in · OpenTrace';
  }, []);
  return (
    <Form
      title="Sign in"
      action="Sign in"
      submit={async ({ email = '', password = '' }) => welcome(await signIn(email, password))}
    >
      <Field name="email" label="E-mail address" type="email" autoComplete="username" required />
      <Field name="password" label="Password" type="password" autoComplete="current-password" required />
    </Form>
  );
}
