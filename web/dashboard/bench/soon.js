// How soon the site page of the demonstration is there, with its four weeks and with a year of days.
//
//     npm run bench:soon
//
// Writes its part of docs/benchmarks.md. OPENTRACE_PROGRAM names the build, as in the tests.
import { siteShown, yearDrawn } from '../test/support/soon.js';
import { start } from '../test/support/world.js';
import { machine, put } from './page.js';

const TIMES = 15;

/** Waits until the demonstration has all of its history: what comes then comes as on any site. */
async function settled({ origin }) {
  const ask = { site_id: 'demo.example', metrics: ['visitors'], date_range: 'all' };
  for (let old = 0; ; ) {
    await new Promise((done) => setTimeout(done, 3000));
    const answer = await fetch(`${origin}/api/v2/query`, { method: 'POST', body: JSON.stringify(ask) });
    const [visitors] = (await answer.json()).results[0].metrics;
    if (visitors - old < 0.002 * visitors) return;
    old = visitors;
  }
}

const world = await start('demo');
await settled(world);
async function measured(load) {
  const all = [];
  while (all.length < TIMES) all.push(await load(world));
  return {
    ...all.at(-1),
    ...spread(all.map(({ time }) => time)),
    first: spread(all.map(({ first }) => first)),
  };
}

/** The last answer may come after all that was waited for: nothing took less than no time. */
function spread(values) {
  const times = values.map((time) => Math.max(0, time ?? 0)).sort((one, other) => one - other);
  return { median: times[times.length >> 1], least: times[0], most: times.at(-1) };
}
const [site, year] = [await measured(siteShown), await measured(yearDrawn)];
await world.stop();

const text = `## How soon a page is there

Written by \`npm run bench:soon\` in web/dashboard on ${new Date().toISOString().slice(0, 10)}: the site page of \`opentrace demo\` in headless Chromium,
${TIMES} loads each with nothing cached, browser and program${machine.build} on the same ${machine.cores} cores.

| what | median | least and most | mark to pass |
|---|---|---|---|
| from the address to the tiles and the graph painted | ${site.first.median} ms | ${site.first.least} to ${site.first.most} ms | |
| from the address to all figures, rows and the graph painted | ${site.median} ms | ${site.least} to ${site.most} ms | ≤ 1,500 ms |
| a year of days, ${year.days} with those expected: from the last answer until all is painted | ${year.median} ms | ${year.least} to ${year.most} ms | ≤ 300 ms |
| compressed JavaScript before charts | ${(site.bytes / 1000).toFixed(0)} kB | | ≤ 250 kB |
| how far the layout jumps (CLS) | ${site.jumps.toFixed(3)} | | ≤ 0.1 |
`;
console.log(text);
put('soon', text);
