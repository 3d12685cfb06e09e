/** A long name with its middle left out: addresses are alike at their beginning, and told apart at their end. */
export function shortened(name: string, most: number): string {
  const letters = [...name];
  if (letters.length <= most) return name;
  const begin = Math.ceil((most - 1) / 2);
  return `${letters.slice(0, begin).join('')}…${letters.slice(begin + 1 - most).join('')}`;
}

/** About how many pixels a letter of a chart is wide. */
export const LETTER_PX = 6.5;
