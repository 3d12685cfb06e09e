/** What the tracker does not do: store, read on, tell more than it must, or send where it was asked not to. */

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch } from './support/browser.js';
import { pause, quiet, serve } from './support/site.js';

let site;
let browser;
before(async () => {
  [site, browser] = await Promise.all([serve(), launch()]);
});
after(() => Promise.all([site.close(), browser.close()]));
afterEach(async () => {
  await browser.tidy();
  site.reset();
});

const LINK = '<a href="/guide.pdf" download>guide</a>';

/** A visit in which everything happens that the tracker knows. */
async function visit(page, { hide } = browser) {
  await page.evaluate(() =>
    opentrace('signup', { props: { plan: 'pro' }, revenue: { amount: 1, currency: 'EUR' } }),
  );
  await page.click('a');
  await page.evaluate(() => history.pushState({}, '', '/two'));
  await pause(100);
  await hide();
  await site.received(6);
  await quiet();
}

/** Runs the test in a browser of its own, with what a person would set in its settings. */
async function withSettings(t, preferences) {
  const own = await launch(preferences);
  t.after(() => own.close());
  return own;
}

test('a visit leaves nothing in the browser', async (t) => {
  const own = await withSettings(t, {});
  const page = await own.open(site.page('/', { body: LINK, status: 404 }));
  await visit(page, own);
  await page.bringToFront();
  const left = await page.evaluate(async () => [
    document.cookie,
    localStorage.length,
    sessionStorage.length,
    (await indexedDB.databases()).length,
    self.name,
  ]);
  assert.deepEqual(left, ['', 0, 0, 0, '']);
  assert.deepEqual(await own.context.cookies(), []);
});

test('an event holds these fields and no others', async () => {
  const page = await browser.open(site.page('/', { body: LINK, status: 404 }));
  await visit(page);
  const fields = new Set(
    site.events.flatMap((event) => Object.keys(event)).filter((field) => field !== 'headers'),
  );
  assert.deepEqual([...fields].sort(), [
    'd',
    'e',
    'h',
    'id',
    'interactive',
    'n',
    'props',
    'qt',
    'r',
    'revenue',
    'sd',
    'u',
  ]);
  const ids = site.events.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, 'an id belongs to one event');
});

test('a cookie of the collector’s host stays at home', async () => {
  const collector = site.origin('collect.site.example');
  await browser.context.addCookies([{ name: 'session', value: 'secret', url: collector }]);
  site.page('/', { head: site.snippet(`data-api="${collector}/api/event"`) });
  const page = await browser.open(`${site.origin('www.site.example')}/`);
  const [view] = await site.received(1);
  assert.equal(view.headers.cookie, undefined);
  await page.goto(`${collector}/`);
  assert.match(await page.evaluate(() => document.cookie), /secret/, 'there was one to send');
});

test('blocked storage changes nothing', async (t) => {
  const own = await withSettings(t, { profile: { default_content_setting_values: { cookies: 2 } } });
  const page = await own.open(site.page('/', { body: LINK, status: 404 }));
  const refused = await page.evaluate(() => {
    try {
      return localStorage.length;
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(refused, 'SecurityError');
  await site.received(2);
  await page.evaluate(() => opentrace('signup'));
  await site.received(3);
  assert.deepEqual(
    site.events.map(({ n }) => n),
    ['pageview', '404', 'signup'],
  );
  assert.deepEqual(page.failures, []);
});

test('a frame without an origin is no reason to fail', async () => {
  site.page('/framed', { status: 200 });
  site.page('/', { head: '', body: '<iframe sandbox="allow-scripts" src="/framed"></iframe>' });
  await browser.open(`${site.origin()}/`);
  const [view] = await site.received(1);
  assert.equal(view.u, `${site.origin()}/framed`);
});

test('who opted out is not counted, nor is the reading of the page', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await site.received(1);
  await page.evaluate(() => {
    localStorage.opentrace_ignore = 'true';
  });
  await browser.tidy();
  site.reset();
  const again = await browser.open(site.page('/', { body: LINK, status: 404 }));
  const called = await again.evaluate(
    () => new Promise((resolve) => opentrace('signup', { callback: () => resolve('called') })),
  );
  assert.equal(called, 'called', 'a page that waits for the callback goes on');
  await again.click('a');
  await again.evaluate(() => history.pushState({}, '', '/two'));
  await browser.hide();
  await quiet();
  assert.deepEqual(site.events, []);
  await again.evaluate(() => {
    localStorage.removeItem('opentrace_ignore');
    history.pushState({}, '', '/three');
  });
  await again.bringToFront();
  await site.received(1);
  assert.equal(site.events[0].u, `${site.origin()}/three`);
});

const GPC = '<script>Object.defineProperty(navigator, "globalPrivacyControl", { value: true })</script>';

for (const [signal, preferences, before] of [
  ['Do Not Track', { enable_do_not_track: true }, ''],
  ['Global Privacy Control', {}, GPC],
])
  test(`${signal} is honoured where the site says so`, async (t) => {
    const own = await withSettings(t, preferences);
    const page = await own.open(site.page('/asked', { head: site.snippet('data-dnt="true"', before) }));
    await page.evaluate(() => opentrace('signup'));
    await own.hide();
    await quiet();
    assert.deepEqual(site.events, []);
    await own.open(site.page('/not-asked', { head: site.snippet('', before) }));
    assert.equal((await site.received(1))[0].u, `${site.origin()}/not-asked`);
  });

test('without a signal data-dnt changes nothing', async () => {
  await browser.open(site.page('/', { head: site.snippet('data-dnt="true"') }));
  assert.equal((await site.received(1)).length, 1);
});
