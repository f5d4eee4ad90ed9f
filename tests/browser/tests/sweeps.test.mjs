import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accessible, fine, launch, open, picture, until } from '../browser.mjs';
import { Host } from '../host.mjs';

let host, browser;
before(async () => ([host, browser] = await Promise.all([Host.start({ plugins: ['drawing', 'heat_equation'] }), launch()])));
after(async () => {
  await browser?.close();
  await host?.stop();
});

const pointsIn = (page) => page.locator('[role=region][aria-label=Points]');
const pointsOf = async (id) => (await host.get(`/v1/sweeps/${id}/points?limit=1000`)).points;

/** The links of all points, read by scrolling through them. */
async function links(page) {
  const frame = pointsIn(page);
  const found = new Map();
  await frame.evaluate((box) => (box.scrollTop = 0));
  await page.waitForTimeout(100);
  for (;;) {
    for (const [point, href] of await frame.locator('tbody td:first-child a').evaluateAll((all) => all.map((link) => [link.textContent, link.href]))) {
      found.set(Number(point), href);
    }
    const atEnd = await frame.evaluate((box) => {
      const before = box.scrollTop;
      box.scrollTop += box.clientHeight / 2;
      return box.scrollTop === before;
    });
    if (atEnd) return found;
    await page.waitForTimeout(100);
  }
}

async function vary(page, title, from, to, values) {
  await page.getByLabel('Vary a parameter').selectOption({ label: title });
  const row = page.getByRole('group', { name: title });
  await row.getByLabel('From').fill(from);
  await row.getByLabel('To').fill(to);
  await row.getByLabel('Values').fill(values);
}

test('56: a sweep of 100 points tells how many runs it makes, each point links to its run, and what failed is retried alone', async () => {
  const page = await open(browser, host, '/pipelines/drawing/sweep');
  await vary(page, 'Level', '1', '100', '100');
  await page.getByRole('textbox', { name: 'Most in m' }).fill('90');
  const start = page.getByRole('button', { name: 'Start 100 runs' });
  await start.waitFor();
  assert.deepEqual((await host.get('/v1/sweeps')).sweeps, []);
  assert.deepEqual((await host.get('/v1/runs')).runs, []);
  await start.click();
  await page.waitForURL(/\/sweeps\/[0-9a-f-]{36}/);
  const id = page.url().split('/').at(-1);

  await page.getByRole('button', { name: 'Retry the 10 failed' }).waitFor({ timeout: 60_000 });
  const before = await pointsOf(id);
  assert.equal(before.length, 100);
  await until('every point links to its run', async () => {
    const found = await links(page);
    return before.every(({ point, run }) => found.get(point) === `${host.url}/runs/${run}`);
  });
  await page.getByRole('heading', { name: 'Failed' }).waitFor();
  await page.getByRole('link', { name: /Level = 91/ }).first().waitFor();

  await page.getByRole('button', { name: 'Retry the 10 failed' }).click();
  const retried = await until('the failed have runs of their own again', async () => {
    const now = await pointsOf(id);
    const changed = now.filter(({ point, run }) => run !== before.find((one) => one.point === point).run);
    return changed.length === 10 && changed;
  });
  assert.deepEqual(new Set(retried.map(({ values }) => values['/level'] > 90)), new Set([true]));
  await until('they have ended', async () => (await pointsOf(id)).every(({ state }) => ['succeeded', 'failed'].includes(state)));
  const { sweeps } = await host.get('/v1/sweeps');
  assert.equal(sweeps.length, 1);
  fine(page);
  await page.context().close();
});

test('56: a sweep of a real simulation shows its outcomes over what varies', async () => {
  const page = await open(browser, host, '/pipelines/heat-equation/sweep');
  const { title: time } = (await host.get('/v1/pipelines/heat-equation')).params_schema.properties.time_s;
  await vary(page, time ?? 'time_s', '1', '6', '6');
  await page.getByRole('button', { name: 'Start 6 runs' }).click();
  await page.waitForURL(/\/sweeps\/[0-9a-f-]{36}/);
  const id = page.url().split('/').at(-1);
  await until('all have succeeded', async () => (await pointsOf(id)).filter(({ state }) => state === 'succeeded').length === 6, 120_000);
  await until('the page shows it', async () => (await pointsIn(page).getByText('succeeded').count()) === 6);
  await accessible(page);
  await picture(page, 'sweep-heat');
  fine(page);
  await page.context().close();
});
