import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';

import { fine, launch, open, picture, until } from '../browser.mjs';
import { Host, Wire } from '../host.mjs';

let host, browser;
before(async () => {
  // A container that waited for calls does not tell of which run its call is.
  const environment = { SIMULAY__POOL__MAX_CONTAINERS: '0' };
  [host, browser] = await Promise.all([Host.start({ plugins: ['octave_script', 'beam_monte_carlo'], environment }), launch()]);
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

const stateOf = async (page) => (await page.locator('main .state').first().innerText()).trim();
/** A browser without a window takes every tab for visible; this is what one with a window tells those behind. */
const look = (page, hidden) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    Object.defineProperty(document, 'visibilityState', { value: hidden ? 'hidden' : 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
const hide = (page) => look(page, true);
const show = (page) => look(page, false);
/** The containers of a run, as Docker tells. */
const containers = (run) => execFileSync('docker', ['ps', '-aq', '--filter', `label=org.simulay.run=${run.id}`], { encoding: 'utf8' }).split('\n').filter(Boolean);
const slowly = (seconds) => `for i = 1:${seconds * 10}; printf("at %d\\n", i); fflush(stdout); pause(0.1); end`;

test('27, 35, 69: states change without reload, the tab tells them, and the end is announced once', async () => {
  const run = await host.octave(slowly(3), {}, { wait: false });
  const page = await open(browser, host, `/runs/${run.id}`);
  await until('it is at work', async () => (await stateOf(page)) === 'at work');
  await until('the tab says so', async () => (await page.title()).startsWith('at work'));
  const icon = await page.locator('link[rel=icon]').getAttribute('href');
  await until('it has succeeded', async () => (await stateOf(page)) === 'succeeded');
  await until('the tab says so', async () => (await page.title()).startsWith('succeeded'));
  assert.notEqual(await page.locator('link[rel=icon]').getAttribute('href'), icon);
  await until('the end is announced', () => page.getByRole('status').filter({ hasText: 'The run has succeeded.' }).count());
  fine(page);
  await page.context().close();
});

test('28: each event is shown once, in order, after the connection was cut ten times at random', async (t) => {
  // Calls that begin and end all the while.
  const run = await host.run('beam-monte-carlo', { samples: 3200, containers: 16, pause_s: 5 }, { wait: false });
  const wire = await Wire.to(host);
  try {
    const page = await open(browser, wire, '/pipelines');
    const [opened, broken] = [[], []];
    const isOwn = (url) => url.includes(`/runs/${run.id}/events`);
    page.on('response', (response) => isOwn(response.url()) && opened.push(response));
    page.on('requestfailed', (request) => isOwn(request.url()) && broken.push(request));
    await page.goto(`${wire.url}/runs/${run.id}?tab=events`);
    for (let cut = 1; cut <= 10; cut += 1) {
      await until('a stream is open', () => opened.length >= cut);
      const [whole, away] = [Math.random() * 500, Math.random() * 200];
      t.diagnostic(`cut ${cut}: after ${Math.round(whole)} ms, for ${Math.round(away)} ms`);
      await page.waitForTimeout(whole);
      const before = broken.length;
      wire.cut();
      await until('it is cut', () => broken.length > before);
      await page.waitForTimeout(away);
      wire.mend();
    }
    assert.equal((await host.get(`/v1/runs/${run.id}`)).state, 'running', 'all cuts were while it was at work');
    await host.ask(`/v1/runs/${run.id}/cancel`, { method: 'POST' });
    await until('the end is shown', async () => /run\.ended/.test(await page.locator('main').innerText()), 60_000);
    const shown = await page.locator('main tbody tr td:first-child').allInnerTexts();
    assert.deepEqual(shown, shown.map((_, index) => String(index + 1)));
    const told = await (await host.ask(`/v1/runs/${run.id}/events`, { headers: { accept: 'text/event-stream' } })).text();
    assert.equal(shown.length, told.match(/^id:/gm).length);
    await page.context().close();
  } finally {
    await wire.close();
  }
});

test('29: after the host was killed and started again the page shows the true end', async () => {
  const run = await host.octave(slowly(5), {}, { wait: false });
  const page = await open(browser, host, `/runs/${run.id}`);
  await until('it is at work', async () => (await stateOf(page)) === 'at work');
  await host.kill();
  await page.waitForTimeout(500);
  await host.serve();
  await until('it has succeeded', async () => (await stateOf(page)) === 'succeeded', 60_000);
  fine(page);
  await page.context().close();
});

test('31: with eight tabs on eight running runs a ninth tab loads and starts a run', async () => {
  const runs = [];
  for (let count = 0; count < 8; count += 1) runs.push(await host.octave(slowly(15), {}, { wait: false }));
  const context = await browser.newContext();
  const tabs = [];
  for (const run of runs) {
    const tab = await open(browser, host, `/runs/${run.id}`, { context });
    await until('it is at work or waits', async () => /at work|waiting/.test(await stateOf(tab)));
    tabs.push(tab);
    await hide(tab);
  }
  const ninth = await open(browser, host, '/pipelines/octave-script/new', { context });
  await ninth.getByLabel('Program text').fill('disp(9)');
  await ninth.getByRole('complementary').getByRole('button', { name: /^Run/ }).click();
  await ninth.waitForURL(/\/runs\//);
  for (const run of runs) await host.ask(`/v1/runs/${run.id}/cancel`, { method: 'POST' });
  await context.close();
});

test('32: a hidden tab holds no stream of its own run, and is right within two seconds when shown', async () => {
  const run = await host.octave(slowly(60), {}, { wait: false });
  const page = await open(browser, host, '/pipelines');
  const streams = new Set();
  const isOwn = (request) => request.url().includes(`/runs/${run.id}/events`);
  page.on('request', (request) => isOwn(request) && streams.add(request));
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => streams.delete(request));
  await page.goto(`${host.url}/runs/${run.id}`);
  await until('it is at work', async () => (await stateOf(page)) === 'at work');
  await until('it has a stream', () => streams.size === 1);
  await hide(page);
  await until('it has none', () => streams.size === 0);
  await host.ask(`/v1/runs/${run.id}/cancel`, { method: 'POST' });
  await until('the run has ended', async () => (await host.get(`/v1/runs/${run.id}`)).state === 'cancelled');
  assert.equal(streams.size, 0);
  await show(page);
  await until('the page tells the end', async () => (await stateOf(page)) === 'cancelled', 2_000);
  await page.context().close();
});

test('after a 410 everything shown is asked for anew, once the news are back', async () => {
  const page = await open(browser, host, '/pipelines');
  const asked = [];
  await page.route(/\/v1\/(events|pipelines)(\?|$)/, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    const old = search.includes('after=');
    asked.push(pathname + (old ? ' old' : ''));
    if (!old) return route.continue();
    const problem = { type: '/docs', title: 'Too old', status: 410, kind: 'gone', detail: 'ask anew', request_id: 'x' };
    await route.fulfill({ status: 410, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  });
  await page.reload();
  await until('the news are live', () => asked.lastIndexOf('/v1/pipelines') > asked.indexOf('/v1/events'));
  await host.octave('disp(1)');
  await host.kill();
  await host.serve();
  await until('the cursor is refused', () => asked.includes('/v1/events old'));
  const after = () => asked.slice(asked.lastIndexOf('/v1/events old') + 1);
  await until('all is asked for', () => after().includes('/v1/pipelines'));
  assert.deepEqual(after(), ['/v1/events', '/v1/pipelines']);
  fine(page);
  await page.context().close();
});

test('33: a 429 with Retry-After of five seconds is kept to, each time, whatever else would wake the reader', async () => {
  const run = await host.octave(slowly(30), {}, { wait: false });
  const page = await open(browser, host, '/pipelines');
  const asked = [];
  await page.route('**/events*', async (route) => {
    if (!route.request().url().includes(run.id)) return route.continue();
    asked.push(Date.now());
    if (asked.length > 2) return route.continue();
    const problem = { type: '/docs', title: 'Too many', status: 429, kind: 'rate_limited', detail: 'later', request_id: 'x', retry_after_s: 5 };
    await route.fulfill({ status: 429, headers: { 'retry-after': '5' }, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  });
  await page.goto(`${host.url}/runs/${run.id}`);
  for (const count of [1, 2]) {
    await until('it is told to come later', () => asked.length === count);
    // A tab that is hidden before it has heard the answer cannot keep to it.
    await page.getByText(/Next try in [1-5] s/).waitFor();
    await hide(page);
    await show(page);
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await until('it asks again', () => asked.length > count);
    const waited = asked[count] - asked[count - 1];
    assert.ok(waited >= 5_000, `after ${waited} ms`);
  }
  await until('it follows again', async () => (await stateOf(page)) === 'at work');
  assert.equal(asked.length, 3);
  await host.ask(`/v1/runs/${run.id}/cancel`, { method: 'POST' });
  await page.context().close();
});

test('34: Cancel asks once, is disabled at once, and ends in cancelled with no container left', async () => {
  const run = await host.octave(slowly(60), {}, { wait: false });
  const page = await open(browser, host, `/runs/${run.id}`);
  await until('it is at work', async () => (await stateOf(page)) === 'at work');
  await until('its container is there', () => containers(run).length === 1);
  const cancels = [];
  let answer;
  await page.route('**/cancel', async (route) => {
    cancels.push(route.request());
    await new Promise((resolve) => (answer = resolve));
    await route.continue();
  });
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  await page.getByRole('button', { name: 'Ends…' }).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Ends…' }).isDisabled(), 'before the host has answered');
  await until('the host is asked', () => answer);
  answer();
  await until('it is cancelled', async () => (await stateOf(page)) === 'cancelled');
  assert.equal(cancels.length, 1);
  assert.deepEqual(containers(run), []);
  await picture(page, 'run-cancelled');
  fine(page);
  await page.context().close();
});

test('36: in the list new runs are a count, and rows do not move until it is pressed', async () => {
  await host.octave('disp(1)');
  const page = await open(browser, host, '/runs');
  await page.locator('main tbody tr').first().waitFor();
  const rows = () => page.locator('main tbody tr td:nth-child(2)').allInnerTexts();
  const before = await rows();
  const made = await host.octave('disp(2)');
  await page.getByRole('button', { name: /1 new/ }).waitFor();
  assert.deepEqual(await rows(), before);
  await page.getByRole('button', { name: /1 new/ }).click();
  await until('it is listed', async () => (await rows())[0]?.includes(made.id.slice(-12)));
  fine(page);
  await page.context().close();
});
