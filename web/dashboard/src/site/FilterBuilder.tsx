import { Popover } from '@mantine/core';
import { useState } from 'react';
import type { Condition, DateRange } from '../api/types';
import { isPlain, useSegments } from '../segments/data';
import { NewFilter } from './NewFilter';
import { DIMENSIONS } from './names';
import { SEARCH_FIELD } from './shortcuts';

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
    <Popover
      opened={open}
      onChange={setOpen}
      position="bottom-end"
      trapFocus
      returnFocus
      shadow="md"
      withRoles={false}
    >
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
            <NewFilter of={of} dimensions={dimensions} done={() => setOpen(false)} />
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
