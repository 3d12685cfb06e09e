import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { sendFile } from '../api/client';
import type { Imported } from '../api/types';
import { figure } from '../lib/format';
import { told } from '../session/told';
import { FORMATS, type Format, guessed, reasonOf } from './formats';

const many = (count: number, noun: string) =>
  count === 1 ? `1 ${noun}` : `${figure('events', count)} ${noun}s`;

/** Brings in events from before, from a file or with the command line. */
export function History({ site }: { site: string }) {
  const file = useRef<HTMLInputElement>(null);
  const [format, setFormat] = useState<Format>('ndjson');
  const [done, setDone] = useState<Imported>();
  const [problem, setProblem] = useState<string>();
  const [part, setPart] = useState<number>();
  const send = async () => {
    const chosen = file.current?.files?.[0];
    setDone(undefined);
    setProblem(chosen ? undefined : 'Choose a file first.');
    if (!chosen) return;
    setPart(0);
    try {
      setDone(await sendFile(site, format, chosen, setPart));
    } catch (error) {
      setProblem(told(error as Error));
    }
    setPart(undefined);
  };
  return (
    <section className="card form wide" aria-label="History">
      <h2>Bring in history</h2>
      <label className="field">
        <span>What the file holds</span>
        <select value={format} onChange={(event) => setFormat(event.target.value as Format)}>
          {FORMATS.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <div className="tools">
        <input
          ref={file}
          type="file"
          aria-label="File with events"
          onChange={(event) => setFormat(guessed(event.target.files?.[0]?.name ?? '') ?? format)}
        />
        <Button size="xs" variant="default" loading={part !== undefined} onClick={send}>
          Import
        </Button>
      </div>
      <Help format={format} />
      {part !== undefined && <progress max={1} value={part} aria-label="Progress of the import" />}
      {done && <Outcome done={done} site={site} />}
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
      <p className="soft">What is large, or lies on another machine, is read by the command line as well:</p>
      <pre>
        <code>
          {`opentrace import --format ${format} --site ${site} \\
  --url ${location.origin} --key KEY FILE…`}
        </code>
      </pre>
    </section>
  );
}

/** What has to be in a file. */
function Help({ format }: { format: Format }) {
  return (
    <p className="soft">
      {(format === 'ndjson' || format === 'csv') && (
        <>
          Each event has <code>ts</code>, <code>name</code> and <code>url</code>; <code>visitor</code> (a
          number), or <code>ip</code> with <code>user_agent</code>, tells visitors apart. What{' '}
          <code>opentrace export</code> wrote is taken as it is.{' '}
        </>
      )}
      {(format === 'combined' || format === 'common') &&
        'Page views are found by what was asked for; addresses are dropped. '}
      Plain or gzip. A file that is sent again changes nothing.
    </p>
  );
}

function Outcome({ done, site }: { done: Imported; site: string }) {
  const { accepted, duplicates } = done;
  // Empty lines are nothing that anybody misses.
  const left = [...done.skipped, ...done.rejected].filter(({ code }) => code !== 'empty');
  if (!accepted && !duplicates && !left.length)
    return (
      <p role="alert" className="problem">
        There is no event in this file.
      </p>
    );
  return (
    <>
      <p role="status">
        {many(accepted, 'event')} taken, {figure('events', duplicates)} known already
        {left.length ? '; left out were' : '.'}
      </p>
      {left.length > 0 && (
        <ul className="left-out">
          {left.map((refused) => (
            <li key={refused.code}>
              {many(refused.lines, 'line')}: {reasonOf(refused)}{' '}
              <span className="soft">(first: line {refused.first})</span>
            </li>
          ))}
        </ul>
      )}
      {accepted + duplicates > 0 && (
        <p>
          <Link to="/sites/$site" params={{ site }} search={{ period: 'all' }}>
            See the figures of all time
          </Link>
        </p>
      )}
    </>
  );
}
