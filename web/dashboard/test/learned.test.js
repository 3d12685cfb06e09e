// What the demonstration learns, once its past is there.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { batches, history } from './support/history.js';
import { browse, program } from './support/world.js';

const SITE = 'demo.example';
const TOKEN = 'nobody-else-knows-this-token-0123456789';
const DAYS = 60;

const asked = async (url, path, body) => {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const given = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(url + path, { headers, ...given });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
};

/** A past of as many days as the demonstration's own and a hundredth of its visits: it takes seconds, not minutes. */
async function past(held) {
  const server = await program('serve', { held, settings: [`admin_token=${TOKEN}`] });
  await asked(server.url, '/api/v1/sites', { domain: SITE, timezone: 'UTC', currency: 'USD' });
  const events = history(SITE, { days: DAYS, visits: 100 });
  for (const batch of batches(events)) await asked(server.url, '/api/v1/events?history=true', batch);
  await server.until('all visible', async () => {
    const ask = { site_id: SITE, metrics: ['events'], date_range: 'all' };
    return (await asked(server.url, '/api/v2/query', ask)).results[0]?.metrics[0] >= events.length;
  });
  await server.stop();
}

test('the demo trains its models and watches what is unusual when its sixty days are there', async (t) => {
  const held = mkdtempSync(join(tmpdir(), 'opentrace-learned-'));
  let world;
  t.after(async () => {
    await world?.stop();
    rmSync(held, { recursive: true, force: true });
  });
  await past(held);
  // As it writes it when the last day is sent, before anything learned from them.
  const now = Date.now();
  const sent = { origin: now, days: DAYS, until: now, furnished: false, learned: false };
  writeFileSync(join(held, 'demo.json'), JSON.stringify(sent));
  world = await browse(program('demo', { held }));
  const page = await world.open(`/sites/${SITE}/models`);
  for (const name of ['Sorts of visitors', 'What to read next', 'Visitors to come'])
    await page
      .getByRole('region', { name, exact: true })
      .getByText('version 1 is live')
      .waitFor({ timeout: 120_000 });
  await page.goto(`${world.origin}/sites/${SITE}/alerts`);
  await page.getByRole('region', { name: 'Rules' }).getByText('Unusual traffic').waitFor();
  assert.deepEqual(page.complaints, []);
});
