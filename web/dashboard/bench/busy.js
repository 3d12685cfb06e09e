// The dashboard of a busy site: how long a click takes and what the page holds in memory, while events come.
//
//     npm run bench -- [--minutes 10] [--rate 5000] [--no-write]
//
// Writes its part of docs/benchmarks.md. OPENTRACE_PROGRAM names the build, as in the tests.
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { history } from '../test/support/history.js';
import { owned } from '../test/support/owner.js';
import { binary } from '../test/support/world.js';
import { machine, put } from './page.js';

const SITE = 'busy.example';
const EVERY_MS = 10_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '5000' },
    'no-write': { type: 'boolean', default: false },
  },
});
const [minutes, rate] = [Number(values.minutes), Number(values.rate)];

/** Milliseconds from a click on a tile until the page that shows it is painted. */
function click() {
  return new Promise((done) => {
    const tiles = [...document.querySelectorAll('.tile')];
    const other = tiles.find((tile) => tile.getAttribute('aria-pressed') !== 'true');
    const began = performance.now();
    other.click();
    const look = () => {
      if (other.getAttribute('aria-pressed') !== 'true') return requestAnimationFrame(look);
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
    };
    look();
  });
}

/** Counts what keeps the page from answering: tasks of more than 50 ms. */
function watch() {
  globalThis.tasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.tasks.push(duration);
  }).observe({ type: 'longtask' });
}

const world = await owned();
await world.site(SITE, history(SITE, { days: 28 }));
const { json } = await world.call('/api/v1/keys', {
  name: 'load',
  site: SITE,
  scopes: ['collect', 'read', 'write', 'admin'],
});
const page = await world.page(`/sites/${SITE}?period=day`);
await page.evaluate(watch);
const live = await page.context().newPage();
await live.goto(`${world.origin}/sites/${SITE}/live`);
await live.locator('#pageviews').waitFor();
await page.bringToFront();
const tools = await page.context().newCDPSession(page);

const load = promisify(execFile)(binary, [
  'loadgen',
  '--url',
  world.origin,
  '--key',
  json.key,
  '--site',
  SITE,
  '--rate',
  String(rate),
  '--seconds',
  String(minutes * 60),
  '--json',
]);

const samples = [];
const visitors = () => page.locator('.tile .value').first().innerText();
let [moved, before] = [0, await visitors()];
for (const end = Date.now() + minutes * 60_000; Date.now() < end; ) {
  await sleep(EVERY_MS);
  const waited = await page.evaluate(click);
  await tools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await tools.send('Runtime.getHeapUsage');
  const now = await visitors();
  if (now !== before) moved++;
  before = now;
  samples.push({ waited, heap: usedSize / 1e6 });
  console.error(
    `${samples.length * 10} s: click ${Math.round(waited)} ms, heap ${(usedSize / 1e6).toFixed(1)} MB, ${now} visitors`,
  );
}
const { stdout } = await load;
const sent = JSON.parse(stdout.trim().split('\n').at(-1));
const tasks = await page.evaluate(() => globalThis.tasks);
await world.stop();

const sorted = samples.map(({ waited }) => waited).sort((one, other) => one - other);
const at = (part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]);
const mean = (list) => list.reduce((sum, { heap }) => sum + heap, 0) / list.length;
const third = Math.max(1, Math.floor(samples.length / 3));
const [early, late] = [mean(samples.slice(third, 2 * third)), mean(samples.slice(-third))];
const text = `## The dashboard of a busy site

Written by \`npm run bench\` in web/dashboard on ${new Date().toISOString().slice(0, 10)}: the site page in headless Chromium beside
${(sent.accepted / sent.seconds).toFixed(0)} events/s for ${minutes} minutes, browser, program${machine.build} and load generator on the same ${machine.cores} cores.

| what | measured |
|---|---|
| from a click on a tile until it is painted | p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms |
| tasks of more than 50 ms | ${tasks.length}, longest ${Math.round(Math.max(0, ...tasks))} ms |
| figures moved | in ${moved} of ${samples.length} looks, one every ten seconds |
| the page's memory, second and last third | ${early.toFixed(1)} and ${late.toFixed(1)} MB (${(100 * (late / early - 1)).toFixed(1)} %) |
`;
console.log(text);
if (!values['no-write']) put('busy', text);
