import type { Condition } from '../api/types';
import { SaveFilters } from '../segments/SaveFilters';
import { useMay } from '../session/data';
import type { Filtered } from './FilterBuilder';
import { named, rowName, SIGNS } from './names';
import { SEARCH_FIELD } from './shortcuts';
import { useNames } from './useNames';

/** Leads the focus from a filter that goes to its neighbour, or to where filters are made. */
function leave(chip: HTMLElement): void {
  const chips = [...(chip.parentElement?.querySelectorAll<HTMLElement>('.chip') ?? [])];
  const place = chips.indexOf(chip);
  (chips[place + 1] ?? chips[place - 1] ?? document.getElementById(SEARCH_FIELD))?.focus();
}

/** The filters of a page, each a button that lets it go. */
export function Chips({ of: { site, filters, setFilters } }: { of: Filtered }) {
  const mayChange = useMay('write');
  if (filters.length === 0) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced as a form
    <div className="tools" role="group" aria-label="Filters">
      {filters.map((condition) => (
        <Chip
          key={JSON.stringify(condition)}
          site={site}
          condition={condition}
          remove={() => setFilters(filters.filter((one) => one !== condition))}
        />
      ))}
      {mayChange && <SaveFilters site={site} filters={filters} />}
    </div>
  );
}

interface ChipProps {
  site: string;
  condition: Condition;
  remove: () => void;
}

function Chip({ site, condition: [operator, dimension, values], remove }: ChipProps) {
  const names = useNames(site, dimension, values);
  const said = values.map((value) => names.get(value) ?? rowName(dimension, value)).join(' or ');
  const told = `${named(dimension).toLowerCase()} ${SIGNS[operator]} ${said}`;
  return (
    <button
      type="button"
      className="chip"
      aria-label={`Remove the filter ${told}`}
      onClick={({ currentTarget }) => {
        leave(currentTarget);
        remove();
      }}
    >
      {told} ×
    </button>
  );
}
