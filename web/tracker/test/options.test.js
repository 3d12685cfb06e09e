/** Each option, by attribute; that it works by `opentrace.o` as well; and what is told without any. */

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

/** Opens a page whose script tag has these attributes. */
const open = (attributes, { path = '/', before, ...content } = {}) => {
  site.page(path.split('#')[0], { ...content, head: site.snippet(attributes, before) });
  return browser.open(site.origin() + path);
};
const names = async () => {
  await quiet();
  return site.events.map(({ n }) => n);
};
const script = (attributes) =>
  `<script defer ${attributes} src="${site.origin('collect.example')}/js/opentrace.js"></script>`;
const LINKS = `<a id="file" href="/guide.pdf" download>guide</a> <a id="out" href="http://other.example/" target="_blank">out</a>`;

test('site and its other name, domain', async () => {
  site.page('/site', { head: script('data-site="a.example,b.example"') });
  site.page('/domain', { head: script('data-domain="c.example"') });
  site.page('/none', { head: script('') });
  for (const path of ['/site', '/domain', '/none']) await browser.open(site.origin() + path);
  await site.received(3, 'pageview');
  assert.deepEqual(
    site.events.filter(({ n }) => n === 'pageview').map(({ d }) => d),
    ['a.example,b.example', 'c.example', undefined],
  );
});

test('api', async () => {
  await open('');
  await open('data-api="/relative/to/page"', { path: '/1' });
  await open(`data-api="${site.origin('other.example')}/x"`, { path: '/2' });
  await site.received(3, 'pageview');
  const posts = site.requests
    .filter(({ path }) => !path.endsWith('.js'))
    .map(({ path, headers }) => headers.host.split(':')[0] + path);
  for (const wanted of ['collect.example/api/event', 'site.example/relative/to/page', 'other.example/x'])
    assert.ok(posts.includes(wanted), `${wanted} among ${posts}`);
});

test('a script at another path uses the same api', async () => {
  site.page('/', { head: script('').replace('/js/opentrace.js', '/assets/opentrace.js?v=2') });
  await browser.open(`${site.origin()}/`);
  await site.received(1);
  assert.deepEqual(
    site.requests.map(({ path }) => path),
    ['/assets/opentrace.js', '/api/event'],
  );
});

test('exclude', async () => {
  const patterns = '/admin, /user/*, /shop/**/edit,/a.b(c)';
  for (const [path, counted] of [
    ['/admin', false],
    ['/admin/', false],
    ['/admin/more', true],
    ['/administration', true],
    ['/user/jane', false],
    ['/user/jane/posts', true],
    ['/user/', false],
    ['/shop/1/2/edit', false],
    ['/shop/1/2/view', true],
    ['/the/admin', true],
    ['/a.b(c)', false],
    ['/aXb(c)', true],
    ['/', true],
  ]) {
    const page = await open(`data-exclude="${patterns}"`, { path });
    await page.evaluate(() => opentrace('custom'));
    assert.deepEqual(await names(), counted ? ['pageview', 'custom'] : [], path);
    await browser.tidy();
    assert.deepEqual(site.events.map(({ n }) => n).slice(2), counted ? ['engagement'] : [], path);
    site.reset();
  }
});

test('exclude follows single-page navigation', async () => {
  const page = await open('data-exclude="/private/**"');
  await page.evaluate(() => {
    history.pushState({}, '', '/private/x');
    history.pushState({}, '', '/public');
  });
  await site.received(3);
  await quiet();
  assert.deepEqual(
    site.events.map(({ n, u }) => [n, u.slice(site.origin().length)]),
    [
      ['pageview', '/'],
      ['engagement', '/'],
      ['pageview', '/public'],
    ],
  );
});

test('exclude sees the fragment in hash mode', async () => {
  await open('data-hash="true" data-exclude="/#/private/*"', { path: '/#/private/x' });
  assert.deepEqual(await names(), []);
});

test('auto="false" leaves page views to the page', async () => {
  const page = await open('data-auto="false"');
  await page.evaluate(() => history.pushState({}, '', '/two'));
  assert.deepEqual(await names(), []);
  await page.evaluate(() =>
    opentrace('pageview', { url: 'https://site.example/named', props: { author: 'Jo' } }),
  );
  await browser.hide();
  const [view, read] = await site.received(2);
  assert.deepEqual(
    [view.n, view.u, view.props],
    ['pageview', 'https://site.example/named', { author: 'Jo' }],
  );
  assert.deepEqual([read.n, read.u], ['engagement', 'https://site.example/named']);
});

test('outbound="false" and downloads="false"', async () => {
  for (const [attributes, wanted] of [
    ['', ['pageview', 'File Download', 'Outbound Link: Click']],
    ['data-outbound="false"', ['pageview', 'File Download']],
    ['data-downloads="false"', ['pageview', 'Outbound Link: Click']],
    ['data-downloads="xyz|doc"', ['pageview', 'Outbound Link: Click']],
    ['data-downloads="pdf"', ['pageview', 'File Download', 'Outbound Link: Click']],
  ]) {
    const page = await open(attributes, { body: LINKS });
    await page.click('#file');
    await page.click('#out');
    const sent = (await site.received(wanted.length)).map(({ n }) => n);
    assert.deepEqual(
      sent.filter((name) => name !== 'engagement'),
      wanted,
      attributes,
    );
    await browser.tidy();
    site.reset();
  }
});

test('engagement="false"', async () => {
  await open('data-engagement="false"');
  await site.received(1);
  await browser.hide();
  assert.deepEqual(await names(), ['pageview']);
});

test('404="false"', async () => {
  await open('', { path: '/gone', status: 404 });
  assert.deepEqual(await names(), ['pageview', '404']);
  const { p, props, interactive } = site.events[1];
  assert.deepEqual([p ?? props, interactive], [{ path: '/gone' }, false]);
  await browser.tidy();
  site.reset();
  await open('data-404="false"', { path: '/gone', status: 404 });
  assert.deepEqual(await names(), ['pageview']);
});

test('options by opentrace.o win over attributes', async () => {
  await open('data-site="attribute.example"', {
    before:
      '<script>(window.opentrace = () => {}).o = { site: "o.example", outbound: "false", hash: "true" }</script>',
    path: '/#/page',
  });
  const [view] = await site.received(1);
  assert.deepEqual([view.d, view.h, view.u], ['o.example', true, `${site.origin()}/#/page`]);
});
