/** Characters of a request; the server takes some megabytes and 10,000 events. */
const CHARACTERS = 1_000_000;
const EVENTS = 2_000;

export interface Refusal {
  line: number;
  reason: string;
}

/** What is sent at once. */
export interface Batch {
  lines: string[];
  /** Which lines of the file they are, from 1. */
  places: number[];
  /** How many lines beside these are no events, since the batch before. */
  refused: number;
  /** The first of those, and what is wrong with it. */
  first?: Refusal;
  /** How much of the file has been read. */
  part: number;
}

/** Reads on, and says of a file that cannot be unpacked that it is one. */
async function unpacked<T>(reading: Promise<T>): Promise<T> {
  return reading.catch((error) => {
    // The browser's word for bytes that are no gzip.
    throw error instanceof TypeError ? new Error('This file is no gzip file, or it is damaged.') : error;
  });
}

/** A file's lines in pieces that a request holds, each line with its site. What is no event is not sent. */
export async function* historyOf(file: File, site: string): AsyncGenerator<Batch> {
  if (file.size === 0) return;
  let read = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      read += chunk.length;
      controller.enqueue(chunk);
    },
  });
  let bytes: ReadableStream<Uint8Array<ArrayBuffer>> = file.stream().pipeThrough(counted);
  const isPacked = file.name.endsWith('.gz');
  if (isPacked) bytes = bytes.pipeThrough(new DecompressionStream('gzip'));
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  const empty = (): Batch => ({ lines: [], places: [], refused: 0, part: 1 });
  let batch = empty();
  let length = 0;
  let rest = '';
  let place = 0;
  for (;;) {
    const { done, value } = await (isPacked ? unpacked(reader.read()) : reader.read());
    const pieces = done ? [rest] : (rest + value).split('\n');
    rest = done ? '' : (pieces.pop() ?? '');
    for (const piece of pieces) {
      place += 1;
      const text = piece.trim();
      if (!text) continue;
      const event = eventOf(text);
      if (typeof event === 'string') {
        batch.refused += 1;
        batch.first ??= { line: place, reason: event };
        continue;
      }
      const line = JSON.stringify({ ...event, site });
      batch.lines.push(line);
      batch.places.push(place);
      length += line.length;
      if (batch.lines.length < EVENTS && length < CHARACTERS) continue;
      yield { ...batch, part: file.size ? read / file.size : 1 };
      batch = empty();
      length = 0;
    }
    if (done) break;
  }
  if (batch.lines.length || batch.refused) yield batch;
}

/** The server would take an event without these for one of now. */
const NEEDED = ['name', 'ts'] as const;

/** The event of a line, or why it is none. */
function eventOf(line: string): object | string {
  let event: Record<string, unknown> | null;
  try {
    event = JSON.parse(line);
  } catch {
    return 'is not JSON';
  }
  if (typeof event !== 'object' || !event || Array.isArray(event)) return 'is not a JSON object';
  const missing = NEEDED.find((field) => (event[field] ?? '') === '');
  return missing ? `has no “${missing}”` : event;
}
