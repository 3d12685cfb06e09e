// A new server: from the line it prints to the figures of a site.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { accessible, shot, start } from './support/world.js';

const SITE = 'shop.example';
const EMAIL = 'ada@example.com';
const PASSWORD = 'correct horse battery';

let world;
before(async () => {
  world = await start('serve');
});
after(() => world?.stop());

/** A page of the site that has nothing but the snippet. */
function sitePage(snippet) {
  return new Promise((resolve) => {
    const server = createServer((_, answer) => {
      answer.setHeader('content-type', 'text/html');
      answer.end(`<!doctype html><title>Shop</title>${snippet}<h1>Shop</h1>`);
    }).listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}/`, server }));
  });
}

test('from the printed address to the first event, history and figures', async (t) => {
  const printed = world.log().match(/Open (\S+\/setup#\S+) to become its owner/)?.[1];
  assert.ok(printed, world.log());
  const [, code] = printed.split('#');
  const page = await world.open('/setup#ot_wrong', {
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Password').fill(PASSWORD);
  await shot(page, 'welcome');
  await accessible(page);
  await page.getByRole('button', { name: 'Become the owner' }).click();
  // A code that is refused is no dead end.
  await page.getByText('This is not the code of this server').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), 'code');
  await page.getByLabel('Code of the server').fill(code);
  await page.getByRole('button', { name: 'Become the owner' }).click();
  page.complaints.length = 0; // the browser's own word of the refusal

  await page.waitForURL('**/new');
  await page.getByLabel('Domain').fill(`https://www.${SITE}/`);
  await page.getByLabel('Time zone').selectOption('UTC');
  await accessible(page);
  await page.getByRole('button', { name: 'Add the site' }).click();

  await page.waitForURL(`**/sites/${SITE}/install`);
  await page.getByText('Waiting for the first event').waitFor();
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const snippet = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(
    snippet,
    /^<script defer data-site="shop\.example" src="http[^"]+\/js\/opentrace\.js"><\/script>$/,
  );
  await accessible(page);

  // The neutral path is what is put into the page: both have to work.
  await page.getByLabel('lists of trackers do not know').check();
  const neutral = await page.locator('.snippet code').innerText();
  assert.match(neutral, /data-api="http[^"]+\/w\/e" src="http[^"]+\/w\/s\.js"/);
  const shop = await sitePage(neutral);
  t.after(() => shop.server.close().closeAllConnections());
  // A headless browser says so, and would be taken for a bot.
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36';
  const visitor = await page.context().browser().newContext({ userAgent });
  const visited = await visitor.newPage();
  const taken = visited.waitForResponse((answer) => answer.url().endsWith('/w/e'));
  await visited.goto(shop.url);
  assert.equal((await taken).status(), 202);
  const accepted = performance.now();
  await page.getByText('Events arrive').waitFor({ timeout: 5000 });
  const seen = performance.now() - accepted;
  console.log(`first event seen after ${Math.round(seen)} ms`);
  assert.ok(seen < 1000, `${seen} ms`);
  await shot(page, 'install');
  await visitor.close();

  const day = new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10);
  const lines = Array.from({ length: 40 }, (_, index) =>
    JSON.stringify({
      id: `history-${index}`,
      name: 'pageview',
      ts: `${day}T10:00:${String(index).padStart(2, '0')}Z`,
      url: `https://${SITE}/page-${index % 4}`,
      ip: `198.51.100.${index}`,
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    }),
  );
  const file = { name: 'events.ndjson', mimeType: 'text/plain', buffer: Buffer.from(lines.join('\n')) };
  for (const [accepted, known] of [
    [40, 0],
    [0, 40],
  ]) {
    await page.getByLabel('File with events').setInputFiles(file);
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByText(`${accepted} events taken, ${known} known already`).waitFor();
    await page.getByRole('link', { name: 'See the figures of all time' }).waitFor();
  }
  for (const [name, text, says] of [
    ['events.ndjson', '', 'There is no event in this file.'],
    ['events.ndjson', '\n \n', 'There is no event in this file.'],
    ['events.gz', '\x1f\u008bno gzip', 'The file is no valid gzip'],
  ]) {
    const buffer = Buffer.from(text, 'latin1');
    await page.getByLabel('File with events').setInputFiles({ ...file, name, buffer });
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByRole('alert').getByText(says).waitFor();
  }
  page.complaints.length = 0; // the browser's own word of the refusal
  // What is no event of then would be one of now.
  const undated = lines[0].replace(/"ts":"[^"]+",/, '');
  const broken = [lines[0], '', undated, '{"name"', '[]'].join('\n');
  await page.getByLabel('File with events').setInputFiles({ ...file, buffer: Buffer.from(broken) });
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByText('0 events taken, 1 known already; left out were', { exact: true }).waitFor();
  await page.getByText('1 line: no time (“ts”) (first: line 3)', { exact: true }).waitFor();
  await page.getByText('2 lines: no JSON object (first: line 4)', { exact: true }).waitFor();
  // Logs of the server it was on before are taken as they are.
  const log = `203.0.113.9 - - [03/Mar/2025:10:00:00 +0000] "GET /old HTTP/1.1" 200 1 "-" "Mozilla/5.0 (X11) Firefox/140.0"
203.0.113.9 - - [03/Mar/2025:10:00:01 +0000] "GET /a.css HTTP/1.1" 200 1 "-" "Mozilla/5.0 (X11) Firefox/140.0"\n`;
  const oldLog = { name: 'access.log.gz', mimeType: 'application/gzip', buffer: gzipSync(log) };
  await page.getByLabel('File with events').setInputFiles(oldLog);
  assert.equal(await page.getByLabel('What the file holds').inputValue(), 'combined');
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByText('1 event taken, 0 known already; left out were', { exact: true }).waitFor();
  await page
    .getByText('1 line: images, styles, scripts, fonts, feeds and downloads (first: line 2)')
    .waitFor();
  await shot(page, 'history');

  await page.getByRole('link', { name: 'See the figures', exact: true }).click();
  await page.waitForURL(`**/sites/${SITE}`);
  await page.waitForFunction(() => document.querySelector('.tile .value')?.textContent === '41');
  await accessible(page);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a password lets in, nothing else does, and signing out ends it', async () => {
  const page = await world.open(`/sites/${SITE}`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await accessible(page);
  await shot(page, 'sign-in');
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Password').fill('wrong password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('the password is wrong').waitFor();
  await page.waitForFunction(() => document.activeElement.name === 'password');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('.tile .value').first().waitFor();
  assert.ok(page.url().endsWith(`/sites/${SITE}`), 'the address that was opened is shown');

  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByLabel('Password now').fill(PASSWORD);
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByRole('status').getByText('The password is changed').waitFor();
  assert.equal(await page.getByLabel('New password').inputValue(), '');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();

  // Who guesses too often is told when to come back.
  await page.route('**/api/v1/session', (route) =>
    route.fulfill({
      status: 429,
      headers: { 'retry-after': '840' },
      json: { error: { code: 'too_many_attempts', message: 'too many attempts to sign in' } },
    }),
  );
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Password').fill('wrong password');
  await page.keyboard.press('Enter');
  await page.getByText('Too many attempts to sign in. Try again in 14 minutes.', { exact: true }).waitFor();
  await page.context().close();
});

test('settings are changed and keys are made and revoked', async () => {
  const page = await world.open(`/sites/${SITE}/settings`);
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  const settings = page.getByRole('form', { name: `Settings of ${SITE}` });
  const current = () => page.evaluate((site) => fetch(`/api/v1/sites/${site}`).then((a) => a.json()), SITE);
  await settings.getByLabel('First day of the week').selectOption('sunday');
  await settings.getByRole('button', { name: 'Save' }).click();
  await settings.getByText('Saved').waitFor();
  await accessible(page);
  await page.reload();
  assert.equal(await settings.getByLabel('First day of the week').inputValue(), 'sunday');

  const keys = page.getByRole('form', { name: 'API keys' });
  await keys.getByLabel('Name').fill('backend');
  await keys.getByLabel('What it may do').selectOption('read');
  await keys.getByRole('button', { name: 'Make a key' }).click();
  const key = await keys.locator('.secret').innerText();
  await keys.getByRole('button', { name: 'Copy' }).waitFor();
  assert.equal(await keys.getByLabel('Name').inputValue(), '');
  const asked = () => fetch(`${world.origin}/api/v1/sites`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal((await asked()).status, 200);
  const asks = (answer) => page.once('dialog', (dialog) => dialog[answer]());
  asks('dismiss');
  await keys.getByRole('button', { name: 'Revoke backend' }).click();
  assert.equal((await asked()).status, 200);
  asks('accept');
  await keys.getByRole('button', { name: 'Revoke backend' }).click();
  await keys.getByText('No program has a key yet').waitFor();
  // What is of no use is not shown any more, and the focus is where that is said.
  await page.waitForFunction(() => document.activeElement.textContent === 'The key “backend” is revoked.');
  assert.equal(await keys.locator('.secret').count(), 0);
  assert.equal((await asked()).status, 401);

  // Fewer days are kept when that is meant, and what is older leaves the figures.
  const kept = settings.getByLabel('Days to keep');
  await kept.fill('4');
  await settings.getByRole('button', { name: 'Save' }).click();
  const meant = settings.getByLabel('Forget for good what happened before');
  assert.equal(await meant.evaluate((box) => box.validity.valueMissing), true);
  assert.equal((await current()).retention_days, 0);
  await meant.check();
  await settings.getByRole('button', { name: 'Save' }).click();
  await meant.waitFor({ state: 'detached' });
  assert.equal((await current()).retention_days, 4);

  // Another name leads on, and so does a bookmark of the former one.
  await settings.getByLabel('Domain').fill('https://www.renamed.example/');
  await settings.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL('**/sites/renamed.example/settings');
  await page.getByRole('form', { name: 'Settings of renamed.example' }).waitFor();
  await page.goto(`${world.origin}/sites/${SITE}?period=12mo`);
  await page.waitForURL('**/sites/renamed.example?period=12mo');
  // What was imported is of five days ago.
  await page.waitForFunction(() => document.querySelector('.tile .value')?.textContent === '1');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
