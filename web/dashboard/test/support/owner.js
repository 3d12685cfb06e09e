// A server of somebody's own, with what a session of theirs may ask.
import assert from 'node:assert/strict';
import { batches } from './history.js';
import { start } from './world.js';

export const PERSON = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' };

/** `opentrace serve` with an owner, and sites with what happened on them. */
export async function owned(settings) {
  const world = await start('serve', settings);
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
  const code = world.log().match(/\/setup#(\S+)/)[1];
  const made = await call('/api/v1/setup', { code, ...PERSON });
  session = { cookie: made.answer.headers.get('set-cookie').split(';')[0], csrf: made.json.csrf };
  const { features } = made.json;

  /** A site and its history, asked until every event of it is in the figures. */
  async function site(domain, events, settings = {}) {
    await call('/api/v1/sites', { domain, timezone: 'UTC', currency: 'EUR', ...settings });
    for (const batch of batches(events)) await call('/api/v1/events?history=true', batch);
    const ask = { site_id: domain, metrics: ['events'], date_range: 'all' };
    for (;;) {
      const { json } = await call('/api/v2/query', ask);
      if (json.results[0]?.metrics[0] >= events.length) return;
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  return {
    ...world,
    call,
    site,
    /** Whether the program has this part of the API; its page is not shown otherwise. */
    has: (part) => features.includes(part),
    /** A page for the owner. */
    page: (path, options = {}) =>
      world.open(path, { viewport: { width: 1280, height: 900 }, cookie: session.cookie, ...options }),
  };
}

/** A part of a page by its name. */
export const region = (page, name) => page.getByRole('region', { name, exact: true });

/** Ends a page, which must not have complained. */
export async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}
