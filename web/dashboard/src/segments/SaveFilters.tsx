import { Button, Popover } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { createSegment } from '../api/segments';
import type { Condition } from '../api/types';
import { told } from '../session/told';
import { segmentsKey, useSegments } from './data';

/** Keeps the filters of the page under a name. */
export function SaveFilters({ site, filters }: { site: string; filters: Condition[] }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<string>();
  const status = useRef<HTMLSpanElement>(null);
  const says = JSON.stringify(filters);
  const kept = useSegments(site).data?.find((one) => JSON.stringify(one.filters) === says);
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name') ?? '').trim();
    try {
      await createSegment(site, name, filters);
      await client.invalidateQueries({ queryKey: segmentsKey(site) });
      setOpen(false);
      setProblem(undefined);
      // The button is gone; there is nothing to be saved any more.
      status.current?.focus();
    } catch (error) {
      setProblem(told(error as Error));
    }
  };
  return (
    <>
      <span ref={status} role="status" tabIndex={-1} className="soft">
        {kept && `Saved as “${kept.name}”`}
      </span>
      {!kept && (
        <Popover
          opened={open}
          onChange={setOpen}
          position="bottom-start"
          trapFocus
          shadow="md"
          withRoles={false}
        >
          <Popover.Target>
            <button type="button" className="plain" aria-expanded={open} onClick={() => setOpen(!open)}>
              Save as a segment
            </button>
          </Popover.Target>
          <Popover.Dropdown>
            {open && (
              <form className="filter" aria-label="New segment" onSubmit={save}>
                <input
                  name="name"
                  aria-label="Name of the segment"
                  placeholder="Name"
                  required
                  data-autofocus
                />
                {problem && (
                  <p className="problem" role="alert">
                    {problem}
                  </p>
                )}
                <Button type="submit" size="xs">
                  Save it
                </Button>
              </form>
            )}
          </Popover.Dropdown>
        </Popover>
      )}
    </>
  );
}
