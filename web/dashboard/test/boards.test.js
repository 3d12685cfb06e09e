// Dashboards of one's own, and links to them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { history } from './support/history.js';
import { done, owned, region as tile } from './support/owner.js';
import { accessible, shot, visit } from './support/world.js';

const SITE = 'shop.example';

let world;
before(async () => {
  world = await owned();
  await world.site(SITE, history(SITE), { identified: true });
});
after(() => world?.stop());

const owner = (path, options) => world.page(path, options);

test('a dashboard is made of tiles that are dragged, resized and kept', async () => {
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByLabel('Name').fill('Week');
  await page.getByLabel('Begin with').selectOption('Overview');
  await accessible(page);
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.waitForURL('**/dashboards/*');
  await tile(page, 'Visitors by day').locator('canvas').waitFor();
  await tile(page, 'Countries').locator('canvas').waitFor();
  await tile(page, 'Browsers').locator('canvas').waitFor();

  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByRole('button', { name: 'Add a tile' }).click();
  const builder = page.getByRole('dialog');
  await builder.getByLabel('Title').fill('Sources');
  await builder.getByLabel('Shown as').selectOption('table');
  await builder.locator('select[name=dimension]').selectOption('visit:source');
  await builder.getByRole('button', { name: 'Take it' }).click();
  await tile(page, 'Sources').getByText('Direct / None').waitFor();
  await builder.waitFor({ state: 'hidden' });

  // With the pointer to the top, past everything that lies there.
  const saved = () => page.waitForResponse((answer) => answer.request().method() === 'PUT');
  const handle = page.getByRole('button', { name: /^Move Sources/ });
  await page.setViewportSize({ width: 1280, height: 1700 });
  const at = await handle.boundingBox();
  let kept = saved();
  await page.mouse.move(at.x + 5, at.y + 5);
  await page.mouse.down();
  await page.mouse.move(at.x + 5, 10, { steps: 8 });
  await page.mouse.up();
  assert.equal((await kept).status(), 200);
  const top = async (name) => (await tile(page, name).boundingBox()).y;
  assert.ok((await top('Sources')) < (await top('Visitors by day')));

  // And with the keyboard: wider, as far as the page is.
  const width = async () => (await tile(page, 'Sources').boundingBox()).width;
  await handle.focus();
  for (let wide = 0; wide < (await width()); ) {
    wide = await width();
    kept = saved();
    await page.keyboard.press('Shift+ArrowRight');
    await kept;
  }
  assert.ok((await width()) > 0.95 * (await page.locator('.grid').boundingBox()).width);
  // And by its corner: lower.
  const box = await tile(page, 'Sources').boundingBox();
  kept = saved();
  await page.mouse.move(box.x + box.width - 5, box.y + box.height - 5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 5, box.y + box.height + 80, { steps: 8 });
  await page.mouse.up();
  assert.equal((await kept).status(), 200);
  assert.ok((await tile(page, 'Sources').boundingBox()).height > box.height + 40);
  await accessible(page);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.reload();
  await tile(page, 'Sources').getByText('Direct / None').waitFor();
  assert.ok((await top('Sources')) < (await top('Visitors by day')), 'it was kept');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok((await top('Sources')) < (await top('Visitors by day')), 'on a phone as well');
  await page.setViewportSize({ width: 1280, height: 1700 });

  // Every chart has its figures as a table.
  await tile(page, 'Browsers').getByRole('button', { name: 'Table' }).click();
  await tile(page, 'Browsers').getByRole('rowheader', { name: 'Firefox' }).waitFor();
  await tile(page, 'Browsers').getByRole('button', { name: 'Chart' }).click();
  await page.setViewportSize({ width: 1280, height: 900 });
  await shot(page, 'dashboard');

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ]);
  const exported = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.equal(exported.tiles.length, 9);
  await done(page);
});

test('a chart is of times or of values, of one line or of several, and new tiles lie beside each other', async () => {
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByLabel('Name').fill('Charts');
  await page.getByRole('button', { name: 'Make it' }).click();
  const builder = page.getByRole('dialog');
  const add = async (title, chart, fields) => {
    await page.getByRole('button', { name: 'Add a tile' }).click();
    await builder.getByLabel('Title').fill(title);
    await builder.getByLabel('Shown as').selectOption(chart);
    for (const [field, value] of Object.entries(fields))
      await builder.locator(`select[name=${field}]`).selectOption(value);
    return () => builder.getByRole('button', { name: 'Take it' }).click();
  };
  await (await add('By browser', 'bar', { step: 'visit:browser' }))();
  await (await add('Sources', 'line', { dimension: 'visit:source' }))();
  const [one, other] = ['By browser', 'Sources'].map((name) => tile(page, name));
  for (const each of [one, other]) await each.locator('canvas').waitFor();
  assert.equal((await one.boundingBox()).y, (await other.boundingBox()).y);
  await one.getByRole('button', { name: 'Table' }).click();
  await one.getByRole('rowheader', { name: 'Chrome' }).waitFor();
  await other.getByRole('button', { name: 'Table' }).click();
  // Every day of every source is among the figures.
  // Also after the figures came anew because something happened.
  const anew = page.waitForResponse((answer) => answer.request().postData()?.includes('visit:source'));
  await visit(world.origin, SITE, 3);
  await (await anew).finished();
  await other.getByText('Direct / None').first().waitFor();
  const days = new Set(await other.locator('tbody th').allInnerTexts());
  assert.equal(days.size, 30);
  assert.ok((await other.locator('tbody tr').count()) > 5 * 29);

  // A country is said by its name, also one from where nobody came yet.
  const take = await add('Japan', 'number', { filtered: 'visit:country' });
  await builder.getByRole('combobox', { name: 'is', exact: true }).fill('Japan');
  const kept = page.waitForRequest((asked) => asked.method() === 'PUT');
  await take();
  const { tiles } = (await kept).postDataJSON();
  assert.deepEqual(tiles.at(-1).query.filters, [['is', 'visit:country', ['JP']]]);
  await tile(page, 'Japan').getByText('0', { exact: true }).waitFor();
  await (await add('Pages', 'area', { dimension: 'event:page' }))();
  await page.getByRole('button', { name: 'Add a tile' }).click();
  await builder.getByLabel('Title').fill('Why');
  await builder.getByLabel('Shown as').selectOption('text');
  await builder.getByRole('textbox', { name: 'Text' }).fill('What we look at on Mondays');
  await builder.getByRole('button', { name: 'Take it' }).click();
  await tile(page, 'Why').getByText('What we look at on Mondays').waitFor();
  for (const each of [one, other]) await each.getByRole('button', { name: 'Chart' }).click();
  await tile(page, 'Pages').locator('canvas').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await accessible(page);
  await shot(page, 'dashboard-charts');
  // On a phone they lie below each other, none without its height.
  await page.setViewportSize({ width: 390, height: 844 });
  for (const name of ['By browser', 'Sources', 'Pages'])
    await page.waitForFunction(
      (label) => document.querySelector(`section[aria-label="${label}"] canvas`).clientHeight > 150,
      name,
    );
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await shot(page, 'dashboard-phone');
  await done(page);
});

test("a metric of the site's own is a number, and its line a table", async () => {
  const bought = { type: 'count', filters: [['is', 'event:name', ['purchase']]] };
  await world.call('/api/v1/metrics', { site_id: SITE, name: 'purchases', ...bought });
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByLabel('Name').fill('Own');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('button', { name: 'Add a tile' }).click();
  const builder = page.getByRole('dialog');
  await builder.getByLabel('Title').fill('Bought');
  await builder.getByLabel('Shown as').selectOption('number');
  await builder.locator('select[name=metric]').selectOption({ label: 'Purchases' });
  await builder.getByRole('button', { name: 'Take it' }).click();
  const bit = tile(page, 'Bought');
  await bit.locator('canvas').waitFor();
  const whole = Number((await bit.locator('.big').innerText()).replaceAll(/\D/g, ''));
  await bit.getByRole('button', { name: 'Table' }).click();
  await bit.getByRole('columnheader', { name: 'Purchases' }).waitFor();
  const days = (await bit.locator('tbody td').allInnerTexts()).map(Number);
  assert.ok(whole > 50 && days.length > 20, `${whole} in ${days.length} days`);
  assert.equal(
    days.reduce((sum, day) => sum + day, 0),
    whole,
  );
  await page.getByRole('button', { name: 'Done' }).click();
  await accessible(page);
  await done(page);
});

test('a tile whose metric or segment is gone says so, stays while others are changed, and is taken away', async () => {
  const signups = { type: 'count', filters: [['is', 'event:name', ['signup']]] };
  const { json: metric } = await world.call('/api/v1/metrics', {
    site_id: SITE,
    name: 'joined',
    ...signups,
  });
  const { json: segment } = await world.call('/api/v1/segments', {
    site_id: SITE,
    name: 'Gardeners',
    filters: [['is', 'event:page', ['/plants']]],
  });
  const at = (x, title, metric, filters = []) => ({
    title,
    chart: 'number',
    ...{ x, y: 0, w: 4, h: 3 },
    query: { date_range: '30d', metrics: [metric], filters },
  });
  const planted = at(8, 'Planted', 'visitors', [['is', 'segment', ['Gardeners']]]);
  const { json: made } = await world.call('/api/v1/dashboards', {
    site_id: SITE,
    name: 'Team',
    tiles: [at(0, 'Joined', 'joined'), at(4, 'Views', 'pageviews'), planted],
  });
  await world.call(`/api/v1/metrics/${metric.id}?site_id=${SITE}`, undefined, 'DELETE');
  await world.call(`/api/v1/segments/${segment.id}?site_id=${SITE}`, undefined, 'DELETE');
  const page = await owner(`/sites/${SITE}/dashboards/${made.id}`);
  await tile(page, 'Joined').getByText('What this tile shows is gone').waitFor();
  await tile(page, 'Joined').getByText('joined', { exact: false }).first().waitFor();
  await tile(page, 'Planted').getByText('has no segment `Gardeners`').waitFor();
  await tile(page, 'Views').locator('.big').waitFor();
  await accessible(page);
  // The server answered 400 to what the tile asks.
  page.complaints = page.complaints.filter((one) => !one.includes('400'));

  const saved = async (act) => {
    const kept = page.waitForResponse((answer) => answer.request().method() === 'PUT');
    await act();
    return (await kept).status();
  };
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  const builder = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Change Views' }).click();
  await builder.getByLabel('Title').fill('Pages seen');
  assert.equal(await saved(() => builder.getByRole('button', { name: 'Take it' }).click()), 200);
  await tile(page, 'Pages seen').locator('.big').waitFor();
  // Looked at in the builder it is what it was, and not quietly something else.
  await page.getByRole('button', { name: 'Change Joined' }).click();
  assert.equal(await builder.locator('select[name=metric]').inputValue(), 'joined');
  await builder.locator('select[name=period]').selectOption('7d');
  assert.equal(await saved(() => builder.getByRole('button', { name: 'Take it' }).click()), 400);
  await page.getByText('The tile “Joined” was not kept: unknown metric').waitFor();
  await page.getByRole('button', { name: 'Change Joined' }).click();
  await builder.locator('select[name=metric]').selectOption('events');
  assert.equal(await saved(() => builder.getByRole('button', { name: 'Take it' }).click()), 200);
  await tile(page, 'Joined').locator('.big').waitFor();
  assert.equal(await saved(() => page.getByRole('button', { name: 'Remove Joined' }).click()), 200);
  page.complaints = page.complaints.filter((one) => !one.includes('400'));
  await done(page);
});

test('what cannot be added is not, and a tile says what it is and of which time', async () => {
  const by = (dimension) => ({ date_range: '30d', metrics: ['bounce_rate'], dimensions: dimension });
  const include = { time_labels: true, partial_time_labels: true };
  const at = (place) => ({ x: 4 * (place % 3), y: 5 * Math.floor(place / 3), w: 4, h: 5 });
  const long = 'Everything that there is to say about the pages of this shop, in one title';
  const tiles = [
    { title: '', chart: 'stacked', query: { ...by(['time:day', 'visit:source']), include } },
    { title: 'Ring', chart: 'pie', query: by(['visit:source']) },
    { title: '', chart: 'text', text: 'What we look at on Mondays, and why we do' },
    { title: 'Pages', chart: 'pie', query: { ...by(['event:page']), metrics: ['visitors'] } },
    { title: long, chart: 'area', query: { ...by(['time:day']), metrics: ['visitors'], include } },
    { title: '', chart: 'sankey', query: { date_range: ['2026-10-01', '2026-11-20'], depth: 4 } },
  ].map((tile, place) => ({ ...tile, ...at(place) }));
  tiles[3].query.pagination = { limit: 3, offset: 0 };
  const { json: made } = await world.call('/api/v1/dashboards', { site_id: SITE, name: 'Rates', tiles });
  const page = await owner(`/sites/${SITE}/dashboards/${made.id}`);
  const lines = tile(page, 'Bounce rate by day and source');
  await lines.getByText('Last 30 days').waitFor();
  await lines.getByText('Drawn as lines: the bounce rate of parts does not add up').waitFor();
  await tile(page, 'Ring').getByText('Drawn as bars').waitFor();
  await tile(page, 'Pages').getByText('The 3 largest are shown.').waitFor();
  await tile(page, 'Journeys').getByText('1 Oct – 20 Nov 2026').waitFor();
  await page.getByRole('heading', { name: 'What we look at on Mondays,…' }).waitFor();
  await accessible(page);
  // So it is for who was given a link.
  const { json: link } = await world.call(`/api/v1/dashboards/${made.id}/link`, { embed: false }, 'PUT');
  const other = await world.open(`/shared/${link.token}`);
  await tile(other, 'Bounce rate by day and source').getByText('Drawn as lines').waitFor();
  await done(other);

  // A title that is too long makes way for what stands beside it.
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  const box = (part) => part.boundingBox();
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const [title, table] = await Promise.all(
      [tile(page, long).getByRole('heading'), tile(page, long).getByRole('button', { name: 'Table' })].map(
        box,
      ),
    );
    assert.ok(title.x + title.width <= table.x, `at ${width} it ends before the button`);
  }
  // A flow that is wider than there is room for is scrolled, and the page is not.
  const wide = tile(page, 'Journeys').getByRole('region', { name: /scrolled/ });
  await wide.locator('canvas').waitFor();
  assert.ok(await wide.evaluate((part) => part.scrollWidth > part.clientWidth));
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await page.setViewportSize({ width: 1280, height: 900 });

  await page.getByRole('button', { name: 'Add a tile' }).click();
  const builder = page.getByRole('dialog');
  const kinds = builder.getByLabel('Shown as');
  assert.equal(await builder.getByRole('combobox', { name: 'is', exact: true }).count(), 0);
  await kinds.selectOption('pie');
  await builder.locator('select[name=metric]').selectOption('bounce_rate');
  await builder.getByText('No stacked bars and no pie').waitFor();
  assert.equal(await kinds.inputValue(), 'bar');
  assert.equal(await kinds.locator('option[value=stacked], option[value=pie]').count(), 0);
  await builder.locator('select[name=metric]').selectOption('pageviews');
  assert.equal(await kinds.inputValue(), 'pie');
  await done(page);
});

/** A dashboard of tables and one number, open to be changed, with what its tiles are called as they are read. */
async function changed(name, boxes) {
  const tiles = Object.entries(boxes).map(([title, [x, y, w, h]]) => ({
    title,
    chart: 'table',
    ...{ x, y, w, h },
    query: { date_range: '30d', metrics: ['visitors'], dimensions: ['visit:browser'] },
  }));
  const { json: made } = await world.call('/api/v1/dashboards', { site_id: SITE, name, tiles });
  const page = await owner(`/sites/${SITE}/dashboards/${made.id}`);
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  const tops = () =>
    page.locator('.tile-card').evaluateAll((cards) =>
      cards
        .map((card) => [card.getBoundingClientRect().top, card.getAttribute('aria-label')])
        .sort(([one], [other]) => one - other)
        .map(([, title]) => title),
    );
  const kept = () => page.waitForResponse((answer) => answer.request().method() === 'PUT');
  const handle = (title) => page.getByRole('button', { name: `Move ${title}:` });
  /** By its handle to so much beyond the middle of another, without letting it go. */
  const drag = async (title, other, beyond) => {
    const { x, y } = await handle(title).boundingBox();
    const over = await tile(page, other).boundingBox();
    await page.mouse.move(x + 5, y + 5);
    await page.mouse.down();
    await page.mouse.move(x + 5, over.y + over.height / 2 + beyond, { steps: 8 });
  };
  return { page, tops, kept, handle, drag };
}

test('a tile goes below the next one, is let go by Escape, and lies on a phone where it was dropped', async () => {
  const { page, tops, kept, handle, drag } = await changed('Moved', {
    Pages: [0, 0, 6, 6],
    Browsers: [6, 0, 5, 6],
    Days: [0, 6, 8, 5],
  });
  const press = async (key) => {
    await handle('Browsers').focus();
    const saved = kept();
    await page.keyboard.press(key);
    await saved;
  };
  await press('ArrowDown');
  assert.equal((await tops()).at(-1), 'Browsers');
  await press('ArrowUp');
  assert.equal((await tops()).at(-1), 'Days');

  let saves = 0;
  page.on('request', (asked) => (saves += asked.method() === 'PUT'));
  await page.setViewportSize({ width: 1280, height: 1400 });
  await drag('Browsers', 'Days', 100);
  assert.equal((await tops()).at(-1), 'Browsers', 'it goes along with the pointer');
  await page.keyboard.press('Escape');
  await page.mouse.up();
  assert.equal((await tops()).at(-1), 'Days');
  assert.equal(saves, 0);

  await page.setViewportSize({ width: 390, height: 1200 });
  assert.equal(await page.locator('.corner').first().isVisible(), false);
  assert.deepEqual(await tops(), ['Pages', 'Browsers', 'Days']);
  let saved = kept();
  await drag('Pages', 'Browsers', 20);
  await page.mouse.up();
  await saved;
  assert.deepEqual(await tops(), ['Browsers', 'Pages', 'Days']);
  saved = kept();
  await drag('Days', 'Browsers', -20);
  await page.mouse.up();
  await saved;
  assert.equal((await tops())[0], 'Days');
  await done(page);
});

test('the builder wants what a filter is, and gives the focus back to what opened it', async () => {
  const { page } = await changed('Filtered', { Pages: [0, 0, 6, 6] });
  const builder = page.getByRole('dialog');
  for (const name of ['Add a tile', 'Change Pages']) {
    const opener = page.getByRole('button', { name });
    await opener.click();
    await builder.getByLabel('Title').waitFor();
    await page.keyboard.press('Escape');
    await builder.waitFor({ state: 'detached' });
    assert.ok(await opener.evaluate((button) => button === document.activeElement), name);
  }
  await page.getByRole('button', { name: 'Change Pages' }).click();
  await builder.locator('select[name=filtered]').selectOption('visit:country');
  await builder.getByRole('button', { name: 'Take it' }).click();
  await builder.getByRole('alert').getByText('Say which country it is about').waitFor();
  await done(page);
});

test('a file that is no dashboard is refused in words', async () => {
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByLabel('Name').fill('Photo');
  const file = { name: 'photo.json', mimeType: 'application/json', buffer: Buffer.from('GIF89a') };
  await page.getByLabel('Or a file that was exported').setInputFiles(file);
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('This file is not a dashboard that was exported').waitFor();
  await done(page);
});

test('a link shows the page to anybody, after its password, and nothing else', async () => {
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByRole('link', { name: 'Week' }).click();
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password').fill('open sesame');
  await dialog.getByRole('button', { name: 'Share', exact: true }).click();
  const address = await dialog.locator('.secret').innerText();
  await dialog.getByText('Shared. It asks for the password.').waitFor();
  await dialog.getByRole('button', { name: 'Copy' }).waitFor();

  const other = await world.open(address.slice(world.origin.length), {
    viewport: { width: 1280, height: 900 },
  });
  await other.getByLabel('Password', { exact: true }).fill('wrong');
  await other.keyboard.press('Enter');
  await other.getByRole('alert').getByText('the password is wrong').waitFor();
  await other.getByLabel('Password', { exact: true }).fill('open sesame');
  await other.keyboard.press('Enter');
  await tile(other, 'Sources').getByText('Direct / None').waitFor();
  assert.equal(await other.getByRole('button', { name: /^Move/ }).count(), 0);
  await accessible(other);
  await shot(other, 'shared');
  // Within its tab the password is typed once.
  await other.reload();
  await tile(other, 'Sources').getByText('Direct / None').waitFor();
  const status = await other.evaluate(() => fetch('/api/v1/sites').then((answer) => answer.status));
  assert.equal(status, 401);
  await other.context().close();

  // A password that nobody speaks of stays.
  await dialog.getByLabel('Other sites may show it').check();
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByText('and asks for a password').waitFor();
  await dialog.getByLabel('Ask for no password any more').check();
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByText('The address is the same as before.').waitFor();

  page.once('dialog', (asked) => asked.accept());
  await dialog.getByRole('button', { name: 'Stop sharing' }).click();
  await dialog.getByRole('button', { name: 'Share', exact: true }).waitFor();
  const late = await world.open(address.slice(world.origin.length));
  await late.getByText('Nothing is shared here').waitFor();
  await late.context().close();
  await page.context().close();
});

test('a page is shown in a frame of another site where that was allowed, and has another name', async () => {
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByLabel('Name').fill('Frame');
  await page.getByLabel('Begin with').selectOption('Acquisition');
  await page.getByRole('button', { name: 'Make it' }).click();
  await tile(page, 'Sources').getByText('Direct / None').waitFor();
  const stacked = tile(page, 'Channels by day');
  await stacked.locator('canvas').waitFor();
  await stacked.getByRole('button', { name: 'Table' }).click();
  await stacked.getByText('Organic Search').first().waitFor();
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  const name = page.getByLabel('Name of the dashboard');
  await name.fill('Picture');
  const kept = page.waitForResponse((answer) => answer.request().method() === 'PUT');
  await page.getByRole('button', { name: 'Done' }).click();
  await kept;
  await page.getByRole('heading', { name: 'Picture' }).waitFor();

  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Share', exact: true }).click();
  const address = await dialog.locator('.secret').innerText();
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(
      `<!doctype html><title>News</title><iframe src="${address}" width="900" height="600"></iframe>`,
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const news = await world.open('/');
  const framed = news.frameLocator('iframe').getByText('Direct / None').first();
  const look = () => news.goto(`http://127.0.0.1:${server.address().port}/`);
  await look();
  await news.waitForTimeout(500);
  assert.equal(await framed.count(), 0);

  await dialog.getByLabel('Other sites may show it').check();
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByText('Saved. The address is the same as before').waitFor();
  await dialog.getByText(`<iframe src="${address}" title="Picture"`).waitFor();
  await look();
  await framed.waitFor();
  await news.context().close();
  server.close();
  await done(page);
});

test('reports are tiles, and a page comes back from its file as it was', async () => {
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByLabel('Name').fill('Ways');
  await page.getByLabel('Begin with').selectOption('Behaviour');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.waitForURL('**/dashboards/*');
  await tile(page, 'Ways through the site').locator('canvas').waitFor();
  await tile(page, 'From any page to a sign-up').getByRole('rowheader', { name: 'signup' }).waitFor();
  await tile(page, 'Who comes back').locator('tbody tr').first().waitFor();
  const heat = tile(page, 'Devices by day');
  await heat.locator('canvas').waitFor();
  await heat.getByRole('button', { name: 'Table' }).click();
  await heat.getByText('Desktop').first().waitFor();
  await heat.getByRole('button', { name: 'Chart' }).click();
  await tile(page, 'Ways through the site').getByRole('button', { name: 'Table' }).click();
  await tile(page, 'Ways through the site').getByRole('columnheader', { name: 'From' }).waitFor();
  await tile(page, 'Ways through the site').getByRole('button', { name: 'Chart' }).click();

  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByRole('button', { name: 'Add a tile' }).click();
  const builder = page.getByRole('dialog');
  await builder.getByLabel('Title').fill('To the checkout');
  await builder.getByLabel('Shown as').selectOption('funnel');
  await builder.getByLabel('Steps').fill('/cart\n/checkout\npurchase');
  await builder.getByRole('button', { name: 'Take it' }).click();
  const rows = tile(page, 'To the checkout').locator('tbody tr');
  await rows.nth(2).waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await accessible(page);
  await shot(page, 'dashboard-behaviour');

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ]);
  const file = await download.path();
  await page.goto(`${world.origin}/sites/${SITE}/dashboards`);
  await page.getByLabel('Name').fill('Ways again');
  await page.getByLabel('Or a file that was exported').setInputFiles(file);
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('heading', { name: 'Ways again' }).waitFor();
  await rows.nth(2).waitFor();
  const { json } = await world.call(`/api/v1/dashboards?site_id=${SITE}`, undefined, 'GET');
  const [once, again] = ['Ways', 'Ways again'].map((name) =>
    json.dashboards.find((one) => one.name === name),
  );
  assert.deepEqual(again.tiles, once.tiles);
  assert.deepEqual(again.tiles, JSON.parse(readFileSync(file, 'utf8')).tiles);

  // A link answers reports as well.
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Share', exact: true }).click();
  const address = await page.getByRole('dialog').locator('.secret').innerText();
  const other = await world.open(address.slice(world.origin.length));
  await tile(other, 'To the checkout').locator('tbody tr').nth(2).waitFor();
  await tile(other, 'Ways through the site').locator('canvas').waitFor();
  await done(other);
  await done(page);
});
