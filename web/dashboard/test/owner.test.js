// What is watched on a server of one's own, and what is live on it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { done, owned } from './support/owner.js';
import { accessible, shot, visit } from './support/world.js';

const SITE = 'shop.example';

let world;
before(async () => {
  world = await owned();
  await world.site(SITE, history());
});
after(() => world?.stop());

const owner = (path) => world.page(path);

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
