// The built dashboard before the running program, under the policy it is served with, and a browser.
//
// OPENTRACE names an address that already answers; otherwise OPENTRACE_BIN names the program, whose
// demonstration is started here.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function serve(upstream) {
  return new Promise((ready) => {
    const server = createServer((incoming, outgoing) => {
      if (incoming.url.startsWith('/api/')) {
        const { method, headers, url } = incoming;
        const onward = request(new URL(url, upstream), { method, headers }, (answer) => {
          outgoing.writeHead(answer.statusCode, answer.headers);
          answer.pipe(outgoing);
        });
        onward.on('error', () => outgoing.destroy());
        outgoing.on('close', () => onward.destroy());
        incoming.pipe(onward);
        return;
      }
      const path = join(dist, new URL(incoming.url, upstream).pathname);
      const file =
        path.startsWith(dist) && extname(path) && existsSync(path) ? path : join(dist, 'index.html');
      outgoing.writeHead(200, { 'content-type': TYPES[extname(file)], 'content-security-policy': POLICY });
      outgoing.end(readFileSync(file));
    });
    server.listen(0, '127.0.0.1', () => ready(server));
  });
}

async function demonstration() {
  if (process.env.OPENTRACE) return { url: process.env.OPENTRACE, stop() {} };
  const program = process.env.OPENTRACE_BIN ?? join(repository, 'target/release/opentrace');
  const data = mkdtempSync(join(tmpdir(), 'opentrace-dashboard-'));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = spawn(program, ['demo', '--data', data, '--listen', `127.0.0.1:${port}`], {
    cwd: repository,
    stdio: 'ignore',
  });
  const ended = new Promise((done) => {
    child.on('exit', done);
    child.on('error', done);
  });
  const url = `http://127.0.0.1:${port}`;
  const body = JSON.stringify({ site_id: 'demo.example', metrics: ['visitors'], date_range: '28d' });
  for (let tries = 0; tries < 240; tries++) {
    const answer = await fetch(`${url}/api/v2/query`, { method: 'POST', body }).catch(() => null);
    if (answer?.ok && (await answer.json()).results[0]?.metrics[0] > 5000) break;
    if (child.exitCode !== null || tries === 239) throw new Error(`${program} does not answer`);
    await sleep(500);
  }
  return {
    url,
    async stop() {
      child.kill('SIGINT');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export async function start() {
  const program = await demonstration();
  const server = await serve(program.url);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    upstream: program.url,
    /** A page that remembers what it complained of and which other hosts it asked. */
    async open(path, options = {}) {
      const context = await browser.newContext({ locale: 'en-GB', bypassCSP: false, ...options });
      const page = await context.newPage();
      page.complaints = [];
      page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
      page.on('pageerror', (error) => page.complaints.push(error.stack));
      page.on('request', (asked) => {
        const address = asked.url();
        if (address.startsWith('http') && !address.startsWith(origin)) page.complaints.push(address);
      });
      await page.goto(origin + path);
      return page;
    },
    async stop() {
      await browser.close();
      server.closeAllConnections();
      server.close();
      await program.stop();
    },
  };
}
