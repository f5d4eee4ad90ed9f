// Chromium, and what all tests ask of a screen.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { chromium } from 'playwright-core';

const SCREENS = process.env.SIMULAY_SCREENS;
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** A page on which nothing may go wrong unseen: scripts, policy, foreign addresses. */
export async function open(browser, host, where = '/', options = {}) {
  const context = options.context ?? (await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options }));
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.wrong = [];
  page.on('pageerror', (error) => page.wrong.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) page.wrong.push(`policy: ${message.text()}`);
  });
  page.on('dialog', (dialog) => page.wrong.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(host.url).origin && !['data:', 'blob:'].includes(protocol)) page.wrong.push(`left: ${request.url()}`);
  });
  await page.goto(host.url + where);
  return page;
}

/** Nothing went wrong on this page. */
export function fine(page) {
  assert.deepEqual(page.wrong, []);
}

/** What axe finds on a screen; injected past the policy of the page, as a debugger may. */
export async function accessible(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const expression = `axe.run(document, { runOnly: ${JSON.stringify(WCAG)}, resultTypes: ['violations'] }).then(r =>
    JSON.stringify(r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 4).map(n => n.target.join(' ') + ' — ' + (n.any[0]?.message ?? n.all[0]?.message ?? '')).join(' | '))))`;
  const { result } = await session.send('Runtime.evaluate', { expression, awaitPromise: true });
  await session.detach();
  assert.deepEqual(JSON.parse(result.value), [], `axe at ${page.url()}`);
}

/** Keeps a picture for a person to look at. */
export async function picture(page, name) {
  if (!SCREENS) return;
  await mkdir(SCREENS, { recursive: true });
  await page.screenshot({ path: path.join(SCREENS, `${name}.png`), fullPage: true });
}

/** Nothing scrolls sideways. */
export async function fits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${page.url()} scrolls sideways by ${over} px`);
}

/** Waits until something holds. */
export async function until(what, holds, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
