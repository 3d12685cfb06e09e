// What is watched on a server of one's own, and what is live on it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { done, owned, PERSON, region } from './support/owner.js';
import { accessible, shot, visit } from './support/world.js';

const SITE = 'shop.example';
const STEADY = 'steady.example';

let world;
before(async () => {
  // The desk that alerts are sent to is on this machine.
  world = await owned(['alerts.allow_private=true', 'tracker.folder=seen']);
  await world.site(SITE, history());
  // What a model says of minutes takes some minutes: the last test looks at it.
  await world.site(STEADY, minutes());
  await world.call('/api/v1/alerts', {
    site_id: STEADY,
    name: 'Off its course',
    metric: 'pageviews',
    condition: { type: 'forecast_breach', direction: 'both' },
    window: '1m',
    channels: [],
  });
});
after(() => world?.stop());

/** A page of the owner, who says yes to what it asks; what it asked is remembered. */
async function owner(path) {
  const page = await world.page(path);
  page.questions = [];
  page.on('dialog', (dialog) => {
    page.questions.push(dialog.message());
    return dialog.accept();
  });
  return page;
}

/** Four hours of yesterday, with one that is busier than the others. */
function history() {
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const hours = [10, 10, 11, 12, 12, 12, 12, 12, 12, 13];
  return hours.flatMap((hour, group) =>
    Array.from({ length: 10 }, (_, index) => ({
      site: SITE,
      name: index === 0 ? 'signup' : 'pageview',
      id: `h-${group}-${index}`,
      ts: `${day}T${hour}:${String(group).padStart(2, '0')}:${String(index).padStart(2, '0')}Z`,
      url: `https://${SITE}/page-${index % 3}`,
      // Everybody comes twice.
      ip: `198.51.100.${group * 10 + (index % 5)}`,
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    })),
  );
}

/** Six hours of the same few pages each minute, until now. */
function minutes() {
  const now = Date.now();
  return Array.from({ length: 6 * 60 * 4 }, (_, index) => ({
    site: STEADY,
    name: 'pageview',
    id: `m-${index}`,
    ts: now - Math.floor(index / 4 + 1) * 60_000,
    url: `https://${STEADY}/page-${index % 2}`,
    ip: `198.51.100.${index % 4}`,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  }));
}

test('an alert is a sentence that is tried on history before it is kept', async () => {
  const page = await owner(`/sites/${SITE}/alerts`);
  const form = page.getByRole('form', { name: 'New alert' });
  await form.getByLabel('Metric').selectOption('pageviews');
  await form.getByLabel('Value').fill('30');
  await form.getByLabel('Window').selectOption('1h');
  await form.getByLabel('Name').fill('Busy');
  await form.getByRole('button', { name: 'Try it on the last week' }).click();
  await form.getByText('It would have fired once').waitFor();
  await accessible(page);
  await shot(page, 'alert-tried');
  // Another sentence would have done something else, and one with an empty gap is none.
  await form.getByLabel('Metric').selectOption('visits');
  await form.getByText('It would have fired').waitFor({ state: 'detached' });
  await form.getByLabel('Metric').selectOption('pageviews');
  await form.getByLabel('Value').fill('');
  await form.getByRole('button', { name: 'Try it on the last week' }).click();
  assert.ok(await form.getByLabel('Value').evaluate((field) => field === document.activeElement));
  assert.equal(await form.getByRole('alert').count(), 0);
  await form.getByLabel('Value').fill('30');
  // Every time is so: without a word the server waits for ten minutes.
  assert.equal(await form.getByLabel('How often').inputValue(), '10m');
  await form.getByLabel('How often').selectOption('every time');
  // A part is said as people call it.
  await form.getByText('Only a part, or each part on its own').click();
  await form.getByLabel('Only where').selectOption('visit:country');
  await form.getByRole('combobox', { name: 'is', exact: true }).fill('Germany');
  const tried = page.waitForRequest((asked) => asked.url().endsWith('/simulate'));
  await form.getByRole('button', { name: 'Try it on the last week' }).click();
  assert.deepEqual((await tried).postDataJSON().filters, [['is', 'visit:country', ['DE']]]);
  assert.equal((await tried).postDataJSON().cooldown, '0s');
  await form.getByLabel('Only where').selectOption('');
  await form.getByLabel('Value').fill('3000');
  await form.getByRole('button', { name: 'Try it on the last week' }).click();
  await form.getByText('It would not have fired').waitFor();
  await form.getByRole('button', { name: 'Keep it' }).click();
  const rules = page.getByRole('region', { name: 'Rules' });
  await rules.getByText('Pageviews is above 3000 within an hour, every time').waitFor();
  // One that is deleted is changed no longer.
  await rules.getByRole('button', { name: 'Change Busy' }).click();
  const change = page.getByRole('form', { name: 'Change Busy' });
  await change.waitFor();
  assert.ok(await change.getByLabel('Metric').evaluate((field) => field === document.activeElement));
  await rules.getByRole('button', { name: 'Delete Busy' }).click();
  await change.waitFor({ state: 'detached' });
  assert.match(page.questions.join(), /^Delete the rule “Busy”\?/);
  await rules.getByText('Nothing yet').waitFor();
  await done(page);
});

test("rules watch metrics of the site's own, and what people do on pages", async () => {
  const signups = { type: 'count', filters: [['is', 'event:name', ['signup']]] };
  const share = { type: 'ratio', numerator: signups, denominator: { type: 'count' } };
  await world.call('/api/v1/metrics', { site_id: SITE, name: 'signup_share', ...share });
  const seats = { type: 'percentile', property: 'seats', percentile: 90 };
  await world.call('/api/v1/metrics', { site_id: SITE, name: 'most_seats', ...seats });
  const page = await owner(`/sites/${SITE}/alerts`);
  const form = page.getByRole('form', { name: 'New alert' });
  const fired = form.getByText(/^It would have fired/);
  const trial = async () => {
    const asked = page.waitForRequest((one) => one.url().endsWith('/simulate'));
    await form.getByRole('button', { name: 'Try it on the last week' }).click();
    return (await asked).postDataJSON();
  };
  const names = (label) => form.getByLabel(label, { exact: true }).locator('option').allInnerTexts();

  // What would not add up is not offered.
  await form
    .getByLabel('Metric')
    .locator('option', { hasText: 'Signup share' })
    .waitFor({ state: 'attached' });
  assert.ok(!(await names('Metric')).includes('Most seats'));
  await form.getByLabel('Metric').selectOption('signup_share');
  await form.getByLabel('Value').fill('0.05');
  await form.getByLabel('Window').selectOption('1h');
  assert.equal((await trial()).metric, 'signup_share');
  await fired.waitFor();

  // A conversion is one to a goal, and people are of whole minutes, hours and days.
  await form.getByLabel('Metric').selectOption('conversion_rate');
  assert.deepEqual(await names('Window'), ['an hour', 'a minute', 'a day']);
  await form.getByLabel('Value').fill('15');
  await form.getByRole('button', { name: 'Try it on the last week' }).click();
  await form.getByRole('alert').getByText('Say which goal it is about').waitFor();
  await form.getByRole('combobox', { name: 'is', exact: true }).fill('signup');
  assert.deepEqual((await trial()).filters, [['is', 'event:goal', ['signup']]]);
  await fired.waitFor();
  await form.getByRole('cell', { name: '20%' }).first().waitFor();

  await form.getByLabel('Metric').selectOption('scroll_depth');
  await form.getByRole('combobox', { name: 'is', exact: true }).fill('/page-1');
  assert.deepEqual((await trial()).filters, [['is', 'event:page', ['/page-1']]]);
  await form.getByText('It would not have fired').waitFor();
  await form.getByLabel('One alert for').selectOption('page');
  await form.getByRole('combobox', { name: 'is', exact: true }).fill('');
  const { filters, group_by } = await trial();
  assert.deepEqual([filters, group_by], [undefined, 'page']);
  await form.getByText('It would not have fired').waitFor();

  // What a metric needed goes with it, and what is new counts something.
  await form.getByLabel('Condition').selectOption('is new');
  const fresh = await trial();
  assert.deepEqual([fresh.filters, fresh.metric, fresh.group_by], [undefined, 'events', 'source']);
  await fired.waitFor();
  await form.getByLabel('Condition').selectOption('above');
  await form.getByLabel('Value').fill('15');

  // A share is one of everybody: there is none of all.
  await form.getByLabel('Metric').selectOption('percentage');
  assert.ok(!(await names('One alert for')).includes('all'));
  await form.getByLabel('One alert for').selectOption('country');
  await form.getByLabel('Name').fill('Shares');
  await form.getByRole('button', { name: 'Keep it' }).click();
  const rules = region(page, 'Rules');
  await rules.getByText('Share of visitors is above 15% within an hour, for each country').waitFor();
  await accessible(page);
  await rules.getByRole('button', { name: 'Delete Shares' }).click();
  await rules.getByText('Nothing yet').waitFor();

  // Of which pages a rule is that was made elsewhere stays where the form cannot say it.
  await world.call('/api/v1/alerts', {
    site_id: SITE,
    name: 'Read',
    metric: 'scroll_depth',
    filters: [['contains', 'event:page', ['/page']]],
    condition: { type: 'below', value: 20 },
    window: '1h',
    channels: [],
  });
  await page.reload();
  await rules.getByRole('button', { name: 'Change Read' }).click();
  const change = page.getByRole('form', { name: 'Change Read' });
  await change.getByLabel('Value').fill('25');
  const kept = page.waitForRequest((one) => one.method() === 'PATCH');
  await change.getByRole('button', { name: 'Keep it' }).click();
  assert.equal((await kept).postDataJSON().filters, undefined);
  await rules.getByText('Scroll depth is below 25% within an hour, only page /page').waitFor();
  await rules.getByRole('button', { name: 'Delete Read' }).click();
  await rules.getByText('Nothing yet').waitFor();

  // What a rule asks by a query is a metric with filters; a series stays one.
  await world.call('/api/v1/series', { site_id: SITE, name: 'Joined', metric: 'events', event: 'signup' });
  const ofGoogle = [['is', 'visit:source', ['Google']]];
  for (const [name, query] of [
    ['Asked', { metrics: ['visits'], filters: ofGoogle }],
    ['Defined', { series: 'Joined' }],
  ])
    await world.call('/api/v1/alerts', {
      site_id: SITE,
      name,
      query,
      condition: { type: 'above', value: 50 },
      window: '1h',
      channels: [],
    });
  await page.reload();
  await rules.getByText('series Joined is above 50 within an hour').waitFor();
  const again = async (name) => {
    await rules.getByRole('button', { name: `Change ${name}` }).click();
    const form = page.getByRole('form', { name: `Change ${name}` });
    await form.getByLabel('Value').fill('60');
    await form.getByRole('button', { name: 'Try it on the last week' }).click();
    await form.getByText('It would not have fired').waitFor();
    const kept = page.waitForRequest((one) => one.method() === 'PATCH');
    await form.getByRole('button', { name: 'Keep it' }).click();
    return (await kept).postDataJSON();
  };
  const asked = await again('Asked');
  assert.deepEqual([asked.metric, asked.query, asked.filters], ['visits', null, ofGoogle]);
  await rules.getByText('Visits is above 60 within an hour, only source Google').waitFor();
  const defined = await again('Defined');
  assert.deepEqual([defined.metric, defined.query], [null, { series: 'Joined' }]);
  await rules.getByText('series Joined is above 60 within an hour').waitFor();
  for (const name of ['Asked', 'Defined'])
    await rules.getByRole('button', { name: `Delete ${name}` }).click();
  await rules.getByText('Nothing yet').waitFor();
  await done(page);
});

/** A server that keeps what is sent to it, and what it took of that: all of it, until it is told to answer otherwise. */
async function desk() {
  const told = [];
  const taken = [];
  let status = 200;
  const server = createServer((request, answer) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
      const message = JSON.parse(body);
      told.push(message);
      if (status < 300) taken.push(message);
      answer.writeHead(status).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    told,
    taken,
    answers: (next) => (status = next),
    url: `http://127.0.0.1:${server.address().port}/`,
    stop: () => server.close(),
  };
}

test('a channel is tried, a rule is changed and silenced, and the page says when it fires', async (t) => {
  const { told, url, stop } = await desk();
  t.after(stop);
  const page = await owner(`/sites/${SITE}/alerts`);
  const channels = page.getByRole('form', { name: 'Channels' });
  await channels.getByLabel('Name').fill('Desk');
  await channels.getByLabel('Address').fill(url);
  await channels.getByRole('button', { name: 'Add the channel' }).click();
  await channels.getByText('Messages are signed with this secret').waitFor();
  await channels.getByRole('button', { name: 'Copy' }).waitFor();
  assert.equal(await channels.getByLabel('Name').inputValue(), '');
  await channels.getByRole('button', { name: 'Test Desk' }).click();
  await channels.getByText('sent', { exact: true }).waitFor();
  assert.equal(told.length, 1);
  // Who changes a channel, or lets it be, is where it was begun.
  const opener = channels.getByRole('button', { name: 'Change Desk' });
  const changing = page.getByRole('dialog', { name: 'Change Desk' });
  for (const leave of [
    () => page.keyboard.press('Escape'),
    () => changing.getByRole('button', { name: 'Keep it' }).click(),
  ]) {
    await opener.click();
    await changing.getByLabel('Name').waitFor();
    await leave();
    await changing.waitFor({ state: 'detached' });
    assert.ok(await opener.evaluate((button) => button === document.activeElement));
  }

  const form = page.getByRole('form', { name: 'New alert' });
  await form.getByLabel('Metric').selectOption('pageviews');
  await form.getByLabel('Value').fill('500000');
  // The only channel is told, unless somebody says otherwise.
  await form.getByLabel('Desk').uncheck();
  await form.getByText('Nobody is told').waitFor();
  await form.getByLabel('Desk').check();
  await form.getByLabel('Name').fill('Crowd');
  await form.getByRole('button', { name: 'Keep it' }).click();
  const rules = region(page, 'Rules');
  await rules.getByText('Pageviews is above 500000 within 5 minutes').waitFor();
  await rules.getByText('tells Desk').waitFor();
  await rules.getByRole('button', { name: 'Silence Crowd for an hour' }).click();
  await rules.getByText('silent until').waitFor();
  await rules.getByRole('img', { name: 'Silenced' }).waitFor();
  await rules.getByRole('button', { name: 'Hear of Crowd again' }).click();
  await rules.getByText('silent until').waitFor({ state: 'detached' });

  // Somebody else is here now: below what it was, it fires, and the page hears of it.
  await rules.getByRole('button', { name: 'Change Crowd' }).click();
  const change = page.getByRole('form', { name: 'Change Crowd' });
  assert.equal(await change.getByLabel('Value').inputValue(), '500000');
  assert.ok(await change.getByLabel('Desk').isChecked());
  await change.getByLabel('Value').fill('8');
  await change.getByRole('button', { name: 'Keep it' }).click();
  await rules.getByText('Pageviews is above 8 within 5 minutes').waitFor();
  await form.waitFor();
  await Promise.all([visit(world.origin, SITE, 4, '/about'), visit(world.origin, SITE, 8)]);
  await rules.getByRole('img', { name: 'Firing' }).waitFor();
  const alert = region(page, 'History').getByRole('row', { name: 'Crowd' });
  await alert.getByText('firing').waitFor();
  for (const end = Date.now() + 10_000; told.length < 2 && Date.now() < end; )
    await new Promise((next) => setTimeout(next, 50));
  assert.equal(told.length, 2);
  // The secret is gone with the page that showed it.
  await page.reload();
  await rules.getByRole('img', { name: 'Firing' }).waitFor();
  assert.equal(await channels.locator('.secret').count(), 0);
  await accessible(page);
  await shot(page, 'alerts');

  // One alert: what was measured, where it comes from, and what there is to do about it.
  await alert.getByRole('button', { name: 'Crowd' }).click();
  await page.waitForURL(/ask=/);
  const dialog = page.getByRole('dialog', { name: 'Crowd' });
  await dialog.getByText('Pageviews is above 8 within 5 minutes').waitFor();
  const measured = Number(await dialog.locator('dd strong').innerText());
  assert.ok(measured > 8 && measured <= 12, String(measured));
  await dialog.getByText(`${measured} when it fired`).waitFor();
  const causes = region(page, 'Causes');
  await causes.getByRole('row', { name: 'Page: /x' }).waitFor();
  await causes.getByRole('row', { name: 'Page: /about' }).waitFor();
  await accessible(page);
  await shot(page, 'alert', { whole: false });
  // Its address shows it again, also to who comes from elsewhere.
  await page.reload();
  await causes.getByRole('row', { name: 'Page: /x' }).waitFor();
  const steps = dialog.getByRole('list', { name: 'What became of it' });
  await dialog.getByRole('button', { name: 'Acknowledge' }).click();
  await steps.getByText(`Acknowledged by ${PERSON.name}`).waitFor();
  await dialog.getByLabel('Silence the rule').selectOption('a day');
  await dialog.getByText('Silent until').waitFor();
  await dialog.getByRole('button', { name: 'Hear of this rule again' }).click();
  await dialog.getByRole('button', { name: 'Close it' }).click();
  await dialog.getByText('closed by hand').waitFor();
  await steps.getByText('Over').waitFor();
  assert.equal(await dialog.getByRole('button', { name: /Close it|Acknowledge/ }).count(), 0);
  await dialog.getByRole('link', { name: 'Look at the graph' }).click();
  await page.waitForURL(/metric=pageviews/);
  await page.waitForURL(/interval=time/);
  await page.locator('section[aria-label=Figures] canvas').waitFor();
  await page.goBack();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await alert.getByText('over').waitFor();
  await rules.getByRole('button', { name: 'Delete Crowd' }).click();
  await rules.getByText('Nothing yet').waitFor();
  await channels.getByRole('button', { name: 'Delete Desk' }).click();
  await channels.getByRole('button', { name: 'Test Desk' }).waitFor({ state: 'detached' });
  await done(page);
});

test('an address that is none is said to be so where it was typed', async () => {
  const page = await owner(`/sites/${SITE}/alerts`);
  const channels = page.getByRole('form', { name: 'Channels' });
  await channels.getByLabel('Name').fill('Nowhere');
  await channels.getByLabel('Address').fill('nonsense');
  await channels.getByRole('button', { name: 'Add the channel' }).click();
  await channels
    .getByRole('alert')
    .getByText(/^Address: this is not an address; one looks like/)
    .waitFor();
  await page.waitForFunction(() => document.activeElement.name === 'url');
  await page.context().close();
});

test('filters that the server does not know are said once, and taken away', async () => {
  const filters = [
    ['is', 'visit:planet', ['Mars']],
    ['is', 'event:page', ['/page-1']],
  ];
  const page = await owner(`/sites/${SITE}?filters=${encodeURIComponent(JSON.stringify(filters))}`);
  await page.getByText('The server knows no “visit:planet”').waitFor();
  assert.equal(await page.getByRole('alert').count(), 1);
  await accessible(page);
  await page.getByRole('button', { name: 'Remove the filter', exact: true }).click();
  await page.locator('.tile .value').first().waitFor();
  await page.getByRole('button', { name: 'Remove the filter page is /page-1' }).waitFor();

  // The list of what else to filter by is within the window of a phone, however many segments there are.
  for (const name of ['Those who came to read', 'Those who came to buy', 'Those who came to look'])
    await world.call('/api/v1/segments', { site_id: SITE, name, filters: filters.slice(1) });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await page.getByRole('button', { name: 'Those who came to look' }).waitFor();
  const box = await page.locator('.mantine-Popover-dropdown').boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 390, JSON.stringify(box));
  await page.context().close();
});

test('messages that were not taken are seen, and sent again when the receiver takes them', async (t) => {
  const receiver = await desk();
  t.after(receiver.stop);
  receiver.answers(410);
  await world.call('/api/v1/channels', { type: 'webhook', name: 'Pager', url: receiver.url });
  for (const [name, path] of [
    ['Docs are read', '/docs'],
    ['Prices are read', '/pricing'],
  ])
    await world.call('/api/v1/alerts', {
      site_id: SITE,
      name,
      condition: { type: 'event', event: 'pageview' },
      filters: [['is', 'event:page', [path]]],
      channels: ['Pager'],
    });
  const page = await owner(`/sites/${SITE}/alerts`);
  await page.getByRole('region', { name: 'History' }).waitFor();
  const failed = region(page, 'Not delivered');
  assert.equal(await failed.count(), 0);
  for (const path of ['/docs', '/pricing']) await visit(world.origin, SITE, 1, path);
  for (const end = Date.now() + 10_000; receiver.told.length < 2 && Date.now() < end; )
    await new Promise((next) => setTimeout(next, 50));
  // Nobody opens anything to hear of it.
  await page.reload();
  await failed.getByText('2 messages could not be delivered by Pager').waitFor();
  await accessible(page);
  // On other pages as well.
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.locator('section[aria-label=Figures] canvas').waitFor();
  await page.getByRole('link', { name: /^Alerts\s*2 not delivered$/ }).click();
  await failed.getByRole('button', { name: 'Look at them' }).click();
  const dialog = page.getByRole('dialog', { name: 'Not delivered by Pager' });
  const docs = dialog.getByRole('row', { name: 'Docs are read fired' });
  await docs.getByText('410 Gone').waitFor();
  await docs.getByText('once').waitFor();
  await accessible(page);
  await shot(page, 'undelivered', { whole: false });

  // Still refused, it is listed again; taken, it is gone.
  const before = receiver.told.length;
  await docs.getByRole('button', { name: /^Send again/ }).click();
  while (receiver.told.length === before) await new Promise((next) => setTimeout(next, 50));
  await docs.getByText('410 Gone').waitFor();
  receiver.answers(204);
  await docs.getByRole('button', { name: /^Send again/ }).click();
  await docs.waitFor({ state: 'detached' });
  const prices = dialog.getByRole('row', { name: 'Prices are read fired' });
  await prices.waitFor();
  await dialog.getByRole('button', { name: 'Send all of them again' }).click();
  await dialog.getByText('Nothing is left to be delivered').waitFor();
  await dialog.getByText('All of it was taken').waitFor();
  const fired = receiver.taken.filter(({ type }) => type === 'alert.firing');
  assert.deepEqual(
    fired.map(({ data }) => data.name),
    ['Docs are read', 'Prices are read'],
  );
  await page.keyboard.press('Escape');
  await failed.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Alerts', exact: true }).waitFor();

  // A channel gets another name and address; what is not said stays.
  const other = await desk();
  t.after(other.stop);
  const channels = page.getByRole('form', { name: 'Channels' });
  await channels.getByRole('button', { name: 'Change Pager' }).click();
  const change = page.getByRole('form', { name: 'Change Pager' });
  assert.equal(await change.getByLabel('Address').getAttribute('placeholder'), receiver.url);
  await change.getByLabel('Name').fill('Beeper');
  await change.getByRole('button', { name: 'Keep it' }).click();
  await channels.getByRole('button', { name: 'Test Beeper' }).click();
  await channels.getByText('sent', { exact: true }).waitFor();
  assert.equal(receiver.taken.at(-1).type, 'alert.test');
  await channels.getByRole('button', { name: 'Change Beeper' }).click();
  const again = page.getByRole('form', { name: 'Change Beeper' });
  await again.getByLabel('Address').fill(other.url);
  await again.getByRole('button', { name: 'Keep it' }).click();
  await again.waitFor({ state: 'detached' });
  await channels.getByRole('button', { name: 'Test Beeper' }).click();
  for (const end = Date.now() + 10_000; other.taken.length < 1 && Date.now() < end; )
    await new Promise((next) => setTimeout(next, 50));
  assert.equal(other.taken.length, 1);
  await done(page);
});

test('events are on the live page and in the tiles within a second', async () => {
  const page = await owner(`/sites/${SITE}/live`);
  const figure = async () => Number((await page.locator('#pageviews').innerText()).replaceAll(/\D/g, ''));
  const shown = (least) =>
    page.waitForFunction(
      (least) => Number(document.querySelector('#pageviews').textContent.replaceAll(/\D/g, '')) >= least,
      least,
      { polling: 20 },
    );
  await page.locator('#pageviews').waitFor();
  // The best of three: other tests may be at work on this machine.
  const waits = [];
  for (let round = 0; round < 3 && !waits.some((wait) => wait <= 1000); round++) {
    const old = await figure();
    const accepted = await visit(world.origin, SITE, 10);
    await shown(old + 10);
    waits.push(Math.round(performance.now() - accepted));
  }
  console.log(`live after ${waits.join(', ')} ms`);
  assert.ok(waits.at(-1) <= 1000, `${waits} ms`);

  // The tiles of today follow without a reload and without asking on their own.
  // Of no other time before: its figures stand there until those of today come.
  await page.goto(`${world.origin}/sites/${SITE}?period=day`);
  const tile = page.getByRole('button', { name: /^Pageviews/ }).locator('.value');
  await tile.waitFor();
  const old = Number(await tile.innerText());
  await visit(world.origin, SITE, 10);
  await page.waitForFunction(
    (least) =>
      [...document.querySelectorAll('.tile')].some(
        (one) =>
          one.textContent.startsWith('Pageviews') &&
          Number(one.querySelector('.value')?.textContent) >= least,
      ),
    old + 10,
  );
  await done(page);
});

test('a minute that late events change is marked while somebody looks', async () => {
  const page = await owner(`/sites/${SITE}/live`);
  const minutes = page.getByRole('region', { name: 'Last half hour' });
  await minutes.locator('canvas').waitFor();
  const late = new Date(Date.now() - 10 * 60_000).toISOString();
  await world.call(
    '/api/v1/events',
    Array.from({ length: 3 }, (_, index) => ({
      site: SITE,
      name: 'pageview',
      id: `late-${index}`,
      ts: late,
      url: `https://${SITE}/late`,
      ip: `198.51.100.${200 + index}`,
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    })),
  );
  await minutes.getByRole('status').getByText('was 0').waitFor();
  await shot(page, 'live-corrected');
  await done(page);
});

test('a site that nothing came from says what to do, and goes on by itself', async () => {
  const site = 'quiet.example';
  await world.call('/api/v1/sites', { domain: site, timezone: 'UTC', currency: 'EUR' });
  const page = await owner(`/sites/${site}`);
  await page.getByText(`Nothing has come from ${site} yet`).waitFor();
  assert.equal(await page.locator('.tile').count(), 0);
  await page.getByRole('link', { name: 'Put the snippet into its pages' }).waitFor();
  await accessible(page);
  await visit(world.origin, site, 3);
  await page.locator('.tile .value', { hasText: '3' }).first().waitFor();
  await region(page, 'Pages').locator('tbody tr').first().waitFor();
  await done(page);
});

test('the tracker is at the folder that was chosen, and the snippet names it', async () => {
  const page = await owner(`/sites/${SITE}/install`);
  await page.getByLabel('lists of trackers do not know').check();
  const snippet = await page.locator('.snippet code').innerText();
  assert.match(snippet, /data-api="http[^"]+\/seen\/e" src="http[^"]+\/seen\/s\.js"/);
  const [folder, usual, none] = await Promise.all(
    ['/seen/s.js', '/js/opentrace.js', '/w/s.js'].map((path) => fetch(world.origin + path)),
  );
  assert.deepEqual([folder.status, usual.status, none.status], [200, 200, 404]);
  assert.equal(await folder.text(), await usual.text());
  await done(page);
});

test('who is signed out while looking signs in once and goes on there', async () => {
  const page = await owner(`/sites/${SITE}?period=7d`);
  await page.locator('.tile .value').first().waitFor();
  await page.context().clearCookies();
  await page.keyboard.press('f');
  await page.getByText('You were signed out. Sign in to go on').waitFor();
  await page.getByLabel('E-mail address').fill(PERSON.email);
  await page.getByLabel('Password').fill(PERSON.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Time: Last 28 days' }).waitFor();
  await region(page, 'Sources').locator('tbody tr').first().waitFor();
  await page.context().close();
});

test('what is out of sight is brought up to date when it comes in sight', async () => {
  const page = await world.page(`/sites/${SITE}?period=day`, { viewport: { width: 1280, height: 500 } });
  const devices = region(page, 'Devices');
  await devices.locator('tbody tr, .nothing').first().waitFor();
  const views = page.getByRole('button', { name: /^Pageviews/ }).locator('.value');
  const old = Number((await views.innerText()).replaceAll(/\D/g, ''));
  const isOfDevices = (asked) => asked.postData()?.includes('visit:browser');
  let asked = 0;
  page.on('request', (one) => (asked += isOfDevices(one) ? 1 : 0));
  await visit(world.origin, SITE, 10);
  await page.waitForFunction(
    (least) =>
      [...document.querySelectorAll('.tile')].some(
        (one) =>
          one.textContent.startsWith('Pageviews') && Number(one.textContent.replaceAll(/\D/g, '')) >= least,
      ),
    old + 10,
  );
  assert.equal(asked, 0);
  const [question] = await Promise.all([page.waitForRequest(isOfDevices), devices.scrollIntoViewIfNeeded()]);
  assert.ok(question);
  await done(page);
});

test('an alert of a model says what was expected, in history and on trial', async () => {
  const page = await owner(`/sites/${STEADY}/alerts`);
  const alert = region(page, 'History').getByRole('button', { name: 'Off its course' });
  await alert.waitFor({ timeout: 180_000 });
  await alert.click();
  const dialog = page.getByRole('dialog', { name: 'Off its course' });
  await dialog.getByText('Pageviews leaves its forecast within a minute').waitFor();
  await dialog.getByText(/^between 4 and [4-6]$/).waitFor();
  assert.equal(await dialog.locator('dd strong').innerText(), '0');
  // From the second silent minute on there is nothing that it could come from.
  const causes = region(page, 'Causes').locator('tbody tr').first();
  await causes.or(dialog.getByText('No part of the traffic stands out')).waitFor();
  await accessible(page);
  await page.keyboard.press('Escape');

  const form = page.getByRole('form', { name: 'New alert' });
  await form.getByLabel('Metric').selectOption('pageviews');
  await form.getByLabel('Condition').selectOption('forecast_breach');
  await form.getByLabel('Window').selectOption('1m');
  await form.getByRole('button', { name: 'Try it on the last week' }).click();
  await form.getByText(/^It would have fired/).waitFor();
  await form.getByRole('columnheader', { name: 'Expected' }).waitFor();
  await form
    .getByRole('cell', { name: /^between \d+ and \d+$/ })
    .first()
    .waitFor();
  await done(page);
});
