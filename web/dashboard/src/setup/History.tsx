import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { sendHistory } from '../api/client';
import type { Taken } from '../api/types';
import { figure } from '../lib/format';
import { quoted, told } from '../session/told';
import { historyOf, type Refusal } from './batches';

interface Done extends Pick<Taken, 'accepted' | 'duplicates'> {
  refused: number;
  first?: Refusal;
  part: number;
}

/** What became of no event at all. */
const NOTHING: Taken = { accepted: 0, duplicates: 0, rejected: [] };

/** `1 event` */
const events = (count: number) => (count === 1 ? '1 event' : `${figure('events', count)} events`);

/** Brings in events from before, from a file or with the command line. */
export function History({ site }: { site: string }) {
  const file = useRef<HTMLInputElement>(null);
  const [done, setDone] = useState<Done>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const send = async () => {
    const chosen = file.current?.files?.[0];
    setDone(undefined);
    setProblem(chosen ? undefined : 'Choose a file first.');
    if (!chosen) return;
    setBusy(true);
    const sum: Done = { accepted: 0, duplicates: 0, refused: 0, part: 0 };
    try {
      for await (const { lines, places, refused, first, part } of historyOf(chosen, site)) {
        const taken = lines.length ? await sendHistory(lines.join('\n')) : NOTHING;
        const theirs = taken.rejected.map(({ index, message }) => ({
          line: places[index] ?? 0,
          reason: `is refused: ${quoted(message)}`,
        }));
        sum.accepted += taken.accepted;
        sum.duplicates += taken.duplicates;
        sum.refused += refused + taken.rejected.length;
        sum.first ??= [...theirs, ...(first ? [first] : [])].sort((a, b) => a.line - b.line)[0];
        setDone({ ...sum, part });
      }
      if (sum.accepted + sum.duplicates + sum.refused === 0) setProblem('There is no event in this file.');
    } catch (error) {
      setProblem(told(error as Error));
    }
    setBusy(false);
  };
  return (
    <section className="card form wide" aria-label="History">
      <h2>Bring in history</h2>
      <p>
        A file with one event per line (NDJSON, plain or gzip), each with <code>name</code>, <code>ts</code>{' '}
        and <code>url</code>; <code>visitor</code> (a number), or <code>ip</code> with <code>user_agent</code>
        , tells visitors apart. Events with an <code>id</code> count once, however often the file is sent.
        What <code>opentrace export</code> wrote is taken as it is.
      </p>
      <div className="tools">
        <input ref={file} type="file" aria-label="File with events" accept=".ndjson,.jsonl,.json,.gz" />
        <Button size="xs" variant="default" loading={busy} onClick={send}>
          Import
        </Button>
      </div>
      {busy && <progress max={1} value={done?.part ?? 0} aria-label="Progress of the import" />}
      {done && (
        <p role="status">
          {events(done.accepted)} taken, {figure('events', done.duplicates)} known already,{' '}
          {figure('events', done.refused)} refused
          {done.first && `: line ${done.first.line} ${done.first.reason}`}.
        </p>
      )}
      {done && !busy && done.accepted + done.duplicates > 0 && (
        <p>
          <Link to="/sites/$site" params={{ site }} search={{ period: 'all' }}>
            See the figures of all time
          </Link>
        </p>
      )}
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
      <p className="soft">
        Access logs of a web server and CSV are read by the command line, on the machine of the server or
        elsewhere:
      </p>
      <pre>
        <code>
          {`opentrace import --format combined --site ${site} \\
  --url ${location.origin} --key KEY access.log.gz`}
        </code>
      </pre>
    </section>
  );
}
