// Reports on weeks of a shop: funnels, retention, journeys, segments, people, erasure, and how it all looks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { history } from './support/history.js';
import { done, owned, region } from './support/owner.js';
import { accessible, shot, visit } from './support/world.js';

const SITE = 'shop.example';
const EVENTS = history(SITE);
const DAY_MS = 86_400_000;

let world;
before(async () => {
  world = await owned();
  await world.site(SITE, EVENTS, { identified: true });
});
after(() => world?.stop());

const number = (text) => Number(text.replaceAll(/[^\d.-]/g, ''));

test('a funnel is built of steps, divided and saved', async () => {
  const page = await world.page(`/sites/${SITE}`);
  await page.getByRole('link', { name: 'Funnels' }).click();
  const steps = region(page, 'Steps');
  for (const [place, name] of ['/cart', '/checkout', 'purchase'].entries()) {
    await steps.getByRole('button', { name: 'Add a step' }).click();
    await steps.getByLabel(`Step ${place + 1}`, { exact: true }).selectOption(name);
  }
  const rows = region(page, 'Funnel').locator('tbody tr');
  // What was answered while the step was chosen is not it yet.
  await rows.nth(2).getByText('purchase').waitFor();
  const counts = (await rows.locator('td:nth-of-type(1)').allInnerTexts()).map(number);
  assert.ok(counts[0] > counts[1] && counts[1] >= counts[2] && counts[2] > 0, String(counts));
  // Everybody at the checkout buys, a moment later.
  assert.match(await rows.nth(2).innerText(), /100%\s+(\d+m )?\d+s/);
  await region(page, 'Funnel').getByText('got to the end').waitFor();

  const groups = region(page, 'Groups');
  await groups.getByLabel('Divide by').selectOption('visit:source');
  await groups.getByRole('rowheader', { name: 'Google', exact: true }).waitFor();
  await groups.getByRole('columnheader', { name: 'Time to convert' }).waitFor();
  assert.match(page.url(), /by/);
  await accessible(page);
  await shot(page, 'funnel');
  await steps.getByText('Save it').click();
  await steps.getByLabel('Name').fill('Buys');
  await steps.getByRole('button', { name: 'Save', exact: true }).click();
  await steps.getByRole('button', { name: 'Buys', exact: true }).waitFor();
  await done(page);
});

test('a funnel of pages with long addresses stays within its page', async () => {
  const path = `/journal/${'a-rather-long-address-'.repeat(16)}end`;
  await visit(world.origin, SITE, 1, path);
  const ask = encodeURIComponent(JSON.stringify({ steps: [path, 'purchase'] }));
  const page = await world.page(`/sites/${SITE}/funnels?ask=${ask}`);
  const step = region(page, 'Steps').getByLabel('Step 1', { exact: true });
  await region(page, 'Funnel').getByRole('rowheader', { name: path }).waitFor();
  assert.equal(await step.inputValue(), path);
  assert.match(await step.locator('option:checked').innerText(), /^\/journal\/a.*….*-end$/);
  for (const width of [1280, 768, 390]) {
    await page.setViewportSize({ width, height: 900 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`);
  }
  await done(page);
});

test('retention is a matrix and journeys are a flow with a table', async () => {
  const page = await world.page(`/sites/${SITE}/retention?period=91d`);
  const matrix = region(page, 'Cohorts');
  await matrix.locator('tbody tr').nth(4).waitFor();
  const size = number(await matrix.locator('tbody tr td').first().innerText());
  assert.ok(size > 50, `${size}`);
  await accessible(page);
  await shot(page, 'retention');
  await page.getByRole('link', { name: 'Journeys' }).click();
  await page.locator('section[aria-label=Journeys] canvas').waitFor();
  await page.getByText('The journeys as a table').click();
  await region(page, 'Figures of the journeys').locator('tbody tr').first().waitFor();
  await accessible(page);
  await page.getByText('The journeys as a table').click();
  await shot(page, 'journeys');
  await done(page);
});

test('reports are of those whom the filters leave', async () => {
  const page = await world.page(`/sites/${SITE}/retention`);
  const people = region(page, 'Retention').locator('tbody td').first();
  const all = await people.innerText();
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  const form = page.getByRole('form', { name: 'New filter' });
  await form.getByLabel('What').selectOption('visit:source');
  await form.getByLabel('Value').fill('Google');
  await accessible(page);
  await form.getByRole('button', { name: 'Add the filter' }).click();
  const chip = page.getByRole('button', { name: 'Remove the filter source is Google' });
  await chip.waitFor();
  await page.waitForFunction(
    (old) => document.querySelector('section[aria-label=Retention] tbody td').textContent !== old,
    all,
  );
  assert.ok(Number(await people.innerText()) < Number(all));
  const filters = new URL(page.url()).searchParams.get('filters');
  assert.equal(filters, '[["is","visit:source",["Google"]]]');
  // Time and filters go along in the menu, there and back.
  await page.keyboard.press('n');
  await page.waitForURL(/period=91d/);
  for (const [name, path] of [
    ['Journeys', '/journeys'],
    ['Overview', ''],
  ]) {
    await page.getByRole('link', { name, exact: true }).click();
    await page.waitForURL(`**/sites/${SITE}${path}?**`);
    await chip.waitFor();
    const carried = new URL(page.url()).searchParams;
    assert.deepEqual([carried.get('period'), carried.get('filters')], ['91d', filters]);
  }
  await page.getByRole('link', { name: 'Segments' }).click();
  await page.getByText('The filter that is chosen does not count on this page.').waitFor();
  for (const [path, shown] of [
    ['journeys', region(page, 'Journeys').locator('canvas')],
    [
      `funnels?ask=${JSON.stringify({ steps: ['/cart', '/checkout'] })}`,
      region(page, 'Funnel').locator('tbody tr').first(),
    ],
  ]) {
    const given = path.includes('?') ? '&' : '?';
    await page.goto(`${world.origin}/sites/${SITE}/${path}${given}filters=${encodeURIComponent(filters)}`);
    await shown.waitFor();
    await chip.waitFor();
  }
  await chip.click();
  await chip.waitFor({ state: 'detached' });
  await done(page);
});

test('filters are saved as a segment and set beside everybody', async () => {
  const page = await world.page(`/sites/${SITE}`);
  await region(page, 'Sources').getByRole('button', { name: 'Google', exact: true }).click();
  await page.getByRole('button', { name: 'Save as a segment' }).click();
  await page.getByLabel('Name of the segment').fill('Searchers');
  await accessible(page);
  await page.getByRole('button', { name: 'Save it' }).click();
  await page.getByLabel('Name of the segment').waitFor({ state: 'detached' });
  const visitors = await page.locator('.tile .value').first().innerText();

  await page.getByRole('link', { name: 'Segments' }).click();
  const table = region(page, 'Comparison');
  await table.getByRole('rowheader', { name: 'Searchers' }).waitFor();
  const row = table.getByRole('row', { name: /Searchers/ });
  await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll('section[aria-label=Comparison] tr')].some(
        (one) => one.textContent.startsWith('Searchers') && one.children[1]?.textContent === wanted,
      ),
    visitors,
  );
  assert.equal(await row.locator('td').first().innerText(), visitors);
  await page.locator('section[aria-label="Comparison of segments"] canvas').waitFor();
  await accessible(page);
  await shot(page, 'segments');
  // What is opened is of the time that was compared over.
  await page.keyboard.press('w');
  await page.waitForURL(/period=7d/);
  await region(page, 'Segments').getByRole('link', { name: 'Open' }).click();
  await page.getByRole('button', { name: 'Remove the filter source is Google' }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('period'), '7d');
  await done(page);
});

test('details of a property are of events that have it', async () => {
  const page = await world.page(`/sites/${SITE}`);
  await region(page, 'Properties').getByRole('button', { name: 'Details of properties' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('rowheader', { name: 'free' }).waitFor();
  assert.equal(await dialog.locator('tbody tr').count(), 2);
  await dialog.getByRole('searchbox').fill('pro');
  await dialog.getByText('1 row', { exact: true }).waitFor();
  await done(page);
});

test('a mean over no visit is none, and not nought', async () => {
  // Nobody enters by the cart.
  const filters = JSON.stringify([['is', 'event:page', ['/cart']]]);
  const page = await world.page(`/sites/${SITE}?filters=${encodeURIComponent(filters)}`);
  const tile = (name) => page.getByRole('button', { name: new RegExp(`^${name}`) }).locator('.value');
  await tile('Unique visitors').waitFor();
  for (const name of ['Bounce rate', 'Visit duration']) assert.equal(await tile(name).innerText(), '–', name);
  await page.goto(`${world.origin}/sites/${SITE}?period=12mo&metric=bounce_rate`);
  await page.locator('section[aria-label=Figures] canvas').waitFor();
  assert.match(await tile('Bounce rate').innerText(), /^\d+%$/);
  await page.getByText('The graph as a table').click();
  const months = region(page, 'Figures of the graph').locator('tbody td:nth-of-type(1)');
  const texts = await months.allInnerTexts();
  assert.equal(texts.length, 12);
  assert.equal(texts[0], '–');
  assert.match(texts.join(' '), /\d+%/);
  await done(page);
});

test('a goal is defined, counted over the past as well, and told for each group', async () => {
  const page = await world.page(`/sites/${SITE}/settings`);
  const form = page.getByRole('form', { name: 'Goals' });
  await form.getByLabel('What is done').fill('/checkout');
  await form.getByLabel('What it is called').fill('Came to pay');
  await accessible(page);
  await form.getByRole('button', { name: 'Add the goal' }).click();
  await form.getByRole('rowheader', { name: 'Came to pay' }).waitFor();
  const goals = async () => (await world.call(`/api/v1/goals?site_id=${SITE}`, undefined, 'GET')).json.goals;
  while ((await goals())[0].status.state !== 'ready') await new Promise((done) => setTimeout(done, 100));

  await page.goto(`${world.origin}/sites/${SITE}`);
  await region(page, 'Goals').getByRole('button', { name: 'Came to pay' }).click();
  await page.getByRole('button', { name: 'Remove the filter goal is Came to pay' }).waitFor();
  const sources = region(page, 'Sources');
  await sources.getByRole('columnheader', { name: 'Rate' }).waitFor();
  const rates = (await sources.locator('tbody td:nth-of-type(2)').allInnerTexts()).map(number);
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
  await shot(page, 'goal');
  assert.ok(
    rates.every((rate) => rate > 0 && rate < 60),
    String(rates),
  );

  await page.getByRole('link', { name: 'Settings' }).click();
  page.once('dialog', (dialog) => dialog.accept());
  await form.getByRole('button', { name: 'Remove Came to pay' }).click();
  await form.getByRole('rowheader', { name: 'Came to pay' }).waitFor({ state: 'detached' });
  assert.deepEqual(await goals(), []);
  await done(page);
});

test('a question is asked from the list of sites as well, and each page has its own title', async () => {
  const page = await world.page('/');
  await page.getByRole('link', { name: SITE }).waitFor();
  assert.equal(await page.title(), 'Sites · OpenTrace');
  // The small line of a site has its figures as a table.
  await page.getByText('The hours of shop.example as a table').click();
  const hours = region(page, 'Hours of shop.example').locator('tbody tr');
  await hours.nth(23).waitFor();
  await accessible(page);
  await page.keyboard.press('1');
  await page.waitForURL(`**/sites/${SITE}`);
  await page.keyboard.press('0');
  await page.getByRole('heading', { name: 'Sites' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('visitors last 30 days');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.locator('.big').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  // The field has the focus again, until it is let go.
  await page.waitForFunction(() => document.activeElement.type === 'search');
  await page.keyboard.press('Escape');
  await page.keyboard.press('1');
  await page.getByRole('link', { name: 'Alerts' }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('heading', { name: `Settings of ${SITE}` }).waitFor();
  assert.equal(await page.title(), `Settings · ${SITE}`);
  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByRole('heading', { name: 'Ada' }).waitFor();
  assert.equal(await page.title(), 'Account · OpenTrace');
  await done(page);
});

test('a country that is chosen shows its regions, and a region filters', async () => {
  const page = await world.page(
    `/sites/${SITE}?filters=${encodeURIComponent('[["is","visit:country",["US"]]]')}`,
  );
  const places = region(page, 'Places');
  await places.getByRole('img', { name: 'Visitors by region' }).locator('canvas').waitFor();
  await shot(page, 'regions');
  await places.getByRole('button', { name: 'Details of places' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('rowheader', { name: 'Texas' }).waitFor();
  await dialog.getByRole('searchbox').fill('cali');
  await dialog.getByRole('rowheader', { name: 'Texas' }).waitFor({ state: 'detached' });
  await dialog.getByRole('rowheader', { name: 'California' }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await places.getByRole('button', { name: 'California' }).click();
  await page.getByRole('button', { name: 'Remove the filter region is California' }).waitFor();
  await done(page);
});

test('people are known, what one of them did is told, and whoever is forgotten is gone', async () => {
  const page = await world.page(`/sites/${SITE}`);
  await page.locator('section[aria-label=Figures] canvas').waitFor();
  await page.getByRole('link', { name: 'People' }).click();
  const list = region(page, 'Known people');
  await list.locator('tbody tr').first().waitFor();
  const [first] = (await list.locator('tbody th').allInnerTexts()).map((text) => text.trim());
  const theirs = EVENTS.filter(({ user_id }) => user_id === first).length;
  await page.getByLabel('Find somebody').fill(first);
  await page.waitForFunction(
    () => document.querySelectorAll('section[aria-label="Known people"] tbody tr').length < 20,
  );
  await page.reload();
  assert.equal(await page.getByLabel('Find somebody').inputValue(), first);
  await list.getByRole('button', { name: first, exact: true }).click();
  const deeds = region(page, `Events of ${first}`);
  await deeds
    .locator('li')
    .nth(theirs - 1)
    .waitFor();
  assert.equal(await deeds.locator('li').count(), theirs);
  await accessible(page);
  await shot(page, 'people');

  await deeds.getByRole('link', { name: 'Forget' }).click();
  assert.equal(await page.getByRole('textbox', { name: 'Id' }).inputValue(), first);
  page.once('dialog', (dialog) => dialog.accept());
  await page.getByRole('button', { name: 'Erase for ever' }).click();
  await page.getByRole('status').getByText('It is under way').waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Id' }).inputValue(), '');
  assert.ok(!page.url().includes(first), page.url());
  const receipts = region(page, 'Receipts');
  await receipts.getByText('done', { exact: true }).waitFor({ timeout: 60_000 });
  await receipts.getByRole('cell', { name: String(theirs), exact: true }).waitFor();
  await accessible(page);
  await shot(page, 'erasure');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    receipts.getByRole('button', { name: /Save the receipt/ }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^receipt-/);
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByLabel('Find somebody').fill(first);
  await page.getByText('Nobody has this id').waitFor();
  // Figures that somebody saw are others now, and say so.
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('list', { name: 'Marks on the graph' }).getByText('corrected').first().waitFor();
  await done(page);
});

test('a past day that late events change is marked until the next visit', async () => {
  const page = await world.page(`/sites/${SITE}`);
  await page.locator('section[aria-label=Figures] canvas').waitFor();
  const marks = page.getByRole('list', { name: 'Marks on the graph' });
  await marks.getByText('corrected').waitFor({ state: 'detached' });
  const day = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
  const late = Array.from({ length: 30 }, (_, index) => ({
    site: SITE,
    name: 'pageview',
    id: `late-${index}`,
    ts: `${day}T12:00:00Z`,
    url: `https://${SITE}/`,
    ip: `198.51.100.${index}`,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  }));
  await world.call('/api/v1/events?history=true', late);
  // Without a reload: that something changed is pushed.
  await marks.getByText('corrected').waitFor();
  await page.getByText('The graph as a table').click();
  await region(page, 'Figures of the graph').getByText('corrected since you last looked').waitFor();
  await page.getByText('The graph as a table').click();
  await shot(page, 'corrected');
  await page.reload();
  await marks.getByText('corrected').waitFor();
  const next = await page.context().newPage();
  await next.goto(page.url());
  await next.locator('section[aria-label=Figures] canvas').waitFor();
  assert.equal(await next.getByText(/: corrected/).count(), 0);
  await done(page);
});

test('a model is trained while somebody looks, and says which sorts of visitors there are', async (t) => {
  if (!world.has('models') || !world.has('clusters')) return t.skip('the program learns nothing');
  const page = await world.page(`/sites/${SITE}/models`);
  const form = page.getByRole('form', { name: 'Train a model' });
  await form.getByLabel('What it learns').selectOption('segments');
  await form.getByLabel('Name').fill('Sorts');
  await accessible(page);
  await form.getByRole('button', { name: 'Train it' }).click();
  const card = region(page, 'Sorts');
  await card.getByText('version 1 is live').waitFor({ timeout: 60_000 });
  await card.getByRole('button', { name: 'Version history (1)' }).click();
  await region(page, 'Versions of Sorts').getByRole('rowheader', { name: '1' }).waitFor();
  await card.getByRole('button', { name: 'Train anew' }).click();
  await card.getByRole('button', { name: 'Version history (2)' }).waitFor({ timeout: 60_000 });
  await accessible(page);
  await shot(page, 'models');

  // Another version is put to use; one that is not better after a second thought.
  page.on('dialog', (asked) => asked.accept());
  const live = card.getByText(/version \d is live/);
  const other = 3 - number(await live.innerText());
  await card.getByRole('button', { name: `Use version ${other}` }).click();
  await card.getByText(`version ${other} is live`).waitFor();
  const row = region(page, 'Versions of Sorts').locator('tbody tr', { has: page.getByText('live') });
  assert.equal(await row.getByRole('rowheader').innerText(), String(other));
  await card.getByRole('button', { name: `Use version ${3 - other}` }).click();
  await card.getByText(`version ${3 - other} is live`).waitFor();
  page.complaints = page.complaints.filter((one) => !one.includes('409'));
  await page.getByRole('link', { name: 'Segments' }).click();
  await region(page, 'Comparison of sorts').locator('tbody tr').first().waitFor();
  await accessible(page);
  await shot(page, 'clusters');
  await done(page);
});

test('a training that fails says why', async (t) => {
  if (!world.has('models')) return t.skip('the program learns nothing');
  const page = await world.page(`/sites/${SITE}/models`);
  const form = page.getByRole('form', { name: 'Train a model' });
  await form.getByLabel('What it learns').selectOption('forecast');
  await form.getByLabel('Name').fill('Course');
  await form.getByRole('button', { name: 'Train it' }).click();
  // Eight weeks are too few for it.
  await region(page, 'Course')
    .getByText(/failed: .*at least/)
    .waitFor({ timeout: 60_000 });
  await done(page);
});

test('what there is too little of is said, and nothing is asked in vain', async (t) => {
  if (!world.has('anomalies') || !world.has('forecast')) return t.skip('the program foresees nothing');
  const page = await world.page(`/sites/${SITE}`);
  await page.getByRole('list', { name: 'Marks on the graph' }).getByText('expected').waitFor();
  // Of months there are too few for a forecast, of days there were enough.
  await page.keyboard.press('y');
  const rows = region(page, 'Figures of the graph').locator('tbody tr');
  await rows.nth(12).waitFor({ state: 'detached' });
  await done(page);

  const other = await world.page(`/sites/${SITE}/forecasts?ask=${JSON.stringify({ granularity: 'month' })}`);
  await other.getByText('Too little to go by').waitFor();
  await other.goto(`${world.origin}/sites/${SITE}/anomalies?period=custom&from=2020-01-01&to=2020-01-31`);
  await other.getByText('Nothing to judge in this time').waitFor();
  await other.context().close();
});

test('what changed is said with its evidence', async (t) => {
  if (!world.has('insights')) return t.skip('the program has no insights');
  const page = await world.page(`/sites/${SITE}/insights?period=7d`);
  await region(page, 'Insights').locator('li').first().waitFor();
  await accessible(page);
  await shot(page, 'insights');
  // What is looked at is of the days that were counted, and these are said: whole ones.
  const [from, to] = [7, 1].map((days) =>
    new Date(Date.now() - (days - 1) * DAY_MS).toISOString().slice(0, 10),
  );
  const until = new Date(Date.parse(to) - DAY_MS).toISOString().slice(0, 10);
  await region(page, 'Insights').getByText('The day that is not over is left out').waitFor();
  await region(page, 'Insights').getByRole('link', { name: 'Look' }).first().click();
  await page.waitForURL(`**period=custom&from=${from}&to=${until}&compare=custom&**`);
  await page.getByRole('group', { name: 'Filters' }).waitFor();
  await done(page);
});

test('the busy day is found on the graph, and why it was', async (t) => {
  if (!world.has('anomalies') || !world.has('forecast')) return t.skip('the program foresees nothing');
  const page = await world.page(`/sites/${SITE}`);
  const marks = page.getByRole('list', { name: 'Marks on the graph' });
  await marks.getByText('Hacker News').waitFor();
  await marks.getByText('expected').waitFor();
  await shot(page, 'foresight');
  await page.getByRole('link', { name: 'Anomalies' }).click();
  await region(page, 'Found').getByText('Hacker News').first().waitFor();
  await accessible(page);
  await shot(page, 'anomalies');
  const asked = page.waitForRequest('**/api/v1/forecast');
  await page.getByRole('link', { name: 'Forecasts' }).click();
  // It is learned from all of the past, whatever time is chosen.
  assert.equal((await asked).postDataJSON().date_range, undefined);
  await region(page, 'Forecast').locator('canvas').waitFor();
  await page.getByLabel('Divide by').selectOption('visit:source');
  await region(page, 'Groups').getByRole('rowheader', { name: 'Google', exact: true }).waitFor();
  await accessible(page);
  await shot(page, 'forecasts');
  await done(page);
});

test('every page fits on a phone and can be read in the dark', async () => {
  const page = await world.page('/', {
    viewport: { width: 390, height: 844 },
    isMobile: true,
    colorScheme: 'dark',
  });
  const steps = JSON.stringify({ steps: ['/cart', '/checkout', 'purchase'], by: 'visit:source' });
  const ofSite = [
    '',
    '/live',
    '/alerts',
    '/dashboards',
    '/dashboards/ready/Overview',
    `/funnels?ask=${encodeURIComponent(steps)}`,
    '/journeys',
    '/retention?period=91d',
    '/segments',
    '/people',
    '/insights?period=7d',
    '/anomalies',
    '/forecasts',
    '/models',
    '/settings',
    '/install',
    '/erasure',
  ].map((path) => `/sites/${SITE}${path}`);
  for (const path of ['/', '/new', '/account', '/appearance', ...ofSite]) {
    await page.goto(world.origin + path);
    await page.locator('main :is(h1, .tile .value)').first().waitFor();
    // What is in view is there; what is below is asked for when it comes into view.
    await page.waitForFunction(() =>
      [...document.querySelectorAll('[aria-label=Loading]')].every(
        (one) => one.getBoundingClientRect().top >= innerHeight,
      ),
    );
    await accessible(page);
    const [wide, high] = await page.evaluate(() => [
      document.documentElement.scrollWidth - innerWidth,
      document.documentElement.scrollHeight,
    ]);
    assert.ok(wide <= 0, `${path} is ${wide} pixels too wide`);
    assert.ok(high > 300, path);
  }
  await done(page);
});

test('an organisation’s name, colour and logo are on every page, and its colour can be read', async () => {
  const page = await world.page('/appearance');
  await page.getByLabel('Name').fill('Green Thumb');
  await page.getByLabel('Colour', { exact: true }).fill('#8ce0a8');
  await page.getByText('too light to be read').waitFor();
  const logo =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="11" fill="#0d8f6f"/><path d="M12 19V9m0 4c-4 0-5-3-5-5 3 0 5 1 5 5m0-2c0-3 2-5 6-5 0 4-2 6-6 6" fill="none" stroke="#fff" stroke-width="1.8"/></svg>';
  await page
    .getByLabel('Logo')
    .setInputFiles({ name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(logo) });
  await page.getByRole('img', { name: 'The logo' }).waitFor();
  await accessible(page);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved').waitFor();
  await shot(page, 'appearance');
  for (const [name, mimeType, size, says] of [
    ['notes.txt', 'text/plain', 9, 'The logo is a picture'],
    ['large.png', 'image/png', 300 * 1024, 'This picture has 300 kB. A logo has 200 at most.'],
    ['broken.png', 'image/png', 9, 'This file holds no picture that can be shown.'],
  ]) {
    await page.getByLabel('Logo').setInputFiles({ name, mimeType, buffer: Buffer.alloc(size) });
    await page.getByRole('alert').getByText(says).waitFor();
    assert.equal(await page.getByText('Saved').count(), 0);
  }
  await page.goto(`${world.origin}/sites/${SITE}`);
  await page.getByRole('link', { name: 'Green Thumb' }).waitFor();
  await page.locator('section[aria-label=Figures] canvas').waitFor();
  await region(page, 'Places').locator('tbody tr').first().waitFor();
  await accessible(page);
  await shot(page, 'site-themed');
  const stranger = await world.open('/');
  await stranger.getByRole('heading', { name: 'Sign in' }).waitFor();
  await stranger.getByRole('link', { name: 'Green Thumb' }).waitFor();
  await stranger.locator('.brand img').waitFor();
  await accessible(stranger);
  await done(stranger);
  await done(page);
});
