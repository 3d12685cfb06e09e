/** When there is a page view, and of which page. */

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

/** The paths of the page views so far. */
const views = async (count) => {
  await site.received(count, 'pageview');
  await quiet();
  return site.events.filter(({ n }) => n === 'pageview').map(({ u }) => u.slice(site.origin().length));
};

test('a page that is loaded is viewed once', async () => {
  const page = await browser.open(`${site.origin()}/pricing?utm_source=mail#top`);
  assert.deepEqual(await views(1), ['/pricing?utm_source=mail']);
  const [view] = site.events;
  assert.equal(view.d, 'site.example');
  assert.equal(view.r, '');
  assert.deepEqual(page.failures, []);
});

test('the page before is the referrer', async () => {
  site.page('/start', { head: '', body: `<a href="${site.origin()}/next">next</a>` });
  const page = await browser.open(`${site.origin('search.example')}/start`);
  await page.click('a');
  const [view] = await site.received(1);
  assert.equal(view.r, `${site.origin('search.example')}/`, 'the browser tells the host across sites');
});

test('single-page navigation counts pages by their path', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await page.evaluate(() => {
    history.pushState({}, '', '/shop');
    history.pushState({}, '', '/shop?page=2');
    history.pushState({}, '', '/shop?page=2#reviews');
    history.replaceState({}, '', '/shop?page=3');
    history.pushState({}, '', '/cart');
  });
  assert.deepEqual(await views(3), ['/', '/shop', '/cart']);
  await page.evaluate(() => history.back());
  assert.deepEqual(await views(4), ['/', '/shop', '/cart', '/shop?page=3']);
  await page.evaluate(() => history.go(-2));
  assert.equal((await views(4)).length, 4, 'the query is no page');
});

test('pushState keeps what it is asked to keep', async () => {
  const page = await browser.open(`${site.origin()}/`);
  const state = await page.evaluate(() => {
    history.pushState({ answer: 42 }, '', '/kept');
    return [history.state, location.pathname];
  });
  assert.deepEqual(state, [{ answer: 42 }, '/kept']);
});

test('a path that was replaced is viewed once somebody does something on it', async () => {
  const page = await browser.open(`${site.origin()}/`);
  await page.evaluate(() => history.replaceState({}, '', '/replaced'));
  assert.deepEqual(await views(1), ['/']);
  await page.mouse.click(5, 5);
  assert.deepEqual(await views(2), ['/', '/replaced']);
});

test('without hash mode a fragment is neither sent nor a page', async () => {
  const page = await browser.open(`${site.origin()}/#access_token=secret`);
  await page.evaluate(() => {
    location.hash = '#two';
  });
  assert.deepEqual(await views(1), ['/']);
  assert.equal(JSON.stringify(site.events).includes('secret'), false);
  assert.equal(site.events[0].h, false);
});

test('in hash mode the fragment is the page', async () => {
  site.page('/', { head: site.snippet('data-hash="true"') });
  const page = await browser.open(`${site.origin()}/?a=1#/one`);
  await page.evaluate(() => {
    location.hash = '#/two';
  });
  assert.deepEqual(await views(2), ['/?a=1#/one', '/?a=1#/two']);
  await page.goBack();
  assert.deepEqual(await views(3), ['/?a=1#/one', '/?a=1#/two', '/?a=1#/one']);
  assert.equal(
    site.events.every(({ h }) => h === true),
    true,
  );
});

test('a page that comes back from the back-forward cache is viewed again', async () => {
  const page = await browser.open(`${site.origin()}/one`);
  await page.evaluate(() => {
    self.addEventListener('pageshow', ({ persisted }) => {
      document.title = `persisted: ${persisted}`;
    });
  });
  await site.received(1);
  await page.goto(`${site.origin()}/two`);
  await site.received(2, 'pageview');
  await page.evaluate(() => history.back());
  assert.deepEqual(await views(3), ['/one', '/two', '/one']);
  assert.equal(await page.title(), 'persisted: true', 'the browser did use the cache');
});

test('a tab opened in the background is viewed once it is shown', async () => {
  const front = await browser.open('about:blank');
  const session = await browser.context.newCDPSession(front);
  const opened = browser.context.waitForEvent('page');
  await session.send('Target.createTarget', { url: `${site.origin()}/later`, background: true });
  const page = await opened;
  await page.waitForLoadState();
  assert.equal(await page.evaluate(() => document.hidden), true);
  assert.deepEqual(await views(0), []);
  await page.bringToFront();
  assert.deepEqual(await views(1), ['/later']);
});
