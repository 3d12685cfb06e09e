import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { ApiError, found } from '../api/client';
import { useWelcome } from './data';
import { Field, Form } from './Form';

/** The first page of a new server. The code is what follows `#` in the address that the server printed. */
export function Setup() {
  const welcome = useWelcome();
  const navigate = useNavigate();
  const code = location.hash.slice(1);
  const [isWrong, setIsWrong] = useState(false);
  useEffect(() => {
    document.title = 'Welcome · OpenTrace';
  }, []);
  return (
    <Form
      title="Welcome to OpenTrace"
      action="Become the owner"
      submit={async (fields) => {
        const { email = '', name = '', password = '' } = fields;
        const asked = found({ code: fields.code ?? code, email, name, password });
        const session = await asked.catch((problem) => {
          // The field for another must be there before what is wrong is said of it.
          if (problem instanceof ApiError && problem.field === 'code') flushSync(() => setIsWrong(true));
          throw problem;
        });
        await navigate({ to: '/new', hash: '' });
        welcome(session);
      }}
    >
      <p>
        Nobody owns this server yet. Who knows the code that it printed when it started becomes its owner.
      </p>
      <Field name="name" label="Your name" autoComplete="name" />
      <Field name="email" label="E-mail address" type="email" autoComplete="username" required>
        You sign in with it. Nothing is sent there.
      </Field>
      <Field
        name="password"
        label="Password"
        type="password"
        autoComplete="new-password"
        minLength={10}
        required
      >
        At least ten characters. A few words in a row are easy to remember and hard to guess.
      </Field>
      {(!code || isWrong) && (
        <Field name="code" label="Code of the server" autoComplete="off" required>
          It follows <code>#</code> in the address that <code>opentrace serve</code> printed. The admin token
          does, too.
        </Field>
      )}
    </Form>
  );
}
