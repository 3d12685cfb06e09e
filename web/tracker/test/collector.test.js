/** The tracker against the program: what was done in a browser is what a query answers. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './support/browser.js';
import { archived, current } from './support/clients.js';
import { binary, start } from './support/program.js';
import { pause, serve } from './support/site.js';

const skip = !binary && !process.env.CI && 'no build of the program: cargo build --bin opentrace';

const OURS = 'ours.example';
const CURRENT = 'current.example';
const ARCHIVED = 'archived.example';
const OFFLINE = 'offline.example';
const HASH = 'hash.example';
const GONE = 'gone.example';
const NEUTRAL = 'neutral.example';

let web;
let browser;
let program;
if (!skip) {
  before(async () => {
    [web, browser, program] = await Promise.all([serve(), launch(), start()]);
    await Promise.all(
      [OURS, CURRENT, ARCHIVED, OFFLINE, HASH, GONE, NEUTRAL].map((domain) => program.site(domain)),
    );
    web.state.scripts = { '/npm/current.js': current, '/npm/archived.js': archived };
  });
  after(() => Promise.all([web.close(), browser.close(), program.stop()]));
}

const sorted = (rows) => rows.sort((a, b) => String(a).localeCompare(String(b)));

test('the tracker and Plausible’s own clients, side by side, count the same', { skip }, async () => {
  const api = `${program.url}/api/event`;
  const tags =
    // As the program serves it, which is where it sends to.
    `<script defer data-site="${OURS}" src="${program.url}/js/opentrace.js"></script>` +
    `<script defer data-domain="${CURRENT}" data-api="${api}" src="/npm/current.js"></script>` +
    `<script defer data-domain="${ARCHIVED}" data-api="${api}" src="/npm/archived.js"></script>`;
  const out = web.origin('other.example');
  for (const path of ['/', '/shop'])
    web.page(path, { head: tags, body: `<a href="${out}/path" target="_blank">out</a>` });

  const page = await browser.open(`${web.origin()}/?utm_source=mail`);
  await pause(300);
  await page.evaluate(() => history.pushState({}, '', '/pricing'));
  await page.goto(`${web.origin()}/shop`);
  await page.evaluate(() => {
    const options = { props: { plan: 'größe', seats: '3' } };
    window.opentrace('Signup', options);
    window.current('Signup', options);
    window.archived('Signup', options);
    const revenue = { amount: '19.99', currency: 'EUR' };
    window.opentrace('Purchase', { revenue });
    window.current('Purchase', { revenue });
  });
  await page.click('a');
  await pause(300);
  await page.bringToFront();
  await page.close();
  await pause(500);
  await program.settled();

  const [[visitors, visits, pageviews]] = await program.query(OURS, ['visitors', 'visits', 'pageviews']);
  assert.deepEqual([visitors, visits, pageviews], [1, 1, 3]);
  for (const domain of [CURRENT, ARCHIVED])
    assert.deepEqual(await program.query(domain, ['visitors', 'visits', 'pageviews']), [[1, 1, 3]], domain);

  const pages = await program.query(OURS, ['pageviews'], ['event:page']);
  assert.deepEqual(sorted(pages), [
    ['/', 1],
    ['/pricing', 1],
    ['/shop', 1],
  ]);
  assert.deepEqual(sorted(await program.query(CURRENT, ['pageviews'], ['event:page'])), sorted(pages));
  assert.deepEqual(sorted(await program.query(ARCHIVED, ['pageviews'], ['event:page'])), sorted(pages));

  const goals = sorted(await program.query(OURS, ['events'], ['event:goal']));
  assert.deepEqual(goals, [
    ['Outbound Link: Click', 1],
    ['Purchase', 1],
    ['Signup', 1],
  ]);
  assert.deepEqual(sorted(await program.query(CURRENT, ['events'], ['event:goal'])), goals);
  assert.deepEqual(await program.query(OURS, ['visitors'], ['visit:source']), [['mail', 1]]);
  for (const domain of [OURS, CURRENT, ARCHIVED]) {
    const plans = await program.query(domain, ['events'], ['event:props:plan']);
    assert.deepEqual(
      plans.filter(([plan]) => plan === 'größe'),
      [['größe', 1]],
      domain,
    );
  }
});

/** A page of a site whose tracker sends to the program. */
const open = (domain, path, { attributes = '', ...content } = {}) => {
  const tag = `<script defer data-site="${domain}" data-api="${program.url}/api/event" ${attributes} src="/js/opentrace.js"></script>`;
  return browser.open(web.page(path, { ...content, head: tag }) + (content.fragment ?? ''));
};

const leave = async (page) => {
  await page.close();
  await pause(500);
  await program.settled();
};

test('what happened offline is counted once', { skip }, async () => {
  const page = await open(OFFLINE, '/one');
  await pause(300);
  await browser.context.setOffline(true);
  await page.evaluate(() => {
    history.pushState({}, '', '/two');
    window.opentrace('Saved');
    history.pushState({}, '', '/three');
  });
  await pause(300);
  await browser.context.setOffline(false);
  await pause(300);
  await leave(page);
  assert.deepEqual(await program.query(OFFLINE, ['visitors', 'visits', 'pageviews', 'events']), [
    [1, 1, 3, 4],
  ]);
});

test('the neutral folder counts, with and without scripts', { skip }, async () => {
  const folder = `${program.url}/w`;
  const head = `<script defer data-site="${NEUTRAL}" data-api="${folder}/e" src="${folder}/s.js"></script>`;
  const page = await browser.open(web.page('/scripted', { head }));
  await pause(300);
  await leave(page);
  // What a browser without scripts would load.
  const body = `<img src="${folder}/p.gif?site=${NEUTRAL}" alt="" referrerpolicy="no-referrer-when-downgrade">`;
  const plain = await browser.open(web.page('/plain', { head: ' ', body }));
  await pause(300);
  await leave(plain);
  const pages = sorted(await program.query(NEUTRAL, ['pageviews'], ['event:page']));
  assert.deepEqual(pages, [
    ['/plain', 1],
    ['/scripted', 1],
  ]);
});

test('hash mode makes pages of fragments', { skip }, async () => {
  const page = await open(HASH, '/app', { attributes: 'data-hash="true"', fragment: '#/one' });
  await page.evaluate(() => {
    location.hash = '#/two';
  });
  await pause(300);
  await leave(page);
  assert.deepEqual(sorted(await program.query(HASH, ['pageviews'], ['event:page'])), [
    ['/app#/one', 1],
    ['/app#/two', 1],
  ]);
});

test('a page that was not found is reported, and stays a bounce', { skip }, async () => {
  const page = await open(GONE, '/gone', { status: 404 });
  await pause(300);
  await leave(page);
  assert.deepEqual(await program.query(GONE, ['pageviews', 'events', 'bounce_rate']), [[1, 2, 100]]);
  assert.deepEqual(await program.query(GONE, ['events'], ['event:goal']), [['404', 1]]);
});
