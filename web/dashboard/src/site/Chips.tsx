import type { Condition } from '../api/types';
import { SaveFilters } from '../segments/SaveFilters';
import { useMay } from '../session/data';
import type { Filtered } from './FilterBuilder';
import { named, rowName, SIGNS } from './names';

/** The filters of a page, each a button that lets it go. */
export function Chips({ of: { site, filters, setFilters } }: { of: Filtered }) {
  const mayChange = useMay('write');
  if (filters.length === 0) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced as a form
    <div className="tools" role="group" aria-label="Filters">
      {filters.map((condition) => (
        <button
          key={told(condition)}
          type="button"
          className="chip"
          aria-label={`Remove the filter ${told(condition)}`}
          onClick={() => setFilters(filters.filter((one) => one !== condition))}
        >
          {told(condition)} ×
        </button>
      ))}
      {mayChange && <SaveFilters site={site} filters={filters} />}
    </div>
  );
}

const told = ([operator, dimension, values]: Condition) =>
  `${named(dimension).toLowerCase()} ${SIGNS[operator]} ${values.map((value) => rowName(dimension, value)).join(' or ')}`;
