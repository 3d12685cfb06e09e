/** What the colours of a chart mean: names are shortened in their middle and never cut off. */
import type { Colours } from '../charts/Chart';
import { LETTER_PX, shortened } from '../charts/short';

/** Pixels: of a name beside its letters, of a line of names, and at the edge. */
const [DOT, LINE, EDGE] = [30, 24, 8];
/** Lines of names that a chart has room for. */
const LINES = 6;

/** Letters of a name that are shown where there is a line for it. */
const LETTERS = 20;

/** Letters of a name at most: two stand beside each other where there is room. */
function mostOf(width: number): number {
  const letters = (room: number) => Math.floor((room - EDGE - DOT) / LETTER_PX);
  return Math.max(letters(width / 2), Math.min(letters(width), LETTERS));
}

const look = (width: number, colours: Colours) => ({
  icon: 'circle',
  itemWidth: 10,
  itemGap: 10,
  textStyle: { color: colours.soft },
  pageTextStyle: { color: colours.soft },
  pageIconColor: colours.ink,
  pageIconInactiveColor: colours.line,
  formatter: (name: string) => shortened(name, mostOf(width)),
});

/** Names in the right half of a chart. */
export const beside = (width: number, colours: Colours) => ({
  ...look(width, colours),
  type: 'scroll',
  orient: 'vertical',
  left: width / 2 + EDGE,
  top: 'middle',
});

/** Names below a chart, and how high they are: on as many lines as they take. */
export function below(names: string[], width: number, colours: Colours) {
  let [lines, taken] = [1, 0];
  for (const name of names) {
    const more = shortened(name, mostOf(width)).length * LETTER_PX + DOT;
    if (taken + more > width - 2 * EDGE) [lines, taken] = [lines + 1, 0];
    taken += more;
  }
  const held = lines <= LINES;
  return {
    legend: {
      ...look(width, colours),
      ...(held ? { left: 'center', width: width - 2 * EDGE } : { type: 'scroll' }),
      bottom: 0,
    },
    height: (held ? lines : 1) * LINE + EDGE,
  };
}
