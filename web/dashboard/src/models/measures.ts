/** A measure of how good a model is, as people say it. */
interface Measure {
  label: string;
  /** Which way is better, or what it says. */
  hint: string;
  /** Whether it is a share, said in percent. */
  share?: true;
  /** From where on it is no good. */
  poor?: (value: number) => boolean;
}

const MORE = 'more is better';
const LESS = 'less is better';

/** By the names that the server gives them; what is not here is called as it is there. */
const MEASURES: Record<string, Measure> = {
  auc: {
    label: 'Tells two people apart',
    hint: 'more is better; 50% is a guess',
    share: true,
    poor: (value) => value < 0.55,
  },
  log_loss: { label: 'Surprised by what happened', hint: LESS },
  calibration_error: { label: 'Its chances are off by', hint: LESS, share: true },
  merit: { label: 'Score on people it had not seen', hint: MORE },
  cross_validated: { label: 'Score while it learned', hint: MORE },
  r2: {
    label: 'Differences it explains',
    hint: 'more is better; 0 is a guess',
    share: true,
    poor: (value) => value <= 0,
  },
  mean_absolute_error: { label: 'Off by, on average', hint: LESS },
  silhouette: {
    label: 'How distinct the sorts are',
    hint: 'more is better, 1 at most',
    poor: (value) => value < 0.1,
  },
  held_out_silhouette: {
    label: 'How distinct, of people it had not seen',
    hint: 'more is better, 1 at most',
    poor: (value) => value < 0.1,
  },
  segments: { label: 'Sorts found', hint: '' },
  hit_rate_at_10: { label: 'Next page is among its ten', hint: MORE, share: true },
  interval_skill: {
    label: 'How narrow and right its ranges are',
    hint: 'more is better, 1 at most',
    poor: (value) => value < 0,
  },
};

const known = (name: string): Measure => MEASURES[name] ?? { label: name.replaceAll('_', ' '), hint: '' };

export const measureName = (name: string) => known(name).label;
export const measureHint = (name: string) => known(name).hint;
export const isPoor = (name: string, value: number) => known(name).poor?.(value) ?? false;

/** A measure's figure: shares in percent, everything else as it is. */
export function measure(name: string, value: number): string {
  if (known(name).share) return `${(100 * value).toFixed(1)}%`;
  return Number.isInteger(value) ? String(value) : value.toFixed(2).replace('-', '−');
}
