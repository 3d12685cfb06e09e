import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import { accessible, PANELS, panel, ready, shot, start, visit } from './support/world.js';

const SITE = '/sites/demo.example';
let world;
before(async () => {
  world = await start('demo');
});
after(() => world?.stop());

for (const colorScheme of ['light', 'dark'])
  test(`every panel shows rows in ${colorScheme} mode, with nothing serious for axe or the policy`, async () => {
    const page = await world.open(`${SITE}?compare=previous`, {
      colorScheme,
      viewport: { width: 1280, height: 900 },
    });
    await ready(page);
    await page.locator('section[aria-label=Places] canvas').waitFor();
    const revenue = page.getByRole('button', { name: /^Revenue/ }).locator('.value');
    assert.match(await revenue.innerText(), /^(US)?\$[\d.,]+[kKM]?$/);
    // Every chart has its figures as a table.
    await page.getByText('The graph as a table').click();
    const twin = page.getByRole('region', { name: 'Figures of the graph' });
    assert.ok((await twin.locator('tbody tr').count()) >= 28);
    // Today is not over: the graph has it dotted.
    await twin.getByText('in progress').waitFor();
    await page.getByText('The graph as a table').click();
    assert.equal(await page.locator('html').getAttribute('data-mantine-color-scheme'), colorScheme);
    await shot(page, `site-${colorScheme}`);
    await accessible(page);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

test('a row filters, the address keeps it, and another browser reads it', async () => {
  const page = await world.open(SITE);
  await ready(page);
  const visitors = () => page.locator('.tile .value').first().innerText();
  const all = await visitors();
  await panel(page, 'Sources').getByRole('button', { name: 'Google', exact: true }).click();
  const chip = page.getByRole('button', { name: 'Remove the filter source is Google' });
  await chip.waitFor();
  await page.waitForFunction((old) => document.querySelector('.tile .value').textContent !== old, all);
  await page.getByRole('button', { name: /Pageviews/ }).click();
  await panel(page, 'Devices').getByRole('button', { name: 'Systems' }).click();
  await page.waitForURL(/metric=pageviews.*/);
  await page.waitForURL(/tabs=/);
  // Every tab of every panel answers.
  for (const name of PANELS)
    for (const tab of await panel(page, name).locator('.tabs button').all()) {
      await tab.click();
      await panel(page, name).locator('tbody tr, .nothing').first().waitFor();
      assert.equal(
        await panel(page, name).getByRole('alert').count(),
        0,
        `${name}: ${await tab.innerText()}`,
      );
    }
  const more = panel(page, 'Sources').getByLabel('More of the sources');
  for (const [label, dimension] of [
    ['Mediums', 'visit:utm_medium'],
    ['Terms', 'visit:utm_term'],
    ['Campaigns', 'visit:utm_campaign'],
  ]) {
    const answered = page.waitForResponse((one) => one.request().postData()?.includes(`"${dimension}"`));
    await more.selectOption(label);
    assert.equal((await answered).status(), 200, label);
  }
  await panel(page, 'Devices').getByRole('button', { name: 'Systems' }).click();

  const other = await world.open(page.url().slice(world.origin.length));
  await ready(other);
  await other.getByRole('button', { name: 'Remove the filter source is Google' }).waitFor();
  assert.equal(await other.getByRole('button', { name: /Pageviews/ }).getAttribute('aria-pressed'), 'true');
  const systems = panel(other, 'Devices').getByRole('button', { name: 'Systems' });
  assert.equal(await systems.getAttribute('aria-pressed'), 'true');
  await chip.click();
  await chip.waitFor({ state: 'detached' });
  assert.ok(!page.url().includes('filters'));
  await other.context().close();
  await page.context().close();
});

test('a row of every panel filters, and Escape lets it go', async () => {
  const page = await world.open(SITE, { viewport: { width: 1280, height: 1800 } });
  await ready(page);
  const chips = page
    .getByRole('group', { name: 'Filters' })
    .getByRole('button', { name: /^Remove the filter/ });
  for (const name of [...PANELS, 'Properties']) {
    const row = panel(page, name).locator('button.row').first();
    await row.waitFor();
    const value = await row.getAttribute('title');
    await row.click();
    await chips.waitFor();
    assert.ok((await chips.getAttribute('aria-label')).includes(value), `${name}: ${value}`);
    // Filtered by itself it is chosen, and the only one.
    await panel(page, name).locator('button.row[aria-pressed=true]', { hasText: value }).waitFor();
    await page.keyboard.press('Escape');
    await chips.waitFor({ state: 'detached' });
    await panel(page, name).locator('button.row[aria-pressed=true]').waitFor({ state: 'detached' });
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('each letter is its time, I is another step', async () => {
  const page = await world.open(SITE);
  await ready(page);
  for (const [letter, name] of Object.entries({
    d: 'Today',
    e: 'Yesterday',
    h: 'Last 24 hours',
    w: 'Last 7 days',
    t: 'Last 30 days',
    n: 'Last 91 days',
    m: 'Month to date',
    p: 'Last month',
    y: 'Year to date',
    s: 'Last 6 months',
    l: 'Last 12 months',
    a: 'All time',
    f: 'Last 28 days',
  })) {
    await page.keyboard.press(letter);
    await page.getByRole('button', { name: `Time: ${name}`, exact: true }).waitFor();
  }
  const step = page.getByLabel('Step of the graph');
  const usual = await step.inputValue();
  await page.keyboard.press('i');
  await page.waitForURL(/interval=/);
  assert.notEqual(await step.inputValue(), usual);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('numbers and days are written as the reader writes them', async () => {
  const page = await world.open(SITE, { locale: 'de-DE', viewport: { width: 1280, height: 900 } });
  await ready(page);
  const tile = (name) => page.getByRole('button', { name: new RegExp(`^${name}`) }).locator('.value');
  assert.match(await tile('Views per visit').innerText(), /^\d,\d+$/);
  assert.match(await tile('Bounce rate').innerText(), /^\d+(,\d)?\s%$/);
  assert.match(await tile('Visit duration').innerText(), /\d+\s(Min\.|s)/);
  assert.match(await tile('Revenue').innerText(), /\$$/);
  const days = await page.locator('.tools .grow').first().innerText();
  assert.match(days, /\d{2}\.\d{2}\.20\d{2}/);
  // Countries are called by their names in the reader's language.
  await panel(page, 'Places').getByRole('button', { name: 'Vereinigte Staaten' }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('who is counted without an id is on no list of people', async () => {
  const page = await world.open(`${SITE}/live`);
  await panel(page, 'Pages').locator('tbody tr').first().waitFor();
  assert.equal(await page.getByRole('link', { name: 'People' }).count(), 0);
  await page.goto(`${world.origin}${SITE}/people`);
  await page.getByText('This site knows nobody').waitFor();
  await page.context().close();
});

test('an address that an alert links to shows what the alert is about', async () => {
  const filters = encodeURIComponent('[["is","event:name",["signup"]],["matches","event:page",["^/"]]]');
  const page = await world.open(`${SITE}?metric=events&filters=${filters}`);
  const graph = page.locator('section[aria-label=Figures] canvas');
  await graph.waitFor();
  const tile = (name) => page.getByRole('button', { name });
  assert.equal(await tile(/^Events \d/).getAttribute('aria-pressed'), 'true');
  await tile(/^Events \d/)
    .locator('.value', { hasText: /[1-9]/ })
    .waitFor();
  await page.getByRole('button', { name: 'Remove the filter page matches ^/' }).waitFor();
  await page.goto(`${world.origin}${SITE}?metric=events`);
  await tile(/^Events \d/).waitFor();
  await tile(/^Visits/).click();
  await tile(/^Events \d/).waitFor({ state: 'detached' });

  const goal = encodeURIComponent('[["is","event:goal",["signup"]]]');
  await page.goto(`${world.origin}${SITE}?metric=conversion_rate&filters=${goal}`);
  await graph.waitFor();
  await tile(/^Conversion rate/)
    .locator('.value', { hasText: /%$/ })
    .waitFor();
  // Of everybody there is no such rate.
  await page.getByRole('button', { name: 'Remove the filter goal is signup' }).click();
  await page.waitForURL((url) => !url.search.includes('metric') && !url.search.includes('filters'));
  await tile(/^Conversion rate/).waitFor({ state: 'detached' });
  assert.equal(await tile(/^Unique visitors/).getAttribute('aria-pressed'), 'true');
  await graph.waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('of those who did something is told what they did, and nothing of whole visits', async () => {
  const names = () => page.locator('.tile .name').allInnerTexts();
  const of = (...condition) => `${SITE}?filters=${encodeURIComponent(JSON.stringify([condition]))}`;
  const page = await world.open(`${of('is', 'event:goal', ['signup'])}&metric=bounce_rate`);
  await ready(page);
  assert.deepEqual(await names(), ['Unique conversions', 'Total conversions', 'Conversion rate']);
  for (const tile of await page.locator('.tile').all())
    await tile.locator('.value', { hasText: /[1-9]/ }).waitFor();
  await page.locator('.tile[aria-pressed=true]', { hasText: 'Unique conversions' }).waitFor();
  // Details have no figures of pages and bounces either.
  await panel(page, 'Sources').getByRole('button', { name: 'Details of sources' }).click();
  const heads = page.getByRole('dialog').getByRole('columnheader');
  await heads.first().waitFor();
  assert.match((await heads.allInnerTexts()).join(' '), /^Name Visitors.* Visits Events$/);
  for (const condition of [
    ['is', 'event:name', ['signup']],
    ['contains', 'event:props:plan', ['PR'], { case_sensitive: false }],
  ]) {
    await page.goto(world.origin + of(...condition));
    await page.locator('.tile .value').first().waitFor();
    assert.deepEqual(
      (await names()).filter((name) => name !== 'Revenue'),
      ['Unique visitors', 'Visits', 'Events'],
    );
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a filter has several values, minds no large letters, and says why one cannot be', async () => {
  const page = await world.open(SITE, { viewport: { width: 1280, height: 900 } });
  await ready(page);
  const chip = (told) => page.getByRole('button', { name: `Remove the filter ${told}`, exact: true });
  const filter = page.getByRole('button', { name: 'Filter', exact: true });
  const form = page.getByRole('form', { name: 'New filter' });
  const value = form.getByLabel('Value', { exact: true });
  const figures = () => page.locator('.tile .value').first().innerText();
  const all = await figures();
  await filter.click();
  await form.getByLabel('What').selectOption('visit:source');
  await value.fill('google');
  await form.getByRole('button', { name: 'Or another value' }).click();
  await value.fill('GitHub');
  await accessible(page);
  await page.keyboard.press('Enter');
  await chip('source is Google or GitHub').waitFor();
  // The same once more, in another order, and nothing at all.
  await filter.click();
  await form.getByLabel('What').selectOption('visit:source');
  await value.fill('GitHub');
  await form.getByRole('button', { name: 'Or another value' }).click();
  await value.fill('Google');
  await page.keyboard.press('Enter');
  await form.getByRole('alert').getByText('There is this filter already').waitFor();
  await form.getByRole('button', { name: 'Remove the value GitHub' }).click();
  await value.fill('   ');
  await page.keyboard.press('Enter');
  await form.getByRole('alert').getByText('Write what to look for').waitFor();
  // Countries are stored as codes: of their names there are no parts.
  await form.getByLabel('What').selectOption('visit:country');
  assert.deepEqual(await form.getByLabel('How').locator('option').allInnerTexts(), ['is', 'is not']);
  await value.fill('united');
  await page.keyboard.press('Enter');
  await form.getByRole('alert').getByText('There is no country called “united”').waitFor();
  await form.getByLabel('What').selectOption('event:page');
  await form.getByLabel('How').selectOption('contains');
  await value.fill('/DOCS');
  await page.keyboard.press('Enter');
  await chip('page contains /DOCS').waitFor();
  await page.waitForFunction((old) => {
    const shown = document.querySelector('.tile .value')?.textContent;
    return shown && shown !== old && /[1-9]/.test(shown);
  }, all);

  // Another browser reads it, and a row that is one of several goes alone.
  const other = await world.open(page.url().slice(world.origin.length));
  await other.getByRole('button', { name: 'Remove the filter page contains /DOCS' }).waitFor();
  await panel(other, 'Sources').getByRole('button', { name: 'Google', exact: true }).click();
  await other.getByRole('button', { name: 'Remove the filter source is GitHub', exact: true }).waitFor();
  await other.context().close();

  // The focus goes on to the next filter, and then to where filters are made.
  await chip('source is Google or GitHub').focus();
  await page.keyboard.press('Enter');
  await chip('page contains /DOCS').and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  await filter.and(page.locator(':focus')).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('what an address says that nobody understands is left out', async () => {
  const page = await world.open(`${SITE}?period=whenever&metric=everything&compare=x&tabs=1&from=2026-99-99`);
  await ready(page);
  await page.getByRole('button', { name: 'Time: Last 28 days' }).waitFor();
  assert.equal(
    await page.getByRole('button', { name: /^Unique visitors/ }).getAttribute('aria-pressed'),
    'true',
  );
  await page.goto(`${world.origin}${SITE}/retention?period=whenever&filters=no&ask=5`);
  await page.getByRole('button', { name: 'Time: Last 28 days' }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a day of hours is compared, all time cannot be', async () => {
  const page = await world.open(`${SITE}?period=24h`);
  await ready(page);
  await page.keyboard.press('x');
  await page.waitForURL(/compare=previous/);
  await page.getByText(/^Against .*–/).waitFor();
  await page.locator('.tile .up, .tile .down, .tile .nochange').first().waitFor();
  await page.getByText('The graph as a table').click();
  const twin = page.getByRole('region', { name: 'Figures of the graph' });
  await twin.getByRole('columnheader', { name: 'Before' }).waitFor();
  assert.ok((await twin.locator('tbody tr').count()) >= 24);
  // A day ago is in the middle of an hour.
  await twin.locator('tbody tr').first().getByText('only its end').waitFor();
  await page.keyboard.press('a');
  await page.getByRole('button', { name: /^Comparison/ }).click();
  await page.getByText('Before all time there is none').waitFor();
  await page.goto(`${world.origin}${SITE}?period=all`);
  await ready(page);
  await page.keyboard.press('x');
  await page.keyboard.press('i');
  await page.waitForURL(/interval=/);
  assert.ok(!page.url().includes('compare'));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('views of single pages are not divided by whole visits', async () => {
  const page = await world.open(SITE);
  await ready(page);
  const divided = page.getByRole('button', { name: /^Views per visit/ });
  await divided.waitFor();
  await panel(page, 'Pages').getByRole('button', { name: '/docs', exact: true }).click();
  await page.getByRole('button', { name: 'Remove the filter page is /docs' }).click();
  await divided.waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Remove the filter page is /docs' }).waitFor();
  assert.equal(await divided.count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the keyboard alone chooses the time, compares, filters and clears', async () => {
  const page = await world.open(SITE);
  await ready(page);
  await page.keyboard.press('w');
  await page.waitForURL(/period=7d/);
  await page.keyboard.press('x');
  await page.waitForURL(/compare=previous/);
  await page.keyboard.press('ArrowLeft');
  await page.waitForURL(/period=custom/);
  const before = page.url();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL((url) => url.href !== before);
  const first = panel(page, 'Pages').locator('.row').first();
  for (let tabs = 0; tabs < 60; tabs++) {
    if (await first.evaluate((row) => row === document.activeElement)) break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(/filters=/);
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.search.includes('filters'));
  await page.context().close();
});

test('keys lead to times from every page that has one, to live and to sites', async () => {
  const page = await world.open(`${SITE}/live`);
  await panel(page, 'Pages').locator('tbody tr').first().waitFor();
  await page.keyboard.press('w');
  await page.waitForURL(`**${SITE}?period=7d`);
  await page.keyboard.press('r');
  await page.waitForURL('**/live');
  await page.goto(`${world.origin}${SITE}/retention`);
  await page.getByRole('heading', { name: 'Retention' }).waitFor();
  await page.keyboard.press('n');
  await page.waitForURL(/retention\?period=91d/);
  await page.keyboard.press('c');
  await page.getByRole('dialog', { name: 'Time' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  const list = page.getByRole('dialog', { name: 'Keys' });
  await list.getByText('Last 91 days').waitFor();
  // What lies above a page keeps its keys to itself.
  await page.keyboard.press('r');
  await page.keyboard.press('Escape');
  await list.waitFor({ state: 'detached' });
  assert.match(page.url(), /retention/);
  const button = page.getByRole('button', { name: 'Time: Last 91 days' });
  await button.focus();
  await page.keyboard.press('?');
  await list.getByText('Last 91 days').waitFor();
  await page.keyboard.press('Escape');
  await button.and(page.locator(':focus')).waitFor();
  await page.keyboard.press('1');
  await page.waitForURL(`**${SITE}`);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('details are sorted, searched and exported as shown', async () => {
  const page = await world.open(`${SITE}?open=event:page`, { viewport: { width: 1280, height: 900 } });
  const dialog = page.getByRole('dialog');
  await dialog.locator('tbody tr').first().waitFor();
  await dialog.getByRole('searchbox').fill('DOCS');
  await dialog.getByRole('button', { name: 'Pageviews' }).click();
  await page.waitForFunction(() =>
    document.querySelector('th[aria-sort=descending]')?.textContent.includes('Pageviews'),
  );
  // The search is the server's.
  await page.waitForFunction(() =>
    [...document.querySelectorAll('[role=dialog] tbody th')].every((cell) =>
      cell.textContent.includes('docs'),
    ),
  );
  await shot(page, 'details', { whole: false });
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Export CSV' }).click(),
  ]);
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\r\n');
  assert.equal(lines[0], 'event:page,visitors,visits,pageviews');
  assert.equal(lines.length - 1, await dialog.locator('tbody tr').count());
  assert.ok(lines.slice(1).every((line) => line.includes('docs')));
  // Strangers choose what campaigns are called; no spreadsheet computes it.
  await visit(world.origin, 'demo.example', 1, '/x?utm_campaign=%3D1%2B1');
  await page.goto(`${world.origin}${SITE}?period=day&open=visit:utm_campaign`);
  await dialog.getByRole('rowheader', { name: '=1+1' }).waitFor();
  const [other] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Export CSV' }).click(),
  ]);
  assert.match(readFileSync(await other.path(), 'utf8'), /\r\n"'=1\+1",1,/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an address with a site that nobody added says so once', async () => {
  const page = await world.open('/sites/nowhere.example');
  await page.getByText('There is no site nowhere.example here').waitFor();
  assert.deepEqual(page.complaints, []);
  assert.equal(await page.getByRole('alert').count(), 0);
  await page.getByRole('link', { name: 'all of them' }).click();
  await ready(page);
  await page.context().close();
});

test('what breaks says what to do, and the rest of the page stays', async () => {
  const page = await world.open(SITE);
  await ready(page);
  // The server became newer: parts of the old page are no longer there.
  await page.route('**/assets/Details-*', (asked) => asked.abort());
  await panel(page, 'Sources').getByRole('button', { name: 'Details of sources' }).click();
  await page.getByText('A part of this page did not come').waitFor();
  await page.getByRole('link', { name: 'Overview' }).waitFor();
  await accessible(page);
  await page.unroute('**/assets/Details-*');
  await page.getByRole('button', { name: 'Load it anew' }).click();
  await page.getByRole('dialog').locator('tbody tr').first().waitFor();
  await page.keyboard.press('Escape');

  const error = { code: 'internal', message: 'something broke', hint: 'look into the log' };
  await page.route('**/api/v2/query', (asked) => asked.fulfill({ status: 500, json: { error } }));
  await page.keyboard.press('e');
  const failure = panel(page, 'Sources').getByRole('alert');
  await failure.getByText('The server failed at this').waitFor();
  await failure.getByText('look into the log').waitFor();
  await page.unroute('**/api/v2/query');
  await failure.getByRole('button', { name: 'Try again' }).click();
  await panel(page, 'Sources').locator('tbody tr').first().waitFor();
  await page.context().close();
});

test('who may only look is told how to get further', async () => {
  const page = await world.open(`${SITE}/settings`);
  await page.getByText('opentrace serve').waitFor();
  await page.goto(`${world.origin}/new`);
  await page.getByText('opentrace serve').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the demo is watched by rules that fire, and has segments to compare', async () => {
  const page = await world.open(`${SITE}/alerts`, { viewport: { width: 1280, height: 900 } });
  const rules = panel(page, 'Rules');
  await rules.getByText('Pageviews is above 15 within a minute').waitFor();
  await rules.getByText('Conversion rate is below 1% within a day, only goal signup').waitFor();
  // Its own traffic does by day what these visits do at any hour.
  await visit(world.origin, 'demo.example', 60);
  const busy = panel(page, 'History').getByRole('button', { name: 'Busy' }).first();
  await busy.waitFor();
  await rules.getByRole('img', { name: 'Firing' }).first().waitFor();
  await accessible(page);
  await busy.click();
  const dialog = page.getByRole('dialog', { name: 'Busy' });
  // It may have been the demo's own traffic, which is busy everywhere alike.
  const causes = panel(page, 'Causes').locator('tbody tr');
  await causes.or(dialog.getByText('No part of the traffic stands out')).first().waitFor();
  // Who may only look, looks.
  assert.equal(await dialog.getByRole('button', { name: 'Acknowledge' }).count(), 0);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Segments' }).click();
  const table = panel(page, 'Comparison');
  for (const name of ['Everybody', 'From search', 'On phones', 'Readers of the blog', 'German-speaking'])
    await table.getByRole('row', { name }).locator('td', { hasText: /[1-9]/ }).first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a dashboard that is ready is looked at by anybody', async () => {
  const page = await world.open(`${SITE}/dashboards`, { viewport: { width: 1280, height: 900 } });
  // Others may be called alike.
  await page.locator('a[href$="/dashboards/ready/Overview"]').click();
  await page.waitForURL('**/dashboards/ready/Overview');
  await panel(page, 'Visitors by day').locator('canvas').waitFor();
  await panel(page, 'Pages').locator('tbody tr').first().waitFor();
  assert.equal(await page.getByRole('button', { name: 'Make it your own' }).count(), 0);
  await accessible(page);
  await page.goto(`${world.origin}${SITE}/dashboards/ready/nothing`);
  await page.getByText('There is no such dashboard').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('all that is shown is exported as one file', async () => {
  const page = await world.open(SITE);
  await ready(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export', exact: true }).click(),
  ]);
  const files = unzipSync(readFileSync(await download.path()));
  for (const name of [
    'summary',
    'graph',
    'sources',
    'top',
    'countries',
    'browsers',
    'goals',
    'mediums',
    'property-plan',
  ])
    assert.ok(files[`${name}.csv`]?.length > 10, `${name} is among ${Object.keys(files)}`);
  const sources = strFromU8(files['sources.csv']).trim().split('\r\n');
  assert.equal(sources[0], 'visit:source,visitors,percentage');
  assert.ok(sources.some((line) => line.startsWith('"Google",')));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a phone has a menu and scrolls in one direction only', async () => {
  const page = await world.open(SITE, { viewport: { width: 390, height: 844 }, isMobile: true });
  await ready(page);
  await shot(page, 'site-phone');
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits());
  await page.getByRole('button', { name: 'Menu' }).click();
  const menu = page.getByRole('dialog');
  await menu.getByRole('link', { name: 'Live' }).click();
  await page.waitForURL('**/live');
  await menu.waitFor({ state: 'detached' });
  await panel(page, 'Pages').locator('tbody tr').first().waitFor();
  assert.ok(await fits());
  // What rows are called is there, however little room there is.
  const wide = async (row) => (await row.boundingBox()).width > 90;
  await page.goto(`${world.origin}${SITE}?open=event:page`);
  const rows = page.getByRole('dialog').locator('tbody th');
  await rows.first().waitFor();
  assert.ok(await wide(rows.first()));
  assert.ok(await fits());
  await page.goto(`${world.origin}${SITE}/funnels?ask=${JSON.stringify({ steps: ['/pricing', 'signup'] })}`);
  const steps = panel(page, 'Funnel').locator('tbody th');
  await steps.first().waitFor();
  assert.ok(await wide(steps.first()));
  for (const path of ['funnels', 'retention', 'journeys', 'segments', 'alerts', 'dashboards']) {
    await page.goto(`${world.origin}${SITE}/${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.ok(await fits(), path);
  }
  await accessible(page);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the graph shows what is expected and what is unusual, unless it is told not to', async (t) => {
  const page = await world.open(SITE, { viewport: { width: 1280, height: 900 } });
  await ready(page);
  const { features } = await page.evaluate(() => fetch('/api/v1/session').then((answer) => answer.json()));
  if (!features.includes('forecast') || !features.includes('anomalies'))
    return t.skip('the program foresees nothing');
  const marks = page.getByRole('list', { name: 'Marks on the graph' });
  // The demonstration's history comes by and by.
  await marks.getByText('expected').waitFor({ timeout: 60_000 });
  // A band that would press the graph flat is cut, and is not said to hold them then.
  let times = 1.2;
  await page.route('**/api/v1/forecast', async (route) => {
    const json = await (await route.fetch()).json();
    for (const { mean, intervals } of json.forecast)
      for (const one of intervals) one.upper = times * Math.max(1, mean);
    await route.fulfill({ json });
  });
  await page.reload();
  await marks.getByText('expected, with the band that holds 95 of 100').waitFor();
  times = 50;
  await page.reload();
  await marks.getByText('expected; the band that holds 95 of 100 goes on above the graph').waitFor();
  await page.unroute('**/api/v1/forecast');
  await page.getByText('The graph as a table').click();
  await page.getByRole('region', { name: 'Figures of the graph' }).getByText('between').first().waitFor();
  await page.getByRole('button', { name: 'Forecast and anomalies' }).click();
  await page.waitForURL(/plain=true/);
  // What was corrected stays: it is known, not foreseen.
  await marks.getByText('expected').waitFor({ state: 'detached' });
  for (const [path, name] of [
    ['forecasts', 'Forecast'],
    ['anomalies', 'Course'],
  ]) {
    await page.goto(`${world.origin}${SITE}/${path}`);
    await panel(page, name).locator('canvas').waitFor();
    await accessible(page);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('what was corrected is marked where it is not what was shown before', async () => {
  const page = await world.open(`${SITE}/live`);
  let answer;
  let more = 0;
  await page.route('**/api/v2/query', async (route) => {
    if (!route.request().postDataJSON().include?.epoch) return route.continue();
    answer ??= await (await route.fetch()).json();
    const json = structuredClone(answer);
    // The server says so of every day.
    json.meta.corrected = json.meta.time_labels;
    json.results[3].metrics[0] += more;
    await route.fulfill({ json });
  });
  const corrected = page.getByRole('list', { name: 'Marks on the graph' }).getByText(/: corrected$/);
  for (const [added, marks] of [
    [0, 0],
    [0, 0],
    [7, 1],
  ]) {
    more = added;
    await page.goto(world.origin + SITE);
    await ready(page);
    if (marks) await corrected.first().waitFor();
    assert.equal(await corrected.count(), marks);
  }
  await page.context().close();
});

test('the live page shows a map, the last half hour, and events as they come', async () => {
  const page = await world.open(`${SITE}/live`, {
    viewport: { width: 1280, height: 900 },
    timezoneId: 'Asia/Tokyo',
  });
  await panel(page, 'Pages').locator('tbody tr').first().waitFor();
  await page.locator('section[aria-label="Last half hour"] canvas').waitFor();
  await page.locator('section[aria-label="Map of today"] canvas').waitFor();
  const events = panel(page, 'Events');
  await events.locator('li').first().waitFor();
  // Wherever the reader is: by the clock of the site, as the minutes beside it.
  const [hours, minutes] = (await events.locator('time').first().innerText()).split(':').map(Number);
  const ago = (Date.now() / 60_000 - 60 * hours - minutes) % 1440;
  assert.ok(ago < 31, `${hours}:${minutes}`);
  await shot(page, 'live');
  await accessible(page);
  // Nobody asks for anything: what is new is pushed, and is a point on the map.
  let asked = 0;
  page.on('request', (one) => (asked += one.url().includes('/api/') ? 1 : 0));
  await page.getByText('The map as a table').click();
  const countries = panel(page, 'Figures of the map');
  await countries.locator('tbody td:last-child', { hasText: /[1-9]/ }).first().waitFor({ timeout: 60_000 });
  await visit(world.origin, 'demo.example', 20);
  await events.getByText('/x', { exact: true }).first().waitFor();
  assert.equal(asked, 0);
  await events.getByRole('searchbox').fill('CHROME');
  await events.getByText(/^\d+ of the last \d+ events$/).waitFor();
  await events.locator('li', { hasText: 'Chrome' }).first().waitFor();
  assert.equal(await events.locator('li', { hasNotText: 'Chrome' }).count(), 0);
  await events.getByRole('searchbox').fill('nothing has this');
  await events.getByText(/^None of the last \d+ events has this$/).waitFor();
  await events.getByText('Filter by something shorter').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a question is answered with a chart, and the next goes on from it', async (t) => {
  const page = await world.open(SITE, { viewport: { width: 1280, height: 900 } });
  await ready(page);
  const { features } = await page.evaluate(() => fetch('/api/v1/session').then((answer) => answer.json()));
  if (!features.includes('ask')) return t.skip('the program understands no questions');
  await page.keyboard.press('/');
  await page.keyboard.type('visitors by country in the last 7 days');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.locator('canvas').waitFor();
  // Days are written as the reader writes them.
  const sentence = await dialog.getByRole('status').first().innerText();
  assert.match(sentence, /from \d{1,2} \p{L}{3,4} 20\d\d to \d{1,2} \p{L}{3,4} 20\d\d by country/u);
  await shot(page, 'question', { whole: false });
  await dialog.getByRole('button', { name: 'Table' }).click();
  await dialog.getByRole('rowheader', { name: 'Germany' }).waitFor();
  await accessible(page);
  await dialog.getByText('What was understood').click();
  assert.match(await dialog.getByLabel('The query').inputValue(), /"visit:country"/);
  const understood = dialog.getByLabel('The query');
  // Who knows better puts it right, and is not told the former question as if it were theirs.
  await understood.fill((await understood.inputValue()).replace('visit:country', 'visit:os'));
  await dialog.getByRole('button', { name: 'Ask it like this' }).click();
  await dialog.getByText('as you wrote it').waitFor();
  await dialog.getByRole('rowheader', { name: 'Windows' }).waitFor();
  await dialog.getByLabel('Go on from here').fill('by browser');
  await page.keyboard.press('Enter');
  await dialog.getByText('Chrome').or(dialog.locator('canvas')).first().waitFor();
  await dialog.getByText('What was understood').click();
  assert.match(await dialog.getByLabel('The query').inputValue(), /"visit:browser"/);

  // What is suggested goes on from the answer as well.
  await dialog.getByRole('button', { name: 'compare with the previous period' }).click();
  await dialog.getByText('What was understood').click();
  await page.waitForFunction((field) => field.value.includes('compare'), await understood.elementHandle());
  assert.match(await understood.inputValue(), /"visit:browser"/);

  // What nobody understands in between does not end it.
  await dialog.getByLabel('Go on from here').fill('nonsense blah');
  await page.keyboard.press('Enter');
  await dialog.getByLabel('Ask in other words').fill('and yesterday?');
  await page.keyboard.press('Enter');
  await dialog.getByLabel('Go on from here').waitFor();
  await dialog.getByText('What was understood').click();
  assert.match(await understood.inputValue(), /"visit:browser"/);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  // A figure that was put right to be many is not the first of them.
  await page.getByLabel('Ask a question').and(page.locator(':focus')).waitFor();
  await page.keyboard.type('visitors yesterday');
  await page.keyboard.press('Enter');
  await dialog.locator('.big').waitFor();
  await dialog.getByText('What was understood').click();
  const query = JSON.parse(await understood.inputValue());
  for (const [part, row] of [
    [{ dimensions: ['visit:source'] }, 'Google'],
    [{ metrics: ['visitors', 'pageviews'] }, 'Pageviews'],
  ]) {
    await understood.fill(JSON.stringify({ ...query, ...part }));
    await dialog.getByRole('button', { name: 'Ask it like this' }).click();
    await dialog.getByRole('rowheader', { name: row, exact: true }).waitFor();
    assert.equal(await dialog.locator('.big').count(), 0);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('what the question box offers is understood', async (t) => {
  const page = await world.open(SITE);
  await ready(page);
  const { features } = await page.evaluate(() => fetch('/api/v1/session').then((answer) => answer.json()));
  if (!features.includes('ask')) return t.skip('the program understands no questions');
  const field = page.getByLabel('Ask a question');
  const offered = await field.evaluate((field) => [...field.list.options].map(({ value }) => value));
  assert.ok(offered.length > 5);
  for (const question of offered) {
    const body = JSON.stringify({ site_id: 'demo.example', question });
    const answer = await (await fetch(`${world.origin}/api/v1/ask`, { method: 'POST', body })).json();
    assert.equal(answer.status, 'answered', `${question}: ${JSON.stringify(answer).slice(0, 300)}`);
  }
  await page.context().close();
});

test('a report that was asked for in words is put right', async (t) => {
  const page = await world.open(SITE, { viewport: { width: 1280, height: 900 } });
  await ready(page);
  const { features } = await page.evaluate(() => fetch('/api/v1/session').then((answer) => answer.json()));
  if (!features.includes('ask')) return t.skip('the program understands no questions');
  await page.keyboard.press('/');
  await page.keyboard.type('retention by week');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  // Retention of a whole history takes its time beside the demonstration's own events.
  const slow = { timeout: 60_000 };
  await dialog.getByRole('columnheader', { name: 'First week' }).waitFor(slow);
  await dialog.getByText('What was understood').click();
  const understood = dialog.getByLabel('The query');
  await understood.fill((await understood.inputValue()).replace('"week"', '"day"'));
  await dialog.getByRole('button', { name: 'Ask it like this' }).click();
  await dialog.getByRole('columnheader', { name: 'First day' }).waitFor(slow);
  await understood.fill('{');
  await dialog.getByRole('button', { name: 'Ask it like this' }).click();
  await dialog.getByRole('alert').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a question that compares says what was before, one of two meanings asks which', async (t) => {
  const page = await world.open(`${SITE}/live`, { viewport: { width: 1280, height: 900 } });
  await panel(page, 'Pages').locator('tbody tr').first().waitFor();
  const { features } = await page.evaluate(() => fetch('/api/v1/session').then((answer) => answer.json()));
  if (!features.includes('ask')) return t.skip('the program understands no questions');
  const dialog = page.getByRole('dialog');
  const asks = async (question) => {
    await page.getByLabel('Ask a question').fill(question);
    await page.keyboard.press('Enter');
  };
  await asks('visitors last 7 days compared with the previous period');
  await dialog.locator('.big').waitFor();
  await dialog.getByText('against').waitFor();
  await accessible(page);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  await asks('visitors on 3/4');
  await dialog.getByText('choose one').waitFor();
  await dialog.getByRole('list', { name: 'Suggestions' }).getByRole('button').first().click();
  await dialog.locator('.big').waitFor();
  await dialog.getByLabel('Go on from here').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
