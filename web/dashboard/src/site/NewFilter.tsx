import { Button } from '@mantine/core';
import { type FormEvent, useId, useRef, useState } from 'react';
import type { Operator } from '../api/types';
import { conditionOf, isHeld, operatorsOf, whyNot } from './draft';
import type { Filtered } from './FilterBuilder';
import { PROPERTY, SIGNS } from './names';
import { useProperties } from './useProperties';
import { Suggestions, useKnown } from './Values';

interface Props {
  of: Filtered;
  dimensions: Record<string, string>;
  done: () => void;
}

/** The form of a filter: what, how, and one or several values. */
export function NewFilter({ of, dimensions, done }: Props) {
  const [dimension, setDimension] = useState('event:page');
  const [operator, setOperator] = useState<Operator>('is');
  /** Values that were written before the one in the field, as they are called. */
  const [others, setOthers] = useState<string[]>([]);
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const [suggestions, trouble] = [useId(), useId()];
  const known = useKnown(of.site, of.range, dimension);
  const properties = useProperties(of.site).data ?? [];
  const refuse = (why: string) => {
    setProblem(why);
    field.current?.focus();
  };
  const choose = (next: string) => {
    setDimension(next);
    setOperator((old) => (operatorsOf(next).includes(old) ? old : 'is'));
    // What somebody wrote was of something else.
    setOthers([]);
    setProblem(undefined);
  };
  const another = () => {
    const why = whyNot(known, dimension, text);
    if (why) return refuse(why);
    setOthers([...new Set([...others, text.trim()])]);
    setText('');
    setProblem(undefined);
    field.current?.focus();
  };
  const add = (event: FormEvent) => {
    event.preventDefault();
    const isDone = others.length > 0 && text.trim() === '';
    const why = isDone ? undefined : whyNot(known, dimension, text);
    if (why) return refuse(why);
    const condition = conditionOf(known, {
      operator,
      dimension,
      values: isDone ? others : [...others, text],
    });
    if (isHeld(of.filters, condition)) return refuse('There is this filter already.');
    of.setFilters([...of.filters, condition]);
    done();
  };
  return (
    <form className="filter" aria-label="New filter" onSubmit={add} noValidate>
      <select aria-label="What" value={dimension} onChange={(event) => choose(event.target.value)}>
        {Object.entries(dimensions).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
        {properties.length > 0 && (
          <optgroup label="Properties">
            {properties.map(({ name }) => (
              <option key={name} value={`${PROPERTY}${name}`}>
                {name}
              </option>
            ))}
          </optgroup>
        )}
      </select>
      <select
        aria-label="How"
        value={operator}
        onChange={(event) => setOperator(event.target.value as Operator)}
      >
        {operatorsOf(dimension).map((name) => (
          <option key={name} value={name}>
            {SIGNS[name]}
          </option>
        ))}
      </select>
      {others.length > 0 && (
        <ul className="saved" aria-label="Values">
          {others.map((value) => (
            <li key={value}>
              <button
                type="button"
                className="chip"
                aria-label={`Remove the value ${value}`}
                onClick={() => {
                  setOthers(others.filter((one) => one !== value));
                  field.current?.focus();
                }}
              >
                {value} ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <input
        ref={field}
        aria-label="Value"
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : trouble}
        autoComplete="off"
        list={suggestions}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setProblem(undefined);
        }}
        data-autofocus
      />
      <Suggestions id={suggestions} known={known} />
      {problem && (
        <p id={trouble} className="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="button" className="plain" onClick={another}>
        Or another value
      </button>
      <Button type="submit" size="xs">
        Add the filter
      </Button>
    </form>
  );
}
