import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accessible, fine, launch, open, picture, until } from '../browser.mjs';
import { Host, component, revised } from '../host.mjs';

let host, browser, drawing;
before(async () => {
  [host, browser, drawing] = await Promise.all([Host.start({ plugins: ['drawing'] }), launch(), component('drawing')]);
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

const version = (number, texts = {}) => revised(drawing, { 'drawing1.0.0': `drawing${number}`, ...texts });
const serving = async () => (await host.get('/v1/pipelines/drawing')).version;
const asks = (page) => page.getByRole('table', { name: 'What this version asks for' });

test('59: a version that asks for more shows before and now of what grew, and Approve makes it serve', async () => {
  const { state } = await host.upload(version('1.1.0', { 'memory_mib=0128': 'memory_mib=0256' }));
  assert.equal(state, 'pending');
  const page = await open(browser, host, '/plugins/drawing/1.1.0');
  await page.getByText('more than 1.0.0').waitFor();
  const grown = asks(page).locator('tr.grows');
  assert.deepEqual(await grown.locator('th').allInnerTexts(), ['Memory of a container']);
  assert.match((await grown.innerText()).replace(/\s+/g, ' '), /128 MiB 256 MiB ?more/);
  assert.equal(await asks(page).getByText('more', { exact: true }).count(), 1);
  await picture(page, 'version-asks-more');
  await accessible(page);
  assert.equal(await serving(), '1.0.0');
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await until('it serves', async () => (await serving()) === '1.1.0');
  await page.locator('main .state').filter({ hasText: 'active' }).first().waitFor();
  fine(page);
  await page.context().close();
});

test('60: Approve if its examples agree shows what does not, and the old version still serves', async () => {
  await host.upload(version('1.2.0', { 'memory_mib=0128': 'memory_mib=0512', '{"twice":2.0}': '{"twice":2.5}' }));
  const before = await serving();
  const page = await open(browser, host, '/plugins/drawing/1.2.0');
  await page.getByRole('button', { name: 'Approve if its examples agree' }).click();
  const row = page.getByRole('table', { name: 'Where an example gave something else' }).locator('tbody tr');
  await row.waitFor();
  assert.deepEqual((await row.locator('td').allInnerTexts()).map((text) => text.trim()).slice(0, 4), ['A metre', '/twice', '2.5', '2']);
  assert.match(await row.locator('td').nth(4).innerText(), /20\s?%/);
  await page.getByText('disagree', { exact: true }).waitFor();
  assert.equal(await serving(), before);
  await accessible(page);
  fine(page);
  await page.context().close();
});

test('60: of a real simulation that solves another equation the number that moved is shown', async () => {
  const heat = await component('heat_equation');
  await host.upload(heat);
  const wrong = revised(heat, { 'heat-equation1.0.0': 'heat-equation1.1.0', 'half = (0.5 * dt': 'half = (0.6 * dt' });
  await host.get('/v1/plugins?state=pending', { method: 'POST', body: wrong, headers: { 'content-type': 'application/wasm' } });
  const page = await open(browser, host, '/plugins/heat-equation/1.1.0');
  await page.getByRole('button', { name: /if its examples agree$/ }).click();
  const row = page.getByRole('table', { name: 'Where an example gave something else' }).locator('tbody tr').first();
  await row.waitFor({ timeout: 60_000 });
  assert.match(await row.innerText(), /\/centre_temperature_K/);
  assert.equal((await host.get('/v1/pipelines/heat-equation')).version, '1.0.0');
  await accessible(page);
  await picture(page, 'version-gate');
  fine(page);
  await page.context().close();
});

test('61: Roll back names both versions before it acts, and a second press after the answer was lost goes back once', async () => {
  for (const number of ['2.0.0', '2.1.0', '2.2.0']) {
    const { state } = await host.upload(version(number));
    if (state !== 'active') await host.get(`/v1/plugins/drawing/${number}/approve`, { method: 'POST' });
  }
  const page = await open(browser, host, '/plugins/drawing/2.2.0');
  await page.getByRole('button', { name: 'Roll back to 2.1.0' }).click();
  const dialog = page.getByRole('dialog');
  assert.match(await dialog.innerText(), /2\.2\.0 is retired, and 2\.1\.0 serves new runs/);
  assert.equal(await serving(), '2.2.0');

  // The host goes back; what it says of it never comes, nor how it stands since.
  const answered = [];
  await page.route('**/v1/p*/**', async (route) => {
    if (!new URL(route.request().url()).pathname.endsWith('/rollback')) return route.abort();
    const answer = await route.fetch();
    answered.push(await answer.json());
    return answered.length === 1 ? route.abort() : route.fulfill({ response: answer });
  });
  const back = dialog.getByRole('button', { name: 'From 2.2.0 to 2.1.0' });
  await back.click();
  await page.getByRole('alert').first().waitFor();
  assert.equal(await serving(), '2.1.0');
  await page.getByRole('button', { name: 'Roll back to 2.1.0' }).click();
  await back.click();
  await until('it is answered again', () => answered.length === 2);
  await page.unroute('**/v1/p*/**');
  await page.reload();
  await page.locator('main .state').filter({ hasText: 'retired' }).first().waitFor();
  assert.equal(await serving(), '2.1.0', 'it went back once');
  fine(page);
  await page.context().close();
});
