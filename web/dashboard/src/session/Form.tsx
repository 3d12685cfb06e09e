import { Button } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { flushSync } from 'react-dom';
import { faultyField, told } from './told';

interface Props {
  title: string;
  children: ReactNode;
  /** What the button says. */
  action: string;
  /** Whether it cannot be undone. */
  danger?: boolean;
  /** Whether it is emptied when it was taken: for another of the same. */
  empties?: boolean;
  /** Gets the texts of the fields by their names. What answers `false` did nothing after all. */
  submit: (fields: Record<string, string>) => Promise<unknown>;
}

/** A form that waits for the server and says what it said. */
export function Form({ title, children, action, danger, empties, submit }: Props) {
  const [waiting, setWaiting] = useState(false);
  const [problem, setProblem] = useState<string>();
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const active = document.activeElement;
    let next = active instanceof HTMLElement ? active : undefined;
    const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
    setWaiting(true);
    setProblem(undefined);
    try {
      const did = await submit(Object.fromEntries(fields));
      if (empties && did !== false) form.reset();
    } catch (error) {
      setProblem(told(error as Error, form));
      next = faultyField(error as Error, form) ?? next;
    }
    // The button could not be pressed while it waited, and lost the focus for that.
    flushSync(() => setWaiting(false));
    if (form.contains(next ?? null)) next?.focus();
  };
  return (
    <form className="card form" aria-label={title} onSubmit={send}>
      <h1>{title}</h1>
      {children}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <Button type="submit" loading={waiting} {...(danger && { className: 'danger' })}>
        {action}
      </Button>
    </form>
  );
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
