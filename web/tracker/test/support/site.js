/**
 * The web as the tests see it: one server that is every host of `.example`. It serves the pages of a
 * site and the built tracker, and writes down what is posted to `/api/event`.
 */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from '../../scripts/bundle.js';

const PATIENCE_MS = 5000;

/** Sends on to the real one, after longer than a page takes to go away. */
export const SLOW_API = '/slow/event';
const SLOW_MS = 500;

export async function serve() {
  /** Events that were taken, in the order they came; `headers` are those of their request. */
  const events = [];
  /** Events that were refused. */
  const refused = [];
  /** Requests for anything but pages. */
  const requests = [];
  const pages = new Map();
  const state = { answer: 202 };

  async function respond(request, response) {
    const url = new URL(request.url, `http://${request.headers.host}`);
    response.setHeader('access-control-allow-origin', '*');
    if (url.pathname === SLOW_API) {
      await pause(SLOW_MS);
      return response.writeHead(307, { location: '/api/event' }).end();
    }
    if (request.method === 'POST') {
      let body = '';
      for await (const chunk of request) body += chunk;
      requests.push({ path: url.pathname, headers: request.headers });
      const taken = state.answer < 300;
      (taken ? events : refused).push({ ...JSON.parse(body), headers: request.headers });
      return response.writeHead(state.answer).end(taken ? 'ok' : '');
    }
    if (url.pathname.endsWith('.js')) {
      requests.push({ path: url.pathname, headers: request.headers });
      response.setHeader('content-type', 'text/javascript');
      const script = state.scripts?.[url.pathname] ?? (await built(url.pathname));
      return script ? response.end(script) : response.writeHead(404).end();
    }
    if (url.pathname.endsWith('.gif')) {
      requests.push({ path: request.url, headers: request.headers });
      response.setHeader('content-type', 'image/gif');
      return response.end(Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=', 'base64'));
    }
    const page = pages.get(url.pathname) ?? {};
    response.writeHead(page.status ?? 200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(html(page));
  }

  const html = ({ head, body = '' }) =>
    `<!doctype html><title>page</title>${head ?? snippet()}<body style="margin:0">${body}<main style="height:3000px"></main>`;

  const port = await listen(
    createServer((...pair) => void respond(...pair)),
    0,
  );
  let server = port.server;
  const origin = (host = 'site.example') => `http://${host}:${port.number}`;

  /** The tag a site puts into its pages. */
  const snippet = (attributes = '', before = '') =>
    `${before}<script defer data-site="site.example" ${attributes} src="${origin('collect.example')}/js/opentrace.js"></script>`;

  /** Waits until so many events of a name (or at all) are there, and returns them. */
  async function received(count, name) {
    const wanted = () => events.filter((event) => !name || event.n === name);
    for (const end = Date.now() + PATIENCE_MS; wanted().length < count && Date.now() < end; ) await pause(20);
    return wanted();
  }

  /** As if the machine of the collector were gone: connections are refused. */
  const down = () => stop(server);
  async function up() {
    ({ server } = await listen(
      createServer((...pair) => void respond(...pair)),
      port.number,
    ));
  }

  /** Sets a page: `{ head, body, status }`, all optional. */
  const page = (path, content) => {
    pages.set(path, content);
    return origin() + path;
  };

  const reset = () => {
    events.length = refused.length = requests.length = 0;
    pages.clear();
    state.answer = 202;
  };

  return {
    events,
    refused,
    requests,
    state,
    origin,
    snippet,
    page,
    received,
    reset,
    down,
    up,
    close: () => stop(server),
  };
}

const built = (path) => readFile(`${ROOT}/dist/${path.split('/').pop()}`).catch(() => undefined);

const listen = (server, port) =>
  new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ server, number: server.address().port }));
  });

const stop = (server) =>
  new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });

/** Long enough that what was going to be sent would have been. */
export const quiet = () => pause(400);
export { pause };
