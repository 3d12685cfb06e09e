import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { monthText, rangeText, wholeDay } from '../lib/format';
import { addDays, addMonths, length, ordered } from '../lib/range';
import { placeInWeek, type WeekStart, weeksOf } from './month';
import { Turn } from './Turn';
import { Weekdays } from './Weekdays';

interface Props {
  pair: [string, string] | null;
  /** The last day that may be chosen. */
  most: string;
  weekStart: WeekStart;
  choose: (first: string, last: string) => void;
}

/** A month of days, of which two are chosen: by pointer, or by arrows, Home, End, Page Up, Page Down and Enter. */
export function Calendar({ pair, most, weekStart, choose }: Props) {
  const within = (day: string) => (day > most ? most : day);
  const [focused, setFocused] = useState(within(pair?.[1] ?? most));
  const [first, setFirst] = useState<string>();
  const [over, setOver] = useState<string>();
  const table = useRef<HTMLTableElement>(null);
  const follow = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the day is found by what it says of itself
  useEffect(() => {
    if (follow.current) table.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    follow.current = false;
  }, [focused]);

  const go = (day: string) => {
    follow.current = true;
    setFocused(within(day));
    setOver(within(day));
  };
  const press = (event: KeyboardEvent) => {
    const day = dayFrom(focused, event.key, event.shiftKey, weekStart);
    if (!day) return;
    event.preventDefault();
    go(day);
  };
  const take = (day: string) => {
    if (first) return choose(...ordered(first, day));
    setFocused(day);
    setOver(day);
    setFirst(day);
  };
  const shown = first ? ordered(first, over ?? first) : pair;
  return (
    <div className="calendar">
      <Months
        focused={focused}
        most={most}
        turn={(months) => setFocused(within(addMonths(focused, months)))}
      />
      <table ref={table} aria-label={monthText(focused)} onKeyDown={press}>
        <Weekdays week={weeksOf(focused, weekStart)[0] ?? []} />
        <tbody>
          {weeksOf(focused, weekStart).map((week) => (
            <tr key={week[0]}>
              {week.map((day) => (
                <td key={day} className={placeOf(day, shown)}>
                  <button
                    type="button"
                    aria-label={wholeDay(day)}
                    aria-pressed={isWithin(day, shown)}
                    aria-current={day === most ? 'date' : undefined}
                    className={day.slice(0, 7) === focused.slice(0, 7) ? undefined : 'beside'}
                    disabled={day > most}
                    tabIndex={day === focused ? 0 : -1}
                    data-autofocus={day === focused ? true : undefined}
                    onClick={() => take(day)}
                    onPointerEnter={() => setOver(day)}
                  >
                    {Number(day.slice(8))}
                  </button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p role="status" className="soft">
        {first
          ? `From ${rangeText([first, first])}: choose the last day`
          : pair
            ? `${rangeText(pair)}, ${length(pair) === 1 ? 'one day' : `${length(pair)} days`}`
            : 'Choose the first day'}
      </p>
    </div>
  );
}

interface MonthsProps {
  focused: string;
  most: string;
  turn: (months: number) => void;
}

/** Which month is shown, and the ways to others. */
function Months({ focused, most, turn }: MonthsProps) {
  const newest = focused.slice(0, 7) >= most.slice(0, 7);
  return (
    <div className="months">
      <Turn label="A year earlier" sign="«" turn={() => turn(-12)} />
      <Turn label="A month earlier" sign="‹" turn={() => turn(-1)} />
      <h3 aria-live="polite">{monthText(focused)}</h3>
      <Turn label="A month later" sign="›" disabled={newest} turn={() => turn(1)} />
      <Turn label="A year later" sign="»" disabled={newest} turn={() => turn(12)} />
    </div>
  );
}

/** The day a key leads to. */
function dayFrom(day: string, key: string, far: boolean, start: WeekStart): string | undefined {
  switch (key) {
    case 'ArrowLeft':
      return addDays(day, -1);
    case 'ArrowRight':
      return addDays(day, 1);
    case 'ArrowUp':
      return addDays(day, -7);
    case 'ArrowDown':
      return addDays(day, 7);
    case 'Home':
      return addDays(day, -placeInWeek(day, start));
    case 'End':
      return addDays(day, 6 - placeInWeek(day, start));
    case 'PageUp':
      return addMonths(day, far ? -12 : -1);
    case 'PageDown':
      return addMonths(day, far ? 12 : 1);
    default:
      return undefined;
  }
}

const isWithin = (day: string, pair: [string, string] | null) =>
  pair !== null && day >= pair[0] && day <= pair[1];

/** Where in the chosen days a day is, for its looks. */
function placeOf(day: string, pair: [string, string] | null): string | undefined {
  if (!pair || !isWithin(day, pair)) return undefined;
  const [first, last] = [day === pair[0], day === pair[1]];
  return first && last ? 'within first last' : first ? 'within first' : last ? 'within last' : 'within';
}
