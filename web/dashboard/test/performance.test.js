// The demonstration, and a year of days: what a page loads and how it settles. How long it takes is measured by
// `npm run bench:soon`, where nothing else is at work.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { siteShown, yearDrawn } from './support/soon.js';
import { start } from './support/world.js';

const DAYS = 365;
const FIRST_LOAD = 250_000;
/** What browsers call good: nothing is where it was not expected. */
const LEAST_JUMPS = 0.1;

let world;
before(async () => {
  world = await start('demo');
});
after(() => world?.stop());

test('the site page of the demo loads little and keeps its layout', async () => {
  const { first, time, jumps, bytes } = await siteShown(world);
  console.log(
    `first figures of the demo after ${first} ms, all after ${time} ms, ${bytes} bytes of JavaScript before charts`,
  );
  assert.ok(jumps <= LEAST_JUMPS, `the layout jumped by ${jumps}`);
  assert.ok(bytes > 50_000 && bytes <= FIRST_LOAD, `${bytes} bytes`);
});

test('a year is drawn by days', async () => {
  const { time, days } = await yearDrawn(world);
  console.log(`a year of days drawn ${time} ms after its figures`);
  assert.ok(days >= DAYS, `${days} days`);
});
