import type { ModelKind } from '../api/models';

export const modelsKey = (site: string) => ['models', site];

interface Kind {
  label: string;
  /** What it says, in a sentence. */
  says: string;
  /** The fields of the form that it needs beside its name. */
  fields: ('days' | 'event' | 'metric')[];
}

/** What can be trained; another is one more entry. */
export const KINDS: Record<ModelKind, Kind> = {
  churn: { label: 'Churn', says: 'Who of those that came lately will not come again.', fields: ['days'] },
  conversion: { label: 'Conversion', says: 'Who will do an event.', fields: ['event', 'days'] },
  value: { label: 'Customer value', says: 'What somebody who bought will spend.', fields: ['days'] },
  segments: { label: 'Segments', says: 'Which sorts of visitors there are.', fields: [] },
  forecast: { label: 'Forecast', says: 'What a metric will be.', fields: ['metric'] },
  recommend: { label: 'Recommendations', says: 'What somebody will look at next.', fields: [] },
};

/** Kinds that give every visitor a score. */
export const SCORES: ReadonlySet<ModelKind> = new Set(['churn', 'conversion', 'value']);

export const EVERY = { '': 'when I ask', '1d': 'every day', '7d': 'every week', '30d': 'every month' };
