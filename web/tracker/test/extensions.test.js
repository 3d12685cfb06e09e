/** What is loaded when it is asked for, and only then. */

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

const scripts = () => site.requests.map(({ path }) => path).filter((path) => path.endsWith('.js'));
const loaded = async (count) => {
  for (let tries = 0; tries < 100 && scripts().length < count; tries++) await pause(20);
  await quiet(); // to run as well
  return scripts().sort();
};
const open = async (names, content, path = '/') => {
  const page = await browser.open(
    site.page(path, { ...content, head: site.snippet(`data-extensions="${names}"`) }),
  );
  await loaded(1 + names.split(' ').length);
  return page;
};

test('extensions come when they are asked for, from beside the script', async () => {
  await browser.open(`${site.origin()}/`);
  assert.deepEqual(await loaded(1), ['/js/opentrace.js']);
  await browser.tidy();
  site.reset();
  await open('errors forms vitals');
  assert.deepEqual(await loaded(4), ['/js/errors.js', '/js/forms.js', '/js/opentrace.js', '/js/vitals.js']);
});

test('vitals: one event when the page is first hidden', async () => {
  const page = await open(
    'vitals',
    {
      body: '<h1>Largest</h1><button onclick="for (const end = Date.now() + 60; Date.now() < end;);">slow</button>',
    },
    '/measured',
  );
  await page.click('button');
  await page.evaluate(() => history.pushState({}, '', '/another'));
  await pause(200);
  await browser.hide();
  const [{ u, url, props, interactive }] = await site.received(1, 'Web Vitals');
  assert.equal(u, url);
  assert.equal(u, `${site.origin()}/measured`, 'the page that was loaded');
  assert.equal(interactive, false);
  assert.deepEqual(Object.keys(props).sort(), ['cls', 'fcp', 'inp', 'lcp', 'ttfb']);
  for (const [name, value] of Object.entries(props))
    assert.ok(Number.isFinite(value) && value >= 0, `${name}: ${value}`);
  assert.ok(props.inp >= 48 && props.fcp > 0 && props.lcp >= props.fcp, JSON.stringify(props));
  await page.bringToFront();
  await browser.hide();
  await quiet();
  assert.equal(site.events.filter(({ n }) => n === 'Web Vitals').length, 1);
});

test('errors: what nobody caught, each text once, ten at most', async () => {
  const page = await open('errors');
  await page.evaluate(() => {
    const late = (act) => setTimeout(act);
    late(() => {
      throw new TypeError('thrown');
    });
    late(() => {
      throw new TypeError('thrown');
    });
    late(() => void Promise.reject(new Error('rejected')));
    late(() => void Promise.reject('a text'));
  });
  const errors = await site.received(3, 'Error');
  assert.deepEqual(errors.map(({ props }) => props.message).sort(), ['a text', 'rejected', 'thrown']);
  assert.equal(
    errors.every(({ interactive }) => interactive === false),
    true,
  );
  await page.evaluate(() => {
    for (let index = 0; index < 20; index++)
      setTimeout(() => void Promise.reject(new Error(`number ${index}`)));
  });
  await site.received(10, 'Error');
  await quiet();
  assert.equal(site.events.filter(({ n }) => n === 'Error').length, 10);
});

test('errors: the place is told without the query of the script’s address', async () => {
  site.state.scripts = { '/fails.js': '\n  null.field' };
  const page = await open('errors');
  await page.evaluate(() => {
    const script = document.body.appendChild(document.createElement('script'));
    script.src = '/fails.js?token=secret';
  });
  const [{ props }] = await site.received(1, 'Error');
  assert.equal(props.source, `${site.origin()}/fails.js:2:8`);
  assert.match(props.message, /null/);
});

test('forms: which form, not what is in it', async () => {
  const body = `<form id="join" onsubmit="return false"><input name="id" value="secret"><button>Join</button></form>
    <form name="search" onsubmit="return false"><input required><button>Find</button></form>`;
  const page = await open('forms', { body }, '/join');
  await page.click('text=Find'); // not sent: the field is required
  await page.click('text=Join');
  const [sent] = await site.received(1, 'Form: Submission');
  assert.deepEqual(sent.props, { path: '/join', form: 'join' });
  await page.fill('form[name=search] input', 'secret');
  await page.click('text=Find');
  const [, second] = await site.received(2, 'Form: Submission');
  assert.deepEqual(second.props, { path: '/join', form: 'search' });
  assert.equal(JSON.stringify(site.events).includes('secret'), false);
});
