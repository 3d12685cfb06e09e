/** Where tiles lie: on twelve columns, none on another, none that could go a row up. */

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
 * The boxes with one of them put somewhere: it falls up from there until something is in its way, and the
 * others make way downwards. None falls through another: what was put below one that cannot go up stays
 * there. Order and number stay.
 */
export function put<T extends Box>(boxes: T[], index: number, box: Box): T[] {
  return settled(
    boxes.map((one, place) => (place === index ? { ...one, ...fitted(box) } : one)),
    index,
  );
}

/** The boxes in turn, each as far up as it can go; in a row, the one that somebody moved comes first. */
function settled<T extends Box>(moved: T[], index: number): T[] {
  const order = [...moved.keys()].sort((one, other) => {
    const [a, b] = [moved[one], moved[other]];
    if (!a || !b) return 0;
    // What was moved goes before what lay there.
    return a.y - b.y || Number(other === index) - Number(one === index) || a.x - b.x;
  });
  const lying: T[] = [];
  const result = [...moved];
  for (const place of order) {
    const one = moved[place];
    if (!one) continue;
    const isFree = (y: number) => y >= 0 && !lying.some((other) => overlap({ ...one, y }, other));
    let { y } = one;
    while (!isFree(y)) y++;
    while (isFree(y - 1)) y--;
    const laid = { ...one, y };
    lying.push(laid);
    result[place] = laid;
  }
  return result;
}

/** Places of boxes in their list, as they are read: row by row. */
export const reading = (boxes: Box[]): number[] =>
  boxes
    .map((box, place) => ({ ...box, place }))
    .sort((one, other) => one.y - other.y || one.x - other.x)
    .map(({ place }) => place);

/** The boxes with each in the corner of the one that was read at its rank. */
function inTurn<T extends Box>(boxes: T[], wanted: number[], index: number): T[] {
  const read = reading(boxes);
  const turned = boxes.map((one, place) => {
    const corner = boxes[read[wanted.indexOf(place)] ?? place] ?? one;
    return { ...one, ...fitted({ ...one, x: corner.x, y: corner.y }) };
  });
  return settled(turned, index);
}

/** How far a layout is from what is wanted: where one box is read, where all are, and how they look. */
function farness(laid: Box[], boxes: Box[], wanted: number[], index: number): number[] {
  const read = reading(laid);
  const off = wanted.map((place, rank) => Math.abs(read.indexOf(place) - rank));
  const moves = laid.map(({ x, y }, place) => {
    const old = boxes[place];
    return old ? Math.abs(x - old.x) + Math.abs(y - old.y) : 0;
  });
  const sum = (all: number[]) => all.reduce((one, other) => one + other, 0);
  return [off[wanted.indexOf(index)] ?? 0, sum(off), sum(moves)];
}

const isLess = (one: number[], other: number[]) => {
  const at = one.findIndex((value, place) => value !== other[place]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
};

/** The boxes with one of them put so that it is read at a rank, and as little else as may be becomes another. */
export function readAt<T extends Box>(boxes: T[], index: number, rank: number): T[] {
  const one = boxes[index];
  if (!one) return boxes;
  const wanted = reading(boxes)
    .filter((place) => place !== index)
    .toSpliced(rank, 0, index);
  const end = Math.max(...boxes.map(({ y, h }) => y + h));
  const rows = Array.from({ length: end + 1 }, (_, y) => y);
  const columns = Array.from({ length: COLUMNS - one.w + 1 }, (_, x) => x);
  const ways = [
    inTurn(boxes, wanted, index),
    ...rows.flatMap((y) => columns.map((x) => put(boxes, index, { ...one, x, y }))),
  ].map((laid) => ({ laid, far: farness(laid, boxes, wanted, index) }));
  return ways.reduce((best, way) => (isLess(way.far, best.far) ? way : best)).laid;
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
