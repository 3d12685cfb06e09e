// What the owner of a server puts together: dashboards, links, alerts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, shot, start, visit } from './support.js';

const SITE = 'shop.example';
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

let world;
let session;

const call = async (path, body, method = 'POST') => {
  const answer = await fetch(world.origin + path, {
    method,
    headers: {
      'content-type': 'application/json',
      cookie: session?.cookie,
      'x-csrf-token': session?.csrf ?? '',
    },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${text}`);
  return { answer, json: text && JSON.parse(text) };
};

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
      user_agent: AGENT,
    })),
  );
}

before(async () => {
  world = await start('serve');
  const code = world.log().match(/\/setup#(\S+)/)[1];
  const made = await call('/api/v1/setup', {
    code,
    email: 'ada@example.com',
    password: 'correct horse battery',
  });
  session = { cookie: made.answer.headers.get('set-cookie').split(';')[0], csrf: made.json.csrf };
  await call('/api/v1/sites', { domain: SITE, timezone: 'UTC' });
  await call('/api/v1/events?history=true', history());
});
after(() => world?.stop());

const owner = (path) => world.open(path, { viewport: { width: 1280, height: 900 }, cookie: session.cookie });

const tile = (page, name) => page.getByRole('region', { name, exact: true });

test('a dashboard is made of tiles that are dragged, resized and kept', async () => {
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByLabel('Name').fill('Week');
  await page.getByLabel('Begin with').selectOption('Overview');
  await accessible(page);
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.waitForURL('**/dashboards/*');
  await tile(page, 'Visitors by day').locator('canvas').waitFor();
  await tile(page, 'Countries').locator('canvas, .nothing').first().waitFor();

  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByRole('button', { name: 'Add a tile' }).click();
  const builder = page.getByRole('dialog');
  await builder.getByLabel('Title').fill('Sources');
  await builder.getByLabel('Shown as').selectOption('table');
  await builder.locator('select[name=dimension]').selectOption('visit:source');
  await builder.getByRole('button', { name: 'Take it' }).click();
  await tile(page, 'Sources').getByText('Direct / None').waitFor();

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

  // And with the keyboard: wider, then down again.
  const width = async () => (await tile(page, 'Sources').boundingBox()).width;
  const narrow = await width();
  kept = saved();
  await handle.focus();
  await page.keyboard.press('Shift+ArrowRight');
  await kept;
  assert.ok((await width()) > narrow);
  await accessible(page);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.reload();
  await tile(page, 'Sources').getByText('Direct / None').waitFor();
  assert.ok((await top('Sources')) < (await top('Visitors by day')), 'it was kept');

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
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a link shows the page to anybody, after its password, and nothing else', async () => {
  const page = await owner(`/sites/${SITE}/dashboards`);
  await page.getByRole('link', { name: 'Week' }).click();
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password').fill('open sesame');
  await dialog.getByRole('button', { name: 'Share', exact: true }).click();
  const address = await dialog.locator('.secret').innerText();

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
  const status = await other.evaluate(() => fetch('/api/v1/sites').then((answer) => answer.status));
  assert.equal(status, 401);
  await other.context().close();

  await dialog.getByRole('button', { name: 'Stop sharing' }).click();
  await dialog.getByRole('button', { name: 'Share', exact: true }).waitFor();
  const late = await world.open(address.slice(world.origin.length));
  await late.getByText('Nothing is shared here').waitFor();
  await late.context().close();
  await page.context().close();
});

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
  await shot(page, 'alerts');
  await form.getByLabel('Value').fill('3000');
  await form.getByRole('button', { name: 'Try it on the last week' }).click();
  await form.getByText('It would not have fired').waitFor();
  await form.getByRole('button', { name: 'Keep it' }).click();
  const rules = page.getByRole('region', { name: 'Rules' });
  await rules.getByText('Pageviews is above 3000 within an hour').waitFor();
  await rules.getByRole('button', { name: 'Delete Busy' }).click();
  await rules.getByText('Nothing yet').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
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
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.keyboard.press('d');
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
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

/** Skips where the program lacks a part of the API; its page is not shown then. */
async function lacks(t, part) {
  const { json } = await call('/api/v1/session', undefined, 'GET');
  if (!json.features.includes(part)) t.skip(`the program has no ${part}`);
  return !json.features.includes(part);
}

test('a funnel is built of steps and says who went how far', async (t) => {
  if (await lacks(t, 'funnel')) return;
  const page = await owner(`/sites/${SITE}`);
  await page.getByRole('link', { name: 'Funnels' }).click();
  const steps = page.getByRole('region', { name: 'Steps' });
  for (const [place, name] of ['signup', 'pageview'].entries()) {
    await steps.getByRole('button', { name: 'Add a step' }).click();
    await steps.getByLabel(`Step ${place + 1}`, { exact: true }).selectOption(name);
  }
  const rows = page.getByRole('region', { name: 'Funnel', exact: true }).locator('tbody tr');
  await rows.nth(1).waitFor();
  assert.deepEqual(await rows.locator('td:nth-of-type(1)').allInnerTexts(), ['10', '10']);
  assert.match(await rows.nth(1).innerText(), /100%\s+5s/);
  await accessible(page);
  await shot(page, 'funnel');
  await steps.getByText('Save it').click();
  await steps.getByLabel('Name').fill('Joins');
  await steps.getByRole('button', { name: 'Save', exact: true }).click();
  await steps.getByRole('button', { name: 'Joins', exact: true }).waitFor();
  assert.match(page.url(), /ask=/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('retention is a matrix and journeys are a flow with a table', async (t) => {
  if (await lacks(t, 'retention')) return;
  const page = await owner(`/sites/${SITE}/retention`);
  await page.getByLabel('Period').selectOption('day');
  const matrix = page.getByRole('region', { name: 'Cohorts' });
  await matrix.locator('tbody tr').first().waitFor();
  assert.match(await matrix.locator('tbody tr').first().innerText(), /50\s+100%/);
  await accessible(page);
  await shot(page, 'retention');
  await page.getByRole('link', { name: 'Journeys' }).click();
  await page.locator('section[aria-label=Journeys] canvas').waitFor();
  await page.getByText('The journeys as a table').click();
  await page.getByRole('region', { name: 'Figures of the journeys' }).locator('tbody tr').first().waitFor();
  await accessible(page);
  await shot(page, 'journeys');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
