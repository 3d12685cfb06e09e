// The history of an invented shop, the same for the same seed: what the tests look at has weeks of it.

const DAY_MS = 86_400_000;

/** Random numbers that are the same on every run (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SOURCES = [
  ['', 38],
  ['https://www.google.com/', 26],
  ['https://news.ycombinator.com/', 8],
  ['https://github.com/', 7],
  ['https://duckduckgo.com/', 5],
  ['https://www.reddit.com/', 4],
];
const PLACES = [
  [['US', 'US-CA'], 18],
  [['US', 'US-NY'], 11],
  [['US', 'US-TX'], 9],
  [['US', 'US-WA'], 5],
  [['DE', 'DE-BE'], 17],
  [['GB', 'GB-ENG'], 10],
  [['FR', 'FR-IDF'], 9],
  [['IN', 'IN-KA'], 8],
  [['BR', 'BR-SP'], 6],
  [['CA', 'CA-ON'], 6],
  [['AU', 'AU-NSW'], 4],
];
const AGENTS = [
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
    34,
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    24,
  ],
  [
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36',
    20,
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0', 14],
];
const NEXT = {
  '/': [
    ['/plants', 40],
    ['/tools', 24],
    ['/blog/spring', 16],
    ['', 30],
  ],
  '/plants': [
    ['/plants/fern', 36],
    ['/plants/olive', 30],
    ['/', 8],
    ['', 34],
  ],
  '/tools': [
    ['/cart', 24],
    ['/plants', 22],
    ['', 44],
  ],
  '/blog/spring': [
    ['/plants', 34],
    ['', 60],
  ],
  '/plants/fern': [
    ['/cart', 34],
    ['/plants/olive', 20],
    ['', 40],
  ],
  '/plants/olive': [
    ['/cart', 30],
    ['/plants/fern', 18],
    ['', 46],
  ],
  '/cart': [
    ['/checkout', 52],
    ['/plants', 14],
    ['', 32],
  ],
  '/checkout': [['', 1]],
};
/** How much of a week's traffic each day has, from Sunday. */
const WEEK = [1.2, 0.9, 0.86, 0.9, 0.94, 1.0, 1.26];

function pick(weighted, next) {
  let left = next() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [value, weight] of weighted) {
    left -= weight;
    if (left < 0) return value;
  }
  return weighted[0][0];
}

/**
 * Events of the `days` before today, some `visits` a day. One day, a week ago, is three times as busy:
 * something to find. Who comes to the end of a visit is known by an id.
 */
export function history(site, { days = 56, visits = 60, seed = 7 } = {}) {
  const next = random(seed);
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const events = [];
  for (let day = days; day >= 1; day--) {
    const start = today - day * DAY_MS;
    const busy = day === 8 ? 3 : 1;
    const growth = 1 + (0.3 * (days - day)) / days;
    const count = Math.round(
      visits * WEEK[new Date(start).getUTCDay()] * growth * busy * (0.92 + 0.16 * next()),
    );
    for (let visit = 0; visit < count; visit++) events.push(...walk(site, start, visit, next, busy > 1));
  }
  return events;
}

function walk(site, start, visit, next, busy) {
  const person = Math.floor(next() * 4000);
  const [country, region] = pick(PLACES, next);
  const common = {
    site,
    referrer: busy && next() < 0.7 ? 'https://news.ycombinator.com/' : pick(SOURCES, next),
    ip: `2001:db8::${(person + 1).toString(16)}`,
    user_agent: pick(AGENTS, next),
    country,
    region,
    // Everybody has an id who has an account.
    ...(person % 3 === 0 && { user_id: `customer-${person}` }),
  };
  const events = [];
  let ts = start + Math.floor((7 + 15 * next()) * 3_600_000);
  const add = (name, path, more = {}) => {
    events.push({
      ...common,
      id: `${start / DAY_MS}-${visit}-${events.length}`,
      name,
      ts,
      url: `https://${site}${path}`,
      ...more,
    });
    ts += 4_000 + Math.floor(80_000 * next());
  };
  for (let path = next() < 0.7 ? '/' : '/blog/spring'; path; path = pick(NEXT[path], next)) {
    add('pageview', path);
    if (path === '/plants' && next() < 0.14)
      add('signup', path, { props: { plan: next() < 0.6 ? 'free' : 'pro' } });
    if (path === '/checkout')
      add('purchase', path, { revenue: { amount: (9 + 90 * next()).toFixed(2), currency: 'EUR' } });
    if (events.length > 14) break;
  }
  return events;
}

/** The same events in requests that the server takes. */
export function* batches(events, size = 2000) {
  for (let at = 0; at < events.length; at += size) yield events.slice(at, at + size);
}
