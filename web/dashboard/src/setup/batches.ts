/** Characters of a request; the server takes some megabytes and 10,000 events. */
const CHARACTERS = 1_000_000;
const EVENTS = 2_000;

/** A file's lines in pieces that a request holds, each line with its site, and how much has been read. */
export async function* historyOf(file: File, site: string) {
  let read = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      read += chunk.length;
      controller.enqueue(chunk);
    },
  });
  let bytes: ReadableStream<Uint8Array<ArrayBuffer>> = file.stream().pipeThrough(counted);
  if (file.name.endsWith('.gz')) bytes = bytes.pipeThrough(new DecompressionStream('gzip'));
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  const part = () => (file.size ? read / file.size : 1);
  let rest = '';
  let lines: string[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    const pieces = done ? [rest] : (rest + value).split('\n');
    rest = done ? '' : (pieces.pop() ?? '');
    for (const piece of pieces) {
      const line = withSite(piece, site);
      if (!line) continue;
      lines.push(line);
      length += line.length;
      if (lines.length < EVENTS && length < CHARACTERS) continue;
      yield { lines: lines.join('\n'), part: part() };
      lines = [];
      length = 0;
    }
    if (done) break;
  }
  if (lines.length) yield { lines: lines.join('\n'), part: 1 };
}

/** The line as an event of the site; one that is no object is sent as it is, for the server to refuse. */
function withSite(line: string, site: string): string {
  const text = line.trim();
  if (!text) return '';
  try {
    const event: unknown = JSON.parse(text);
    if (event && typeof event === 'object' && !Array.isArray(event))
      return JSON.stringify({ ...event, site });
  } catch {
    // not JSON
  }
  return text;
}
