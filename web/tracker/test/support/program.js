/** The program itself: `opentrace serve` on loopback, on data of its own. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from '../../scripts/bundle.js';

const ADMIN = 'test-admin-token-0123456789abcdef';
const REPOSITORY = resolve(ROOT, '../..');
const START_MS = 60_000;

/** A build to test with: the one named, else the newest kind there is. */
export const binary = [
  process.env.OPENTRACE_PROGRAM,
  join(REPOSITORY, 'target/debug/opentrace'),
  join(REPOSITORY, 'target/release/opentrace'),
].find((path) => path && existsSync(path));

export async function start() {
  if (!binary) throw new Error('build the program first: cargo build --bin opentrace');
  const data = await mkdtemp(join(tmpdir(), 'tracker-data-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(binary, ['serve', '--data', data, '--listen', new URL(url).host], {
    cwd: REPOSITORY, // where npm put ClickHouse
    env: { ...process.env, OPENTRACE_ADMIN_TOKEN: ADMIN },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
  const ended = new Promise((resolve) => child.once('exit', resolve));

  async function call(path, body) {
    const answer = await fetch(url + path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${ADMIN}` },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  async function until(what, holds) {
    for (const end = Date.now() + START_MS; Date.now() < end; await pause(100)) {
      if (child.exitCode !== null) break;
      if (await holds().catch(() => false)) return;
    }
    throw new Error(`not ${what} in time:\n${log.slice(-4000)}`);
  }

  /** Rows of a query, as `[dimensions…, metrics…]`. */
  async function query(site, metrics, dimensions = []) {
    const { results } = await call('/api/v2/query', {
      site_id: site,
      metrics,
      dimensions,
      date_range: 'day',
    });
    return results.map((row) => [...row.dimensions, ...row.metrics]);
  }

  async function stop() {
    child.kill();
    await ended;
    await rm(data, { recursive: true, force: true });
  }

  await until('up', async () => (await fetch(`${url}/healthz`)).ok);
  return {
    url,
    query,
    stop,
    site: (domain, more) => call('/api/v1/sites', { domain, timezone: 'UTC', ...more }),
    settled: () =>
      until('settled', async () => {
        const { pipeline } = await call('/api/v1/status');
        return pipeline.state === 'running' && pipeline.lag_events === 0;
      }),
  };
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
