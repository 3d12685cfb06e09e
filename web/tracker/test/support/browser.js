/**
 * A real Chromium whose tabs are shown and hidden as a person's are. It is started here and not by
 * Playwright, which would hold every page focused and visible and turn the back-forward cache off.
 */

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const LAST_WORDS_MS = 200;

/** A program that drives a browser is a bot to collectors; these are the signs of one. */
const PERSON = [
  '--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  '--disable-blink-features=AutomationControlled',
];

const FLAGS = [
  '--headless',
  '--remote-debugging-port=0',
  '--no-first-run',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP *.example 127.0.0.1',
  ...PERSON,
];

/** @param {object} [preferences] what a person would set in the browser's settings */
export async function launch(preferences) {
  const profile = await mkdtemp(join(tmpdir(), 'tracker-'));
  if (preferences) {
    await mkdir(join(profile, 'Default'));
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
  }
  const child = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const browser = await chromium.connectOverCDP(await address(child), { noDefaults: true });
  const context = browser.contexts()[0];

  /** A tab in front, with the attention of a person. */
  async function open(url) {
    const page = await context.newPage();
    page.failures = [];
    page.on('pageerror', (error) => page.failures.push(error.message));
    await page.bringToFront();
    await page.goto(url);
    return page;
  }

  /** Puts another tab in front of all; to come back, bring the page to the front. */
  const hide = async () => (await context.newPage()).bringToFront();

  /** Closes every tab but the first, and lets what they send at last arrive. */
  async function tidy() {
    await Promise.all(
      context
        .pages()
        .slice(1)
        .map((page) => page.close()),
    );
    await pause(LAST_WORDS_MS);
  }

  async function close() {
    await browser.close();
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }

  return { context, open, hide, tidy, close };
}

function address(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
      const found = /DevTools listening on (\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`chromium ended with ${code}:\n${said}`)));
  });
}
