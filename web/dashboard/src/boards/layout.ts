/** Where tiles lie: on twelve columns, none on another, none with room above it. */

export const COLUMNS = 12;
const HIGHEST = 20;

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

const overlap = (one: Box, other: Box) =>
  one.x < other.x + other.w &&
  other.x < one.x + one.w &&
  one.y < other.y + other.h &&
  other.y < one.y + one.h;

const within = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** A box that fits the page. */
export function fitted({ x, y, w, h }: Box): Box {
  const width = within(w, 2, COLUMNS);
  return { x: within(x, 0, COLUMNS - width), y: Math.max(0, y), w: width, h: within(h, 1, HIGHEST) };
}

/**
 * The boxes with one of them put somewhere: it stays there as far as it can fall up, and the others make
 * way downwards. Order and number stay.
 */
export function put<T extends Box>(boxes: T[], index: number, box: Box): T[] {
  const moved = boxes.map((one, place) => (place === index ? { ...one, ...fitted(box) } : one));
  const order = [...moved.keys()].sort((one, other) => {
    const [a, b] = [moved[one], moved[other]];
    if (!a || !b) return 0;
    // What was moved goes before what lay there.
    return a.y - b.y || Number(other === index) - Number(one === index) || a.x - b.x;
  });
  const settled: T[] = [];
  const result = [...moved];
  for (const place of order) {
    const one = moved[place];
    if (!one) continue;
    let y = 0;
    while (settled.some((other) => overlap({ ...one, y }, other))) y++;
    const laid = { ...one, y };
    settled.push(laid);
    result[place] = laid;
  }
  return result;
}

/** The first place, row by row, where something so large lies on nothing. */
export function free(boxes: Box[], size: Pick<Box, 'w' | 'h'>): Box {
  const end = Math.max(0, ...boxes.map(({ y, h }) => y + h));
  for (let y = 0; y < end; y++)
    for (let x = 0; x <= COLUMNS - size.w; x++) {
      const place = { x, y, ...size };
      if (!boxes.some((box) => overlap(box, place))) return place;
    }
  return { x: 0, y: end, ...size };
}
