// What the page fetches when it is first needed, while the host is away or of another version.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { fine, launch, open, until } from '../browser.mjs';
import { Host } from '../host.mjs';

let host, browser;
before(async () => ([host, browser] = await Promise.all([Host.start({ plugins: ['octave_script'] }), launch()])));
after(async () => {
  await browser?.close();
  await host?.stop();
});

const heading = (page) => page.locator('main h1').innerText();
/** Answers for what the document does not name: its parts. */
async function parts(context, answer) {
  const named = await (await host.ask('/')).text();
  await context.route('**/assets/**', (route) => (named.includes(new URL(route.request().url()).pathname) ? route.continue() : answer(route)));
}

test('parts that could not be fetched are fetched again, with their styles', async () => {
  const context = await browser.newContext();
  const failed = new Set();
  await parts(context, (route) => {
    const url = route.request().url();
    if (failed.has(url)) return route.continue();
    failed.add(url);
    return route.abort();
  });
  const page = await open(browser, host, '/', { context });
  await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
  await until('the screen is there', async () => (await heading(page)) === 'Runs');
  await host.octave('disp(1)');
  await page.getByRole('button', { name: /1 new/ }).or(page.locator('main tbody tr')).first().waitFor();
  const styles = [...failed].filter((url) => url.endsWith('.css'));
  assert.ok(styles.length > 1 && failed.size > styles.length, `${failed.size} parts`);
  const styled = () => page.evaluate(() => [...document.styleSheets].filter((sheet) => sheet.cssRules.length).map((sheet) => sheet.href));
  await until('all styles are there', async () => (await styled()).filter((url) => styles.includes(url)).length === styles.length);
  fine(page);
  await context.close();
});

test('a page whose parts the host has no more is loaded anew, at the screen that was asked for', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  let [streams, loads] = [0, 0];
  page.on('response', (response) => (streams += response.url().endsWith('/v1/events')));
  await page.goto(`${host.url}/`);
  // All parts of the first screen have come.
  await until('it is whole', async () => streams && (await page.locator('main').innerText()).includes('octave-script'));
  await parts(context, (route) => route.fulfill({ status: 404 }));
  page.on('request', async (request) => {
    if (!request.isNavigationRequest()) return;
    loads += 1;
    await context.unrouteAll();
  });
  await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
  await until('the screen is there', async () => (await heading(page).catch(() => '')) === 'Runs');
  assert.equal(loads, 1);
  assert.equal(new URL(page.url()).pathname, '/runs');
  await context.close();
});
