/** How long and how far a page was read, told when it is left, hidden or closed. */

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

const READ_MS = 600;
/** Nobody looked longer than the test took; timers and the machine take their time. */
const within = (ms, least, most = least + 1500) =>
  assert.ok(ms >= least && ms <= most, `${ms} ms are not within ${least} and ${most}`);

/** Half of what the page holds below the first screen is scrolled to; returns how far down that is. */
const scroll = async (page, share = 0.5) => {
  const depth = await page.evaluate((share) => {
    const { scrollHeight } = document.documentElement;
    scrollTo(0, (scrollHeight - innerHeight) * share);
    return Math.floor(((scrollY + innerHeight) / scrollHeight) * 100);
  }, share);
  await pause(100); // the event comes with the next frame
  return depth;
};

test('a hidden tab tells how it was read, and only what is new', async () => {
  const page = await browser.open(`${site.origin()}/read`);
  const depth = await scroll(page);
  await pause(READ_MS);
  await browser.hide();
  const [first] = await site.received(1, 'engagement');
  assert.equal(first.u, `${site.origin()}/read`);
  assert.equal(first.sd, depth);
  within(first.e, READ_MS);

  await pause(READ_MS); // nobody looks
  await page.bringToFront();
  await scroll(page, 0); // up again: what was seen was seen
  await browser.hide();
  const [, second] = await site.received(2, 'engagement');
  within(second.e, 100, READ_MS);
  assert.equal(second.sd, depth);
});

test('a tab that is closed tells it, too', async () => {
  const page = await browser.open(`${site.origin()}/closed`);
  await pause(READ_MS);
  await page.close();
  const [closed] = await site.received(1, 'engagement');
  assert.equal(closed.u, `${site.origin()}/closed`);
  within(closed.e, READ_MS);
});

test('a link to the next page tells it before the next page view', async () => {
  site.page('/first', { body: '<a href="/second">second</a>' });
  const page = await browser.open(`${site.origin()}/first`);
  await pause(READ_MS);
  await page.click('a');
  const [left] = await site.received(1, 'engagement');
  assert.equal(left.u, `${site.origin()}/first`);
  within(left.e, READ_MS);
  assert.equal((await site.received(2, 'pageview'))[1].u, `${site.origin()}/second`);
});

test('single-page navigation tells it of the page that is left', async () => {
  const page = await browser.open(`${site.origin()}/one`);
  const depth = await scroll(page, 1);
  assert.equal(depth, 100);
  await pause(READ_MS);
  await page.evaluate(() => history.pushState({}, '', '/two'));
  const [one] = await site.received(1, 'engagement');
  assert.deepEqual([one.u, one.sd], [`${site.origin()}/one`, 100]);
  within(one.e, READ_MS);
  await page.evaluate(() => scrollTo(0, 0));
  await pause(100);
  await page.evaluate(() => history.pushState({}, '', '/three'));
  const [, two] = await site.received(2, 'engagement');
  assert.equal(two.u, `${site.origin()}/two`);
  within(two.e, 50, READ_MS);
  assert.ok(two.sd < 50, `the next page begins at its top, not at ${two.sd} %`);
});

test('a page that is visible and has no focus is not read', async (t) => {
  const fresh = await launch(); // its window has no focus until somebody turns to it
  t.after(() => fresh.close());
  const [page] = fresh.context.pages();
  await page.goto(`${site.origin()}/`);
  assert.deepEqual(await page.evaluate(() => [document.hidden, document.hasFocus()]), [false, false]);
  await site.received(1, 'pageview');
  await pause(READ_MS);
  await page.bringToFront();
  await pause(100);
  await fresh.hide();
  const [told] = await site.received(1, 'engagement');
  within(told.e, 50, READ_MS);
});

test('what is typed into a frame of the page is reading the page', async () => {
  site.page('/', { body: '<iframe srcdoc="<input>"></iframe>' });
  const page = await browser.open(`${site.origin()}/`);
  await page.frameLocator('iframe').locator('input').click();
  await pause(READ_MS);
  await browser.hide();
  const [told] = await site.received(1, 'engagement');
  within(told.e, READ_MS);
});

test('time in the back-forward cache is nobody’s', async () => {
  const page = await browser.open(`${site.origin()}/one`);
  await page.goto(`${site.origin()}/two`);
  await pause(READ_MS);
  await page.evaluate(() => history.back());
  await site.received(3, 'pageview');
  await browser.hide();
  await quiet();
  const told = site.events.filter(({ n, u }) => n === 'engagement' && u.endsWith('/one')).map(({ e }) => e);
  assert.ok(told.length > 0);
  assert.ok(Math.max(...told) < READ_MS, `${told}`);
});
