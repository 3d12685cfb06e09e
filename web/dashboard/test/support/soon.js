// How soon the site page of the demonstration is there.
const SITE = '/sites/demo.example';
const DAY_MS = 86_400_000;
const DAYS = 365;

/** Notes when the last answer came, and when the first figures and everything were on the page. */
function watch() {
  const asked = globalThis.fetch;
  globalThis.fetch = async (...call) => {
    const answer = await asked(...call);
    const read = answer.json.bind(answer);
    answer.json = async () => {
      const body = await read();
      globalThis.answered = performance.now();
      return body;
    };
    return answer;
  };
  globalThis.jumps = 0;
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) globalThis.jumps += value;
  }).observe({ type: 'layout-shift', buffered: true });
  const look = () => {
    const panels = ['Sources', 'Pages', 'Places', 'Devices', 'Goals'];
    const first =
      document.querySelector('.tile .value') &&
      document.querySelector('section[aria-label=Figures] [data-drawn]');
    const all =
      first && panels.every((name) => document.querySelector(`section[aria-label=${name}] tbody tr`));
    // One frame later it is painted.
    const painted = (note) => requestAnimationFrame(() => setTimeout(note));
    if (first && !globalThis.first) painted(() => (globalThis.first ??= performance.now()));
    if (all) painted(() => (globalThis.shown = performance.now()));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Loads the site page: milliseconds until figures and until everything is shown, bytes of scripts before charts, jumps. */
export async function siteShown({ browser, origin }) {
  const context = await browser.newContext({ locale: 'en-GB' });
  await context.addInitScript(watch);
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  await network.send('Network.enable');
  const scripts = new Map();
  let bytes = 0;
  network.on('Network.responseReceived', ({ requestId, type, response }) => {
    if (type === 'Script') scripts.set(requestId, response.url);
  });
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    // Charts come when they are needed, after the figures.
    if (scripts.has(requestId) && !/echarts|world|regions/.test(scripts.get(requestId)))
      bytes += encodedDataLength;
  });
  await page.goto(origin + SITE);
  await page.waitForFunction(() => globalThis.shown);
  const [first, time] = await page.evaluate(() => [globalThis.first, globalThis.shown].map(Math.round));
  await page.waitForFunction(() => document.querySelectorAll('[data-drawn]').length > 1);
  const jumps = await page.evaluate(() => globalThis.jumps);
  await context.close();
  return { first, time, bytes, jumps };
}

/** Loads a year of days: milliseconds from the last answer until all is drawn, and how many days there are. */
export async function yearDrawn({ browser, origin }) {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 } });
  await context.addInitScript(watch);
  const page = await context.newPage();
  const day = (ago) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);
  await page.goto(`${origin}${SITE}?period=custom&from=${day(DAYS - 1)}&to=${day(0)}&interval=time:day`);
  await page.waitForFunction(() => globalThis.shown);
  const { answered, shown, days } = await page.evaluate(() => ({
    answered: globalThis.answered,
    shown: globalThis.shown,
    days: document.querySelectorAll('section[aria-label="Figures of the graph"] tbody tr').length,
  }));
  await context.close();
  return { time: Math.round(shown - answered), days };
}
