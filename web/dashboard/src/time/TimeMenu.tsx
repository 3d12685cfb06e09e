import { Popover } from '@mantine/core';
import { type KeyboardEvent, lazy, Suspense, useRef, useState } from 'react';
import type { WeekStart } from './month';

const Calendar = lazy(() => import('./Calendar').then((module) => ({ default: module.Calendar })));

/** A time by its name: what it is called in the address, what people call it, and the key that chooses it. */
export type Named<T extends string> = readonly [T, string, string?];

interface Props<T extends string> {
  /** What is chosen here. */
  label: string;
  /** What is chosen now, as the button says it. */
  shown: string;
  options: readonly Named<T>[];
  chosen: T | 'custom';
  choose: (option: T) => void;
  pair: [string, string] | null;
  chooseDays: (first: string, last: string) => void;
  /** The last day that may be chosen. */
  most: string;
  weekStart: WeekStart;
  id?: string;
  /** What is said in place of all that, where there is nothing to choose. */
  instead?: string;
}

/** A button that says a time, and opens names of others and a calendar. */
export function TimeMenu<T extends string>(props: Props<T>) {
  const { id, label, shown, options, chosen, choose, pair, chooseDays, most, weekStart, instead } = props;
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  // By hand: the library notes who had the focus a moment after opening, when it may be the calendar already.
  const show = (next: boolean) => {
    setOpen(next);
    if (!next) button.current?.focus();
  };
  const take = (option: T) => {
    show(false);
    choose(option);
  };
  const press = (event: KeyboardEvent) => {
    const named = options.find(([, , key]) => key === event.key.toLowerCase());
    if (!named || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    take(named[0]);
  };
  return (
    <Popover opened={open} onChange={show} position="bottom-end" trapFocus withRoles={false}>
      <Popover.Target>
        <button
          ref={button}
          id={id}
          type="button"
          className="picked"
          aria-label={`${label}: ${shown}`}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => show(!open)}
        >
          {shown}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        {open && instead && (
          <p role="dialog" aria-label={label} tabIndex={-1} data-autofocus>
            {instead}
          </p>
        )}
        {open && !instead && (
          <div role="dialog" aria-label={label} className="time-menu" onKeyDown={press}>
            <Options options={options} chosen={chosen} take={take} />
            <Suspense fallback={<div className="calendar" />}>
              <Calendar
                pair={pair}
                most={most}
                weekStart={weekStart}
                choose={(first, last) => {
                  show(false);
                  chooseDays(first, last);
                }}
              />
            </Suspense>
          </div>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

interface OptionsProps<T extends string> {
  options: readonly Named<T>[];
  chosen: T | 'custom';
  take: (option: T) => void;
}

function Options<T extends string>({ options, chosen, take }: OptionsProps<T>) {
  return (
    <ul className="times" onKeyDown={goOn}>
      {options.map(([name, label, key]) => (
        <li key={name}>
          <button
            type="button"
            aria-pressed={name === chosen}
            aria-keyshortcuts={key}
            onClick={() => take(name)}
          >
            {label}
            {key && (
              <span aria-hidden="true" className="key">
                {key.toUpperCase()}
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Up and down lead from one name to the next. */
function goOn(event: KeyboardEvent<HTMLUListElement>) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll('button')];
  all[all.indexOf(document.activeElement as HTMLButtonElement) + step]?.focus();
}
