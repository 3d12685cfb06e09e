import { Button } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ApiError, sentenceOf } from '../api/client';

interface Props {
  title: string;
  children: ReactNode;
  /** What the button says. */
  action: string;
  /** Whether it cannot be undone. */
  danger?: boolean;
  /** Gets the texts of the fields by their names. */
  submit: (fields: Record<string, string>) => Promise<unknown>;
}

/** A form that waits for the server and says what it said. */
export function Form({ title, children, action, danger, submit }: Props) {
  const [waiting, setWaiting] = useState(false);
  const [problem, setProblem] = useState<Error>();
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)]);
    setWaiting(true);
    setProblem(undefined);
    try {
      await submit(Object.fromEntries(fields));
    } catch (error) {
      setProblem(error as Error);
    }
    setWaiting(false);
  };
  return (
    <form className="card form" aria-label={title} onSubmit={send}>
      <h1>{title}</h1>
      {children}
      {problem && (
        <p className="problem" role="alert">
          {said(problem)}
        </p>
      )}
      <Button type="submit" loading={waiting} {...(danger && { className: 'danger' })}>
        {action}
      </Button>
    </form>
  );
}

/** What went wrong; a request that found nobody is a `TypeError` of the browser's own words. */
function said(problem: Error): string {
  if (problem instanceof ApiError) return sentenceOf(problem);
  if (problem instanceof TypeError) return 'The server cannot be reached. Is it still running?';
  return problem.message;
}

interface FieldProps {
  name: string;
  label: string;
  children?: ReactNode;
  type?: string;
  required?: boolean;
  autoComplete?: string;
  defaultValue?: string;
  placeholder?: string;
  minLength?: number;
  min?: number;
}

export function Field({ name, label, children, ...input }: FieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input name={name} aria-describedby={children ? `${name}-help` : undefined} {...input} />
      {children && <small id={`${name}-help`}>{children}</small>}
    </label>
  );
}
