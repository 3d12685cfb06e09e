import type { QueryAnswer } from './types';

/** An amount as the server writes it: the number, and how it reads in the site's currency. */
interface Amount {
  value: number;
  currency: string;
}

export interface RawAnswer extends Omit<QueryAnswer, 'results'> {
  results: { metrics: (number | Amount | null)[]; dimensions: string[] }[];
}

/** The answer with amounts as numbers: the dashboard writes them in the reader's own manner. */
export function figures(answer: RawAnswer): QueryAnswer {
  const results = answer.results.map((row) => ({
    ...row,
    metrics: row.metrics.map((metric) =>
      metric !== null && typeof metric === 'object' ? metric.value : metric,
    ),
  }));
  return { ...answer, results };
}
