// The running program, which serves the dashboard itself, and a browser before it.
//
// OPENTRACE_PROGRAM names the build; without it the newest kind there is in target/ is taken.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const shots = join(repository, 'docs/screenshots/');
const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const START_MS = 120_000;

export const binary = [
  process.env.OPENTRACE_PROGRAM,
  join(repository, 'target/debug/opentrace'),
  join(repository, 'target/release/opentrace'),
].find((path) => path && existsSync(path));

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** `opentrace serve` or `opentrace demo` on loopback, with data of its own. */
export async function program(command, { held, settings = [] } = {}) {
  if (!binary) throw new Error('build the program first: cargo build --bin opentrace');
  const data = held ?? mkdtempSync(join(tmpdir(), 'opentrace-dashboard-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const given = settings.flatMap((setting) => ['--set', setting]);
  const child = spawn(binary, [command, '--data', data, '--listen', new URL(url).host, ...given], {
    cwd: repository, // where npm put ClickHouse
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
  const ended = new Promise((done) => child.once('exit', done));

  async function until(what, holds) {
    for (const end = Date.now() + START_MS; Date.now() < end; await sleep(100)) {
      if (child.exitCode !== null) break;
      const held = await holds().catch(() => false);
      if (held) return held;
    }
    throw new Error(`not ${what} in time:\n${log.slice(-4000)}`);
  }

  await until('ready', async () => (await fetch(`${url}/readyz`)).ok);
  return {
    url,
    until,
    log: () => log,
    async stop() {
      child.kill('SIGINT');
      await ended;
      if (!held) rmSync(data, { recursive: true, force: true });
    },
  };
}

/**
 * The demonstration with enough of its history to fill every panel. `OPENTRACE_DEMO` names a folder with the
 * data of one that has run for longer: for pictures of weeks.
 */
async function demonstration() {
  const demo = await program('demo', { held: process.env.OPENTRACE_DEMO });
  const body = JSON.stringify({ site_id: 'demo.example', metrics: ['visitors'], date_range: '28d' });
  await demo.until('filled', async () => {
    const answer = await fetch(`${demo.url}/api/v2/query`, { method: 'POST', body });
    return answer.ok && (await answer.json()).results[0]?.metrics[0] > 5000;
  });
  return demo;
}

/** The program, with settings as `log.level=debug`, and a browser. */
export const start = (command, settings) =>
  browse(command === 'demo' ? demonstration() : program(command, { settings }));

/** A browser before a program that is on its way. */
export async function browse(starting) {
  const [served, browser] = await Promise.all([
    starting,
    chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] }),
  ]);
  const origin = served.url;
  return {
    origin,
    log: served.log,
    browser,
    /** A page that remembers what it complained of and which other hosts it asked. */
    async open(path, { cookie, ...options } = {}) {
      const context = await browser.newContext({ locale: 'en-GB', ...options });
      if (cookie) {
        const [name, value] = cookie.split('=');
        await context.addCookies([{ name, value, url: origin }]);
      }
      context.setDefaultTimeout(15_000);
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
      await served.stop();
    },
  };
}

export const PANELS = ['Sources', 'Pages', 'Places', 'Devices', 'Goals'];
export const panel = (page, name) => page.getByRole('region', { name, exact: true });

/** Waits until the site page shows figures, the graph and every panel. */
export async function ready(page) {
  for (const name of PANELS) await panel(page, name).locator('tbody tr').first().waitFor();
  await page.locator('section[aria-label=Figures] canvas').waitFor();
}

/** Takes a picture for the documentation where SCREENSHOTS is set: of the whole page, or of what is in view. */
export async function shot(page, name, { whole = true } = {}) {
  if (!process.env.SCREENSHOTS) return;
  const size = page.viewportSize();
  // What sticks to the window's edge would end where the window does.
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  if (whole) await page.setViewportSize({ width: size.width, height: Math.max(size.height, height) });
  // What came into view only now is asked for now.
  await page.waitForFunction(() => !document.querySelector('[aria-label=Loading]'));
  await page.waitForTimeout(900);
  await page.screenshot({ path: `${shots}${name}.png` });
  await page.setViewportSize(size);
}

/** Fails where axe finds something serious. */
export async function accessible(page) {
  // From outside the page's own policy, which lets no foreign script in.
  await page.evaluate(axe);
  // What fades in has no contrast yet. Endless animations, as of skeletons, are not waited for.
  await page.evaluate(() => {
    const ending = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < 10_000);
    return Promise.allSettled(ending.map((one) => one.finished));
  });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(
    serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html.slice(0, 160))]),
    [],
  );
}

/** Many page views at once, so that nobody else's can be taken for them. */
export async function visit(origin, site, count, path = '/x') {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      fetch(`${origin}/api/event`, {
        method: 'POST',
        headers: { 'user-agent': `Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Test/${index}` },
        body: JSON.stringify({ name: 'pageview', domain: site, url: `https://${site}${path}` }),
      }),
    ),
  );
  assert.ok(answers.every((answer) => answer.ok && !answer.headers.has('x-plausible-dropped')));
  return performance.now();
}
