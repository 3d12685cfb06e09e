/** That what happened arrives once: offline and back, a collector that is away, a refused beacon. */

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch } from './support/browser.js';
import { pause, quiet, SLOW_API, serve } from './support/site.js';

let site;
let browser;
before(async () => {
  [site, browser] = await Promise.all([serve(), launch()]);
});
after(() => Promise.all([site.close(), browser.close()]));
afterEach(async () => {
  await browser.context.setOffline(false);
  await browser.tidy();
  site.reset();
});

const names = () => site.events.map(({ n }) => n);
const send = (page, ...list) => page.evaluate((list) => list.forEach((name) => void opentrace(name)), list);

test('what happens offline is sent when the network is back', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await site.received(1);
  await browser.context.setOffline(true);
  await send(page, 'one', 'two');
  await page.evaluate(() => history.pushState({}, '', '/offline'));
  const away = 700;
  await pause(away);
  assert.deepEqual(names(), ['pageview']);
  await browser.context.setOffline(false);
  await site.received(5);
  await quiet();
  assert.deepEqual(names().sort(), ['engagement', 'one', 'pageview', 'pageview', 'two'], 'each once');
  for (const { n, qt } of site.events.slice(1))
    assert.ok(qt >= away && qt < away + 3000, `${n} waited ${qt} ms`);
  assert.ok(site.events[0].qt < 100, 'what did not wait says so');
});

test('a tab hidden while offline keeps what it has to say', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await site.received(1);
  await browser.context.setOffline(true);
  await send(page, 'unsent');
  await browser.hide();
  await quiet();
  assert.deepEqual(names(), ['pageview']);
  await browser.context.setOffline(false);
  await site.received(3);
  assert.deepEqual(names().sort(), ['engagement', 'pageview', 'unsent']);
});

test('a collector that is away gets everything with the next event that reaches it', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await site.received(1);
  await site.down();
  await send(page, 'one');
  await pause(200);
  await send(page, 'two');
  await pause(200);
  await site.up();
  await send(page, 'three');
  await site.received(4);
  await quiet();
  assert.deepEqual(names().sort(), ['one', 'pageview', 'three', 'two']);
});

for (const status of [429, 503])
  test(`an answer of ${status} is a request to come again, and the event keeps its id`, async () => {
    const page = await browser.open(`${site.origin()}/`);
    const [{ id: other }] = await site.received(1);
    site.state.answer = status;
    await send(page, 'refused');
    await quiet();
    site.state.answer = 202;
    await send(page, 'next');
    await site.received(3);
    const [first] = site.refused;
    const again = site.events.find(({ n }) => n === 'refused');
    assert.equal(first.id, again.id);
    assert.notEqual(first.id, other);
    assert.ok(again.qt > first.qt);
  });

test('an answer of 400 is final', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await site.received(1);
  site.state.answer = 400;
  await send(page, 'wrong');
  await quiet();
  site.state.answer = 202;
  await send(page, 'right');
  await site.received(2);
  await quiet();
  assert.deepEqual(names(), ['pageview', 'right']);
});

test('a tab that is closed sends what was waiting', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await site.received(1);
  site.state.answer = 503;
  await send(page, 'waiting');
  await quiet();
  site.state.answer = 202;
  await page.close();
  await site.received(3);
  assert.deepEqual(names().sort(), ['engagement', 'pageview', 'waiting']);
});

test('memory holds 50 events and no more', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await site.received(1);
  await browser.context.setOffline(true);
  await send(page, ...Array.from({ length: 60 }, (_, index) => `event ${index}`));
  await quiet();
  await browser.context.setOffline(false);
  await site.received(51);
  await quiet();
  assert.deepEqual(
    names().sort(),
    ['pageview', ...Array.from({ length: 50 }, (_, index) => `event ${index}`)].sort(),
  );
});

test('a shown page is sent by fetch, a hidden one by a beacon', async () => {
  const page = await browser.open('about:blank');
  const sent = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push([request.postDataJSON().n, request.resourceType()]);
  });
  await page.goto(`${site.origin()}/`);
  await browser.hide();
  await site.received(2);
  await quiet();
  assert.deepEqual(sent, [
    ['pageview', 'fetch'],
    ['engagement', 'ping'],
  ]);
  // Neither is asked about beforehand: a text needs no preflight.
  assert.deepEqual(
    site.events.map(({ headers }) => headers['content-type']),
    Array(2).fill('text/plain;charset=UTF-8'),
  );
});

for (const [what, script] of [
  ['has no beacons', 'Object.defineProperty(Navigator.prototype, "sendBeacon", { value: undefined })'],
  ['refuses a beacon', 'Navigator.prototype.sendBeacon = () => false'],
])
  test(`a browser that ${what} sends by fetch that outlives the page`, async () => {
    const api = site.origin('collect.example') + SLOW_API;
    site.page('/', { head: site.snippet(`data-api="${api}"`, `<script>${script}</script>`) });
    const page = await browser.open(`${site.origin()}/`);
    await site.received(1);
    await page.close();
    assert.deepEqual(
      (await site.received(2)).map(({ n }) => n),
      ['pageview', 'engagement'],
    );
  });
