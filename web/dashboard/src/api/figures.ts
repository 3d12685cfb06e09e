import type { QueryAnswer } from './types';

/** An amount as the server writes it: the number, and how it reads in the site's currency. */
interface Amount {
  value: number;
  currency: string;
}

type RawFigures = (number | Amount | null)[];

export interface RawAnswer extends Omit<QueryAnswer, 'results'> {
  results: { metrics: RawFigures; dimensions: string[]; comparison?: { metrics: RawFigures } }[];
}

const numbers = (metrics: RawFigures): (number | null)[] =>
  metrics.map((metric) => (metric !== null && typeof metric === 'object' ? metric.value : metric));

/** The answer with amounts as numbers: the dashboard writes them in the reader's own manner. */
export function figures(answer: RawAnswer): QueryAnswer {
  const results = answer.results.map(({ metrics, dimensions, comparison }) => ({
    metrics: numbers(metrics),
    dimensions,
    ...(comparison && { comparison: { metrics: numbers(comparison.metrics) } }),
  }));
  return { ...answer, results };
}
