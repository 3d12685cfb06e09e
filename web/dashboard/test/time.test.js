// Which days are looked at, and what they are compared with.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, ready, shot, start } from './support/world.js';

const SITE = '/sites/demo.example';
let world;
before(async () => {
  world = await start('demo');
});
after(() => world?.stop());

/** A day of the demonstration's zone, some days ago. */
const dayAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const dialogOf = (page, name) => page.getByRole('dialog', { name, exact: true });
/** A day of the calendar, by what it says to those who do not see it. */
const dayIn = (dialog, day) =>
  dialog.getByRole('button', {
    name: new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' }).format(new Date(day)),
  });

/** Chooses a day, in the month before where the one that is shown has it not. */
async function take(dialog, day) {
  await dialog.getByRole('table').waitFor();
  if (!(await dayIn(dialog, day).count()))
    await dialog.getByRole('button', { name: 'A month earlier' }).click();
  await dayIn(dialog, day).click();
}

test('days are chosen in the calendar by keys alone', async () => {
  const page = await world.open(SITE);
  await ready(page);
  await page.keyboard.press('c');
  const dialog = dialogOf(page, 'Time');
  const focused = (day) => dayIn(dialog, day).and(page.locator(':focus')).waitFor();
  await focused(dayAgo(0));
  // Nothing is later than today, and nobody gets there.
  await page.keyboard.press('ArrowRight');
  await focused(dayAgo(0));
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  await focused(dayAgo(8));
  await page.keyboard.press('Enter');
  await dialog.getByText('choose the last day').waitFor();
  await page.keyboard.press('ArrowUp');
  await focused(dayAgo(15));
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.waitForURL(`**period=custom&from=${dayAgo(15)}&to=${dayAgo(8)}`);
  await page.getByRole('button', { name: 'Time: Chosen days' }).waitFor();

  // Escape lets the calendar go and nothing else; a letter is a time there, too.
  await page.getByRole('button', { name: 'Time: Chosen days' }).focus();
  await page.keyboard.press('Enter');
  await focused(dayAgo(8));
  const month = (name) => dialog.getByRole('table', { name: new RegExp(name) }).waitFor();
  await page.keyboard.press('Shift+PageUp');
  await month(Number(dayAgo(8).slice(0, 4)) - 1);
  await page.keyboard.press('Shift+PageDown');
  await month(dayAgo(8).slice(0, 4));
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.match(page.url(), /period=custom/);
  await page.getByRole('button', { name: 'Time: Chosen days' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  await focused(dayAgo(8));
  await page.keyboard.press('w');
  await page.waitForURL((url) => url.searchParams.get('period') === '7d' && !url.searchParams.has('from'));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

for (const [device, options] of [
  ['a desk', { viewport: { width: 1280, height: 900 } }],
  ['a phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
])
  test(`days and what they are compared with are chosen at ${device}`, async () => {
    const page = await world.open(SITE, options);
    await ready(page);
    await page.getByRole('button', { name: 'Time: Last 28 days' }).click();
    const dialog = dialogOf(page, 'Time');
    assert.equal(
      await dialog.getByRole('button', { name: 'Last 28 days' }).getAttribute('aria-pressed'),
      'true',
    );
    await dialog.getByRole('button', { name: 'A month earlier' }).click();
    const before = await dialog.getByRole('table').getAttribute('aria-label');
    assert.match(before, /^[A-Z][a-z]+ \d{4}$/);
    await accessible(page);
    await dialog.getByRole('button', { name: 'A month later' }).click();
    assert.ok(await dialog.getByRole('button', { name: 'A month later' }).isDisabled());
    // The later one may come first.
    await take(dialog, dayAgo(1));
    await take(dialog, dayAgo(3));
    await page.waitForURL(`**period=custom&from=${dayAgo(3)}&to=${dayAgo(1)}`);
    await page.getByRole('button', { name: 'The time before' }).click();
    await page.waitForURL(`**from=${dayAgo(6)}&to=${dayAgo(4)}`);

    await page.getByRole('button', { name: 'Comparison: No comparison' }).click();
    const compared = dialogOf(page, 'Comparison');
    await compared.getByRole('button', { name: 'With a year before, by weekday' }).click();
    await page.waitForURL('**compare=weekdays');
    await page.getByRole('button', { name: 'Comparison: With a year before, by weekday' }).click();
    await compared.getByRole('button', { name: 'No comparison' }).click();
    await page.waitForURL((url) => !url.searchParams.has('compare'));
    await page.getByRole('button', { name: 'Comparison: No comparison' }).click();
    // Days that are scrolled to do not go away with the button that led there.
    await compared.getByRole('table').waitFor();
    await page.evaluate(() => {
      scrollTo(0, 400);
      return new Promise((done) => setTimeout(done, 300));
    });
    assert.ok(await compared.isVisible());
    await take(compared, dayAgo(9));
    const { x, width } = await compared.boundingBox();
    assert.ok(x >= 0 && x + width <= options.viewport.width, 'the calendar is in the window');
    await shot(page, options.isMobile ? 'time-phone' : 'time', { whole: false });
    await take(compared, dayAgo(7));
    await page.waitForURL(`**compare=custom&cfrom=${dayAgo(9)}&cto=${dayAgo(7)}`);
    await page.locator('.tile .up, .tile .down, .tile .nochange').first().waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

test('a day that goes on is compared with the same part of another', async () => {
  const page = await world.open(SITE);
  await ready(page);
  const before = page.waitForResponse((answer) => {
    const { dimensions, date_range } = JSON.parse(answer.request().postData() ?? '{}');
    return !dimensions && String(date_range?.[0]).startsWith(`${dayAgo(1)}T00:00:00`);
  });
  await page.goto(`${world.origin}${SITE}?period=day&compare=previous`);
  const answer = await before;
  const [, until] = JSON.parse(answer.request().postData()).date_range;
  const late = (Date.now() - Date.parse(`${until}Z`)) / 60_000 - 24 * 60;
  assert.ok(late >= 0 && late < 10, `${until} is the time it is, a day ago`);
  const place = JSON.parse(answer.request().postData()).metrics.indexOf('pageviews');
  const was = (await answer.json()).results[0].metrics[place].toLocaleString('en-GB');
  await page
    .getByTitle(new RegExp(`against ${was}$`))
    .first()
    .waitFor();
  await page.getByText(new RegExp(`until ${until.slice(11, 16)}$`)).waitFor();

  // Days that are over are compared whole, and so are those that somebody chose.
  await page.goto(`${world.origin}${SITE}?period=yesterday&compare=previous`);
  await ready(page);
  assert.equal(await page.getByText(/until \d\d:\d\d$/).count(), 0);
  await page.goto(`${world.origin}${SITE}?period=day&compare=custom&cfrom=${dayAgo(9)}&cto=${dayAgo(9)}`);
  await page.getByText(/against/).waitFor();
  assert.equal(await page.getByText(/until \d\d:\d\d$/).count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('all of a young site goes by days', async () => {
  const page = await world.open(SITE);
  const byDays = page.waitForResponse((answer) => {
    const { dimensions, date_range } = JSON.parse(answer.request().postData() ?? '{}');
    return date_range === 'all' && dimensions?.[0] === 'time:day';
  });
  await page.goto(`${world.origin}${SITE}?period=all`);
  await byDays;
  await ready(page);
  assert.equal(await page.getByLabel('Step of the graph').inputValue(), 'time:day');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a week begins on the day that the site says', async () => {
  const page = await world.open(SITE);
  await page.route('**/api/v1/sites', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    for (const site of body.sites) site.week_start = 'saturday';
    await route.fulfill({ response: answer, json: body });
  });
  const first = async () => {
    await page.reload();
    await ready(page);
    await page.keyboard.press('c');
    return dialogOf(page, 'Time').getByRole('columnheader').first().innerText();
  };
  assert.equal(await first(), 'Sat');
  await page.unrouteAll();
  assert.equal(await first(), 'Mon');
  await page.context().close();
});
