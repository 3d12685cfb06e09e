import { Button, Popover } from '@mantine/core';
import { type FormEvent, useId, useState } from 'react';
import type { Condition, DateRange, Operator } from '../api/types';
import { isPlain, useSegments } from '../segments/data';
import { DIMENSIONS, PROPERTY, SIGNS } from './names';
import { SEARCH_FIELD } from './shortcuts';
import { useProperties } from './useProperties';
import { meant, Suggestions, useKnown } from './Values';

/** What a page needs for its figures to be filtered. */
export interface Filtered {
  site: string;
  range: DateRange;
  filters: Condition[];
  setFilters: (filters: Condition[]) => void;
}

interface Props {
  of: Filtered;
  /** What can be filtered by. */
  dimensions?: Record<string, string>;
}

/** Makes a filter that no row offers: several signs, words within, what is not. */
export function FilterBuilder({ of, dimensions = DIMENSIONS }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus shadow="md" withRoles={false}>
      <Popover.Target>
        <button
          id={SEARCH_FIELD}
          type="button"
          className="chip"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          Filter
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        {open && (
          <>
            <Fields of={of} dimensions={dimensions} done={() => setOpen(false)} />
            <Saved of={of} done={() => setOpen(false)} />
          </>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

/** Filters that were saved under a name. */
function Saved({ of, done }: { of: Filtered; done: () => void }) {
  const held = useSegments(of.site).data?.filter(({ filters }) => isPlain(filters)) ?? [];
  if (held.length === 0) return null;
  return (
    <>
      <h3 className="below">Segments</h3>
      <ul className="saved">
        {held.map(({ id, name, filters }) => (
          <li key={id}>
            <button
              type="button"
              className="chip"
              onClick={() => {
                of.setFilters(filters);
                done();
              }}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

interface FieldsProps {
  of: Filtered;
  dimensions: Record<string, string>;
  done: () => void;
}

function Fields({ of, dimensions, done }: FieldsProps) {
  const [dimension, setDimension] = useState('event:page');
  const [operator, setOperator] = useState<Operator>('is');
  const [value, setValue] = useState('');
  const suggestions = useId();
  const known = useKnown(of.site, of.range, dimension);
  const properties = useProperties(of.site).data ?? [];
  const add = (event: FormEvent) => {
    event.preventDefault();
    of.setFilters([...of.filters, [operator, dimension, [meant(known, dimension, value)]]]);
    done();
  };
  return (
    <form className="filter" aria-label="New filter" onSubmit={add}>
      <select aria-label="What" value={dimension} onChange={(event) => setDimension(event.target.value)}>
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
        {Object.entries(SIGNS).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
      <input
        aria-label="Value"
        required
        list={suggestions}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        data-autofocus
      />
      <Suggestions id={suggestions} known={known} />
      <Button type="submit" size="xs">
        Add the filter
      </Button>
    </form>
  );
}
