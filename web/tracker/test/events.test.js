/** Custom events, the queue, links, and living beside others. */

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch } from './support/browser.js';
import { quiet, serve } from './support/site.js';

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

const QUEUE = (name) =>
  `<script>window.${name} = window.${name} || function () { (${name}.q = ${name}.q || []).push(arguments) }</script>`;
const STUBS = QUEUE('opentrace') + QUEUE('plausible');

test('a custom event carries what it was given', async () => {
  const page = await browser.open(`${site.origin()}/shop`);
  await site.received(1);
  const called = await page.evaluate(
    () =>
      new Promise((resolve) =>
        opentrace('Köp 🛒', {
          props: { plan: 'größe "L"', seats: 3, trial: false },
          revenue: { amount: '19.99', currency: 'EUR' },
          interactive: false,
          callback: () => resolve(true),
        }),
      ),
  );
  assert.ok(called);
  const [, { n, u, props, revenue, interactive }] = await site.received(2);
  assert.deepEqual([n, u, interactive], ['Köp 🛒', `${site.origin()}/shop`, false]);
  assert.deepEqual(props, { plan: 'größe "L"', seats: 3, trial: false });
  assert.deepEqual(revenue, { amount: '19.99', currency: 'EUR' });
});

test('calls made before the tracker is there are kept, by both names', async () => {
  const calls = '<script>opentrace("first", { props: { a: "1" } }); plausible("second")</script>';
  site.page('/', { head: site.snippet('', STUBS + calls) });
  const page = await browser.open(`${site.origin()}/`);
  await site.received(3);
  await page.evaluate(() => {
    opentrace('third');
    plausible('fourth');
  });
  await site.received(5);
  await quiet();
  assert.deepEqual(site.events.map(({ n }) => n).sort(), ['first', 'fourth', 'pageview', 'second', 'third']);
});

test('a function that waited in vain is replaced as well', async () => {
  site.page('/', { head: site.snippet('', STUBS) });
  const page = await browser.open(`${site.origin()}/`);
  await page.evaluate(() => plausible('late'));
  assert.deepEqual(
    (await site.received(2)).map(({ n }) => n),
    ['pageview', 'late'],
  );
});

test('Plausible’s script keeps its name where it came first', async () => {
  const other =
    '<script>window.calls = []; window.plausible = (name) => calls.push(name); plausible.l = true</script>';
  site.page('/', { head: site.snippet('', other) });
  const page = await browser.open(`${site.origin()}/`);
  const calls = await page.evaluate(() => {
    plausible('theirs');
    opentrace('ours');
    return window.calls;
  });
  assert.deepEqual(calls, ['theirs']);
  await site.received(2);
  await quiet();
  assert.deepEqual(
    site.events.map(({ n }) => n),
    ['pageview', 'ours'],
  );
});

test('two script tags are one tracker', async () => {
  site.page('/', { head: site.snippet() + site.snippet() });
  const page = await browser.open(`${site.origin()}/`);
  await page.evaluate(() => history.pushState({}, '', '/two'));
  await site.received(3);
  await quiet();
  assert.deepEqual(
    site.events.map(({ n }) => n),
    ['pageview', 'engagement', 'pageview'],
  );
});

test('links: what is sent for each kind of click', async () => {
  const out = `http://other.example:${new URL(site.origin()).port}/path?q=1`;
  const click = (selector, options) => (page) => page.click(selector, options);
  for (const [link, act, wanted] of [
    [`<a href="${out}">out</a>`, click('a'), ['Outbound Link: Click', out]],
    [`<a href="${out}"><b>deep</b></a>`, click('b'), ['Outbound Link: Click', out]],
    [`<a href="${out}">out</a>`, click('a', { button: 'middle' }), ['Outbound Link: Click', out]],
    [`<a href="${out}">out</a>`, click('a', { modifiers: ['Control'] }), ['Outbound Link: Click', out]],
    [`<a href="${out}">out</a>`, (page) => page.press('a', 'Enter'), ['Outbound Link: Click', out]],
    [`<a href="${out}">out</a>`, click('a', { button: 'right' }), undefined],
    [`<a href="${out}">out</a>`, (page) => page.focus('a'), undefined],
    ['<a href="/inside">in</a>', click('a'), undefined],
    ['<a href="mailto:a@b.example">mail</a>', click('a'), undefined],
    ['<a name="anchor">anchor</a>', click('a'), undefined],
    ['<button>none</button>', click('button'), undefined],
    [
      '<svg width="9" height="9"><a href="http://x.example"><rect width="9" height="9"/></a></svg>',
      click('rect'),
      undefined,
    ],
    [
      '<a href="/files/Report.PDF?v=2">file</a>',
      click('a'),
      ['File Download', `${site.origin()}/files/Report.PDF?v=2`],
    ],
    ['<a href="/files/a.docx">file</a>', click('a'), ['File Download', `${site.origin()}/files/a.docx`]],
    ['<a href="/files/pdf">not a file</a>', click('a'), undefined],
    ['<a href="/search?q=a.pdf">not a file</a>', click('a'), undefined],
  ]) {
    const page = await browser.open(site.page('/', { body: link }));
    await site.received(1);
    await act(page);
    await quiet();
    const sent = site.events
      .filter(({ n }) => !['pageview', 'engagement'].includes(n))
      .map(({ n, props }) => [n, props.url]);
    assert.deepEqual(sent, wanted ? [wanted] : [], link);
    assert.deepEqual(page.failures, []);
    await browser.tidy();
    site.reset();
  }
});

test('without scripts the pixel tells the page', async () => {
  const pixel = `<noscript><img src="${site.origin('collect.example')}/js/pixel.gif?site=site.example" alt="" referrerpolicy="no-referrer-when-downgrade"></noscript>`;
  site.page('/plain', { head: site.snippet(), body: pixel });
  const page = await browser.context.newPage();
  const session = await browser.context.newCDPSession(page);
  await session.send('Emulation.setScriptExecutionDisabled', { value: true });
  await page.goto(`${site.origin()}/plain?utm_source=mail`);
  const [request] = site.requests;
  assert.equal(request.path, '/js/pixel.gif?site=site.example');
  assert.equal(request.headers.referer, `${site.origin()}/plain?utm_source=mail`);
  assert.equal(site.events.length, 0);
});
