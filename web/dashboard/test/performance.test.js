// How soon a page is there: on the demonstration, and with a year of days.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { siteShown, yearDrawn } from './support/soon.js';
import { start } from './support/world.js';

const READY_MS = 1500;
const DRAWN_MS = 300;
const DAYS = 365;
const FIRST_LOAD = 250_000;
/** What browsers call good: nothing is where it was not expected. */
const LEAST_JUMPS = 0.1;
/** The best of so many: other tests may be at work on this machine. */
const TRIES = 5;

let world;
before(async () => {
  world = await start('demo');
});
after(() => world?.stop());

/** Loads until one is soon enough; all times, and the last. */
async function tried(load, most) {
  const times = [];
  for (;;) {
    const last = await load(world);
    times.push(last.time);
    if (last.time <= most || times.length === TRIES) return { times, last };
  }
}

test('the site page of the demo is there within a second and a half', async () => {
  const { times, last } = await tried(siteShown, READY_MS);
  console.log(
    `site page of the demo ready after ${times.join(', ')} ms, ${last.bytes} bytes of JavaScript before charts`,
  );
  assert.ok(last.time <= READY_MS, `${times} ms`);
  assert.ok(last.jumps <= LEAST_JUMPS, `the layout jumped by ${last.jumps}`);
  assert.ok(last.bytes > 50_000 && last.bytes <= FIRST_LOAD, `${last.bytes} bytes`);
});

test('a year of days is drawn within 300 ms of its figures', async () => {
  const { times, last } = await tried(yearDrawn, DRAWN_MS);
  console.log(`a year of days drawn ${times.join(', ')} ms after its figures`);
  assert.ok(last.days >= DAYS, `${last.days} days`);
  assert.ok(last.time <= DRAWN_MS, `${times} ms`);
});
