import type { QueryAnswer } from '../api/types';

/** Figures by the labels of their buckets. */
type Figures = Record<string, number>;
/** Figures that somebody saw, by the question that they answered. */
export type Shown = Record<string, Figures>;

/** Of more questions than these nobody remembers the figures. */
const QUESTIONS = 8;

/** What was asked, whatever the time. */
const questionOf = ({ query: { metrics, dimensions, filters } }: QueryAnswer): string =>
  JSON.stringify([metrics, dimensions, filters]);

/** The figures of whole buckets: others change by themselves. */
function figuresOf({ results, meta }: QueryAnswer): Figures {
  const rows = new Map(results.map(({ dimensions, metrics }) => [dimensions[0], metrics[0] ?? 0]));
  const partial = new Set(meta.partial_time_labels);
  return Object.fromEntries(
    (meta.time_labels ?? [])
      .filter((label) => !partial.has(label))
      .map((label) => [label, rows.get(label) ?? 0]),
  );
}

/** What was shown, with what an answer shows that was not there. */
export function withFirst(shown: Shown, answer: QueryAnswer): Shown {
  const question = questionOf(answer);
  return { ...shown, [question]: { ...figuresOf(answer), ...shown[question] } };
}

/** What was shown last, with an answer: of the latest questions. */
export function withLast(shown: Shown, answer: QueryAnswer): Shown {
  const question = questionOf(answer);
  const others = Object.entries(shown).filter(([other]) => other !== question);
  return Object.fromEntries([...others, [question, figuresOf(answer)]].slice(-QUESTIONS));
}

/** Which buckets of an answer have other figures than were shown. */
export function differing(shown: Shown, answer: QueryAnswer): Set<string> {
  const before = shown[questionOf(answer)] ?? {};
  const labels = Object.entries(figuresOf(answer)).flatMap(([label, figure]) =>
    label in before && before[label] !== figure ? [label] : [],
  );
  return new Set(labels);
}
