import { useId, useState } from 'react';
import { query } from '../api/client';
import type { DateRange } from '../api/types';
import { countryCode } from '../lib/format';
import { useAnswer } from '../ui/data';
import { COUNTRY, REGION, rowName, withNames } from './names';

const SUGGESTED = 50;
/** Of regions all, as a rule: others are not known by their names. */
const REGIONS = 1000;

/** A value as it is stored, and what people call it. */
export interface Known {
  value: string;
  name: string;
}

/** The most frequent values of a dimension; of none where it is empty. */
export function useKnown(site: string, range: DateRange, dimension: string): Known[] {
  const { data } = useAnswer(
    dimension
      ? {
          site_id: site,
          metrics: ['visitors'],
          date_range: range,
          dimensions: withNames(dimension),
          pagination: { limit: dimension === REGION ? REGIONS : SUGGESTED, offset: 0 },
        }
      : null,
    query,
  );
  return (data?.results ?? []).map(({ dimensions: [value = '', name] }) => ({
    value,
    name: name ?? rowName(dimension, value),
  }));
}

/** The value that somebody means who wrote it as people call it: a country by its name, whoever came from there. */
export function meant(known: Known[], dimension: string, text: string): string {
  const written = text.trim();
  const said = written.toLowerCase();
  const found =
    known.find(({ name }) => name === written) ?? known.find(({ name }) => name.toLowerCase() === said);
  return found?.value ?? (dimension === COUNTRY ? countryCode(said) : undefined) ?? written;
}

/** What a field may say, as a list that it names. */
export const Suggestions = ({ id, known }: { id: string; known: Known[] }) => (
  <datalist id={id}>
    {known.map(({ value, name }) => (
      <option key={value}>{name}</option>
    ))}
  </datalist>
);

interface Props {
  site: string;
  /** What the form calls the value. */
  name: string;
  label: string;
  dimension: string;
  value: string;
}

/** A field of a form for a value of a dimension. */
export function ValueField({ site, name, label, dimension, value }: Props) {
  const [text, setText] = useState(value && rowName(dimension, value));
  const suggestions = useId();
  const known = useKnown(site, '30d', dimension);
  return (
    <>
      <input
        aria-label={label}
        autoComplete="off"
        list={suggestions}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <input type="hidden" name={name} value={text && meant(known, dimension, text)} />
      <Suggestions id={suggestions} known={known} />
    </>
  );
}
