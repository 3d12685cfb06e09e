// The live page: figures of one site, pushed by the server as they change.
//
// The stream is read with fetch and not with EventSource, because an EventSource can show no API
// key and does not say why it was refused.

const $ = (id) => document.getElementById(id);

const MOST_ROWS = 10;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
// The server sends something at least every 15 seconds; silence means that the connection is gone.
const SILENCE_MS = 45_000;
const KEY = 'opentrace-key';

// ---- Words and numbers of the reader's language ----

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: 'compact' });
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' });
const date = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });
const seconds = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const regions = new Intl.DisplayNames(undefined, { type: 'region' });

// The site's own clock, "2026-03-01 13:00:00", as a date whose UTC fields hold it.
function local(text) {
  const [year, month, day, hour = 0, minute = 0] = text.match(/\d+/g).map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour, minute));
}

function country(code) {
  if (!code) return 'Unknown';
  try {
    return regions.of(code) ?? code;
  } catch {
    return code; // not a code of ISO 3166
  }
}

// ---- Elements ----

const SVG = 'http://www.w3.org/2000/svg';

function shape(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function cell(name, text, scope) {
  const element = document.createElement(name);
  if (scope) element.scope = scope;
  element.textContent = text;
  return element;
}

// ---- The figures ----

let hours = [];

// `figures` is what GET /api/v1/live sends: its hours are those that have begun, so the last one is
// still in progress.
function show(figures) {
  hours = wholeDay(figures.hours);
  $('now').textContent = whole.format(figures.visitors_now);
  $('visitors').textContent = whole.format(figures.today.visitors);
  $('visits').textContent = whole.format(figures.today.visits);
  $('pageviews').textContent = whole.format(figures.today.pageviews);
  $('graph-title').textContent = hours.length ? date.format(local(hours[0].time)) : 'Today';
  $('stamp').textContent = `Figures of ${seconds.format(new Date(figures.at))}. Days and hours are those of the site's time zone, ${timezones.get(site)}.`;
  document.title = `${whole.format(figures.visitors_now)} now · ${site}`;
  drawGraph();
  fillTwin();
  fillRanked('pages', figures.pages, (name) => name || '(none)');
  fillRanked('sources', figures.sources, (name) => name || 'Direct / None');
  fillRanked('countries', figures.countries, country);
  $('figures').hidden = false;
  const quiet = figures.today.visitors === 0 && figures.visitors_now === 0;
  notice(quiet ? 'No visitors yet today. This page changes by itself when the first one comes.' : '');
}

// The hours with the rest of the day behind them, so that the graph does not stretch as the day goes.
function wholeDay(begun) {
  if (begun.length === 0) return [];
  const day = begun.map((hour, index) => ({ ...hour, open: index === begun.length - 1, future: false }));
  const { time } = begun.at(-1);
  for (let hour = Number(time.slice(11, 13)) + 1; hour < 24; hour++) {
    const label = `${time.slice(0, 11)}${String(hour).padStart(2, '0')}:00:00`;
    day.push({ time: label, visitors: 0, pageviews: 0, open: false, future: true });
  }
  return day;
}

function fillTwin() {
  const rows = hours.filter((hour) => !hour.future).map((hour) => {
    const row = document.createElement('tr');
    const label = clock.format(local(hour.time)) + (hour.open ? ' (in progress)' : '');
    row.append(cell('th', label, 'row'), cell('td', whole.format(hour.visitors)), cell('td', whole.format(hour.pageviews)));
    return row;
  });
  $('twin').replaceChildren(...rows);
}

// Rows are kept and changed in place, so that bars grow and a screen reader keeps its position.
function fillRanked(id, entries, label) {
  const body = $(id).tBodies[0];
  const most = Math.max(1, ...entries.map((entry) => entry.visitors));
  const rows = entries.slice(0, MOST_ROWS);
  if (rows.length === 0) {
    const row = document.createElement('tr');
    const empty = cell('td', 'Nothing yet');
    empty.className = 'empty';
    empty.colSpan = 2;
    row.append(empty);
    body.replaceChildren(row);
    return;
  }
  if (body.querySelector('.empty')) body.replaceChildren();
  while (body.rows.length > rows.length) body.lastElementChild.remove();
  rows.forEach((entry, index) => {
    const row = body.rows[index] ?? body.appendChild(rankedRow());
    const text = row.cells[0].firstElementChild;
    text.textContent = label(entry.name);
    text.title = text.textContent;
    row.cells[0].style.setProperty('--part', `${(100 * entry.visitors) / most}%`);
    row.cells[1].textContent = whole.format(entry.visitors);
  });
}

function rankedRow() {
  const row = document.createElement('tr');
  const head = cell('th', '', 'row');
  head.append(document.createElement('span'));
  row.append(head, cell('td', ''));
  return row;
}

// ---- The day's graph ----

const MARGIN = { top: 8, right: 4, bottom: 26, left: 44 };

// The hour under the pointer, outliving the redrawing of the graph.
let pointed = -1;

function drawGraph() {
  const canvas = $('graph');
  const { width, height } = canvas.getBoundingClientRect();
  if (hours.length === 0 || width < 80) {
    canvas.replaceChildren();
    return;
  }
  const ticks = niceTicks(Math.max(...hours.map((hour) => Math.max(hour.visitors, hour.pageviews))));
  const slot = (width - MARGIN.left - MARGIN.right) / hours.length;
  const frame = {
    width, height, slot,
    x: (index) => MARGIN.left + slot * (index + 0.5),
    y: (value) => height - MARGIN.bottom - (value / ticks.at(-1)) * (height - MARGIN.top - MARGIN.bottom),
  };
  const svg = shape('svg', { width, height, role: 'img', 'aria-label': summary() });
  svg.append(...axes(frame, ticks), ...columns(frame), ...trace(frame), shape('line', { class: 'guide', visibility: 'hidden' }));
  svg.addEventListener('pointermove', (event) => {
    pointed = Math.floor((event.clientX - svg.getBoundingClientRect().left - MARGIN.left) / slot);
    read(frame, svg);
  });
  svg.addEventListener('pointerleave', () => {
    pointed = -1;
    read(frame, svg);
  });
  canvas.replaceChildren(svg);
  read(frame, svg);
}

// Round steps, so that the top one is at or above `most`.
function niceTicks(most) {
  const raw = Math.max(most, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(1, [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw));
  const count = Math.max(1, Math.ceil(most / step));
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

function axes({ width, height, slot, x, y }, ticks) {
  const lines = ticks.flatMap((value) => [
    shape('line', { class: 'grid', x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value) }),
    shape('text', { x: MARGIN.left - 8, y: y(value) + 4, 'text-anchor': 'end' }, short.format(value)),
  ]);
  const every = [1, 2, 3, 4, 6, 12].find((step) => step * slot >= 62) ?? 12;
  const labels = hours.flatMap((hour, index) => (index % every ? [] : [
    shape('text', { x: x(index), y: height - 6, 'text-anchor': 'middle' }, clock.format(local(hour.time))),
  ]));
  return [...lines, ...labels];
}

function columns({ slot, x, y }) {
  const wide = Math.max(2, slot * 0.62);
  return hours.flatMap((hour, index) => {
    if (hour.pageviews === 0) return [];
    const left = x(index) - wide / 2;
    const top = y(hour.pageviews);
    const column = shape('rect', { class: hour.open ? 'column open' : 'column', x: left, y: top, width: wide, height: y(0) - top });
    return hour.open ? [column] : [column, shape('line', { class: 'column-edge', x1: left, x2: left + wide, y1: top, y2: top })];
  });
}

// The hour in progress is joined by a dotted line: it is still going to grow.
function trace({ x, y }) {
  const path = (from, to) => hours.slice(from, to)
    .map((hour, index) => `${index ? 'L' : 'M'}${x(from + index)} ${y(hour.visitors)}`).join('');
  const past = hours.findIndex((hour) => hour.open || hour.future);
  const closed = past < 0 ? hours.length : past;
  const parts = [shape('path', { class: 'trace', d: path(0, closed) })];
  if (closed === 1) parts.push(shape('circle', { class: 'knot', cx: x(0), cy: y(hours[0].visitors), r: 3 }));
  if (hours[closed]?.open) {
    if (closed > 0) parts.push(shape('path', { class: 'trace open', d: path(closed - 1, closed + 1) }));
    parts.push(shape('circle', { class: 'knot open', cx: x(closed), cy: y(hours[closed].visitors), r: 4 }));
  }
  return parts;
}

function summary() {
  return `Visitors and pageviews per hour today. ${busiest()} The table below has every hour.`;
}

function busiest() {
  const begun = hours.filter((hour) => !hour.future);
  const best = begun.reduce((a, b) => (b.visitors > a.visitors ? b : a));
  return best.visitors ? `Most visitors: ${whole.format(best.visitors)} at ${clock.format(local(best.time))}.` : '';
}

// Says what the hour under the pointer holds, and marks it.
function read({ height, x }, svg) {
  const guide = svg.querySelector('.guide');
  const hour = hours[pointed];
  if (!hour || hour.future) {
    guide.setAttribute('visibility', 'hidden');
    $('readout').textContent = busiest();
    return;
  }
  const place = { x1: x(pointed), x2: x(pointed), y1: MARGIN.top, y2: height - MARGIN.bottom, visibility: 'visible' };
  for (const [key, value] of Object.entries(place)) guide.setAttribute(key, value);
  const words = [clock.format(local(hour.time)), `${whole.format(hour.visitors)} visitors`, `${whole.format(hour.pageviews)} pageviews`];
  $('readout').textContent = words.join(' · ') + (hour.open ? ' so far' : '');
}

// ---- The connection ----

let site = '';
let timezones = new Map();
let connection = new AbortController();

function state(name, text) {
  if ($('state').dataset.state === name && $('state-text').textContent === text) return;
  $('state').dataset.state = name;
  $('state-text').textContent = text;
}

function notice(text) {
  $('notice').textContent = text;
  $('notice').hidden = !text;
}

async function get(path, signal) {
  const key = sessionStorage.getItem(KEY);
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  const response = await fetch(path, { headers, signal, cache: 'no-store' });
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  const wait = 1000 * Number(response.headers.get('retry-after') ?? 0);
  throw Object.assign(new Error(answer.error?.message ?? `HTTP ${response.status}`), { status: response.status, wait });
}

// Data of the events of a stream, as the specification of server-sent events reads them.
async function* messages(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let data = [];
  for (;;) {
    const { done, value } = await withinSilence(reader);
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
      if (line === '' && data.length) {
        yield data.join('\n');
        data = [];
      }
    }
  }
}

function withinSilence(reader) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('silence')), SILENCE_MS);
  });
  return Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const now = () => { clearTimeout(timer); resolve(); };
    signal.addEventListener('abort', now, { once: true });
    addEventListener('online', now, { once: true });
  });
}

// Runs `work` until it is aborted or refused for good, with growing pauses between its failures.
async function keepTrying(signal, work) {
  let failures = 0;
  while (!signal.aborted) {
    let wait = 0;
    try {
      await work(() => { failures = 0; });
    } catch (error) {
      if (signal.aborted) return;
      if ([401, 403].includes(error.status)) return askForKey(error);
      if (error.status === 404) return refused(error);
      wait = error.wait ?? 0;
    }
    if (signal.aborted) return;
    state('off', navigator.onLine ? 'Reconnecting…' : 'Offline');
    const grown = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
    await pause(Math.max(wait, grown * (0.5 + Math.random() / 2)), signal);
  }
}

function follow() {
  connection.abort();
  connection = new AbortController();
  const { signal } = connection;
  state('connecting', 'Connecting…');
  keepTrying(signal, async (worked) => {
    const response = await get(`api/v1/live?site_id=${encodeURIComponent(site)}`, signal);
    for await (const message of messages(response)) {
      if (signal.aborted) return;
      show(JSON.parse(message));
      state('live', 'Live');
      worked();
    }
  });
}

function refused(error) {
  state('off', 'Not connected');
  notice(error.message);
}

// ---- Key and site ----

function askForKey(error) {
  state('off', 'Key needed');
  $('figures').hidden = true;
  $('sign-in-error').textContent = sessionStorage.getItem(KEY) ? error.message : '';
  sessionStorage.removeItem(KEY);
  $('sign-in').hidden = false;
  $('key').focus();
}

$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $('key').value.trim());
  $('key').value = '';
  $('sign-in').hidden = true;
  start();
});

function choose(domains) {
  const asked = new URLSearchParams(location.search).get('site');
  site = domains.includes(asked) ? asked : domains[0];
  const several = domains.length > 1;
  $('site-picker').hidden = $('site-label').hidden = !several;
  $('site-name').className = several ? 'hidden' : '';
  $('site-name').textContent = site;
  $('site-picker').replaceChildren(...domains.map((domain) => new Option(domain, domain, false, domain === site)));
}

$('site-picker').addEventListener('change', (event) => {
  site = event.target.value;
  $('site-name').textContent = site;
  history.replaceState(null, '', `?site=${encodeURIComponent(site)}`);
  $('figures').hidden = true;
  follow();
});

function start() {
  connection.abort();
  connection = new AbortController();
  const { signal } = connection;
  state('connecting', 'Connecting…');
  keepTrying(signal, async () => {
    const { sites } = await (await get('api/v1/sites', signal)).json();
    if (sites.length === 0) {
      notice('There is no site yet. Create one with POST /api/v1/sites.');
      throw new Error('no site');
    }
    notice('');
    timezones = new Map(sites.map((entry) => [entry.domain, entry.timezone]));
    choose([...timezones.keys()].sort());
    follow(); // ends this attempt, too
  });
}

// A page nobody looks at holds no connection.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) connection.abort();
  else if (site) follow();
  else start();
});
new ResizeObserver(drawGraph).observe($('graph'));
start();
