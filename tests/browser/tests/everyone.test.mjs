import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { accessible, fine, launch, open, picture, until } from '../browser.mjs';
import { Host, SHIPPED, component } from '../host.mjs';

let host, browser;
before(async () => ([host, browser] = await Promise.all([Host.start({ plugins: [] }), launch()])));
after(async () => {
  await browser?.close();
  await host?.stop();
});

test('65: an empty host leads to a first result', async () => {
  const page = await open(browser, host, '/');
  await page.getByRole('heading', { name: 'From a plugin to a first result' }).waitFor();
  await picture(page, 'start-empty');
  await accessible(page);
  for (const where of ['/pipelines', '/runs', '/plugins', '/sweeps']) {
    await page.goto(host.url + where);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForTimeout(300);
    await accessible(page);
  }
  fine(page);
  await page.context().close();
});

test('from an empty host to a first result: plugins, an example, Run', async () => {
  const page = await open(browser, host, '/');
  const plugin = { name: 'heat_equation.wasm', mimeType: 'application/wasm', buffer: await component('heat_equation') };
  await page.getByLabel('Plugins', { exact: true }).setInputFiles([plugin]);
  await page.getByRole('link', { name: 'Run Heat conduction in a rectangular plate' }).click();
  await page.getByRole('button', { name: 'An aluminium plate is quenched' }).click();
  await page.getByRole('complementary').getByRole('button', { name: /^Run/ }).click();
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}/);
  await page.getByText('succeeded').first().waitFor({ timeout: 40_000 });
  await page.getByLabel('Outcome').getByText(/326\.38/).first().waitFor();
  await page.getByRole('link', { name: 'Pipelines' }).first().click();
  await page.getByRole('link', { name: 'Heat conduction in a rectangular plate', exact: true }).click();
  await page.getByRole('link', { name: 'A square plate is warmed' }).click();
  await page.getByLabel('Width of the plate').waitFor();
  assert.equal(await page.getByLabel('Width of the plate').inputValue(), '1');
  fine(page);
  await page.context().close();
});

/** A host without a plugin that offers those of a folder. */
async function offering(names, work) {
  const folder = await mkdtemp(path.join(tmpdir(), 'simulay-shipped-'));
  for (const name of names) await writeFile(path.join(folder, `${name}.wasm`), name === 'broken' ? 'no component' : await component(name));
  const fresh = await Host.start({ plugins: [], environment: { SIMULAY__PLUGINS__SHIPPED: folder } });
  try {
    const page = await open(browser, fresh, '/');
    await work(page, fresh);
    fine(page);
    await page.context().close();
  } finally {
    await fresh.stop();
    await rm(folder, { recursive: true });
  }
}

test('from nothing to a first result in three clicks, by the plugins that the host offers', () =>
  offering(SHIPPED, async (page) => {
    await page.getByRole('button', { name: 'Upload the shipped plugins (4)' }).click();
    await page.getByRole('listitem').filter({ hasText: 'beam_monte_carlo.wasm' }).getByText('active').waitFor();
    await page.getByRole('link', { name: 'Run Heat conduction in a rectangular plate' }).click({ timeout: 60_000 });
    await page.getByRole('complementary').getByRole('button', { name: /^Run/ }).click();
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}/);
    await page.getByText('succeeded').first().waitFor({ timeout: 40_000 });
    await page.getByLabel('Outcome').waitFor();
  }));

test('of the plugins that the host offers one is refused: each result is told, and one goes on without', () =>
  offering(['broken', 'octave_script'], async (page, fresh) => {
    await page.getByRole('button', { name: 'Upload the shipped plugins (2)' }).click();
    const told = page.getByRole('status', { name: 'What became of each' }).getByRole('listitem');
    await told.filter({ hasText: 'broken.wasm' }).getByText('Not a WebAssembly component').waitFor();
    await told.filter({ hasText: 'octave_script.wasm' }).getByText('active').waitFor();
    await accessible(page);
    await picture(page, 'start-offered');
    assert.deepEqual((await fresh.get('/v1/plugins')).plugins.map(({ name }) => name), ['octave-script']);
    await page.getByRole('button', { name: 'Go on without' }).click();
    await page.getByRole('link', { name: 'Run Your own Octave program' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Start');
  }));

test('the palette goes to any place by keys, and ? lists the keys', async () => {
  const page = await open(browser, host, '/');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await accessible(page);
  await page.keyboard.type('system');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/system$/);
  // It is found once the palette is closed, into which else is typed.
  await page.getByRole('heading', { level: 1, name: 'System' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await page.waitForURL(/\/runs$/);
  fine(page);
  await page.context().close();
});

test('66: a plugin is uploaded and run, and its result is read, with the keyboard alone', async () => {
  await host.upload(await component('octave_script'));
  const page = await open(browser, host, '/pipelines/octave-script');
  const run = page.getByRole('link', { name: 'Run', exact: true });
  await run.waitFor();
  for (let presses = 0; presses < 40 && !(await run.evaluate((link) => link === document.activeElement)); presses += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const program = page.getByLabel('Program text');
  await program.waitFor();
  for (let presses = 0; presses < 60 && !(await program.evaluate((area) => area === document.activeElement)); presses += 1) await page.keyboard.press('Tab');
  await page.keyboard.type('disp(42)');
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}/);
  await until('it has succeeded', async () => /succeeded/.test(await page.locator('main').innerText()));
  fine(page);
  await page.context().close();
});

test('71: a page of another version than the host offers to reload, and keeps the draft', async () => {
  const page = await open(browser, host, '/pipelines/octave-script/new');
  await page.getByLabel('Program text').fill('disp("kept")');
  await page.route('**/preview', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, headers: { ...answer.headers(), 'simulay-version': '9.9.9' } });
  });
  await page.getByLabel('Program text').fill('disp("kept too")');
  await page.getByText('The host is of another version than this page').waitFor();
  await page.unroute('**/preview');
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.getByText('What you had typed is back.').waitFor();
  assert.equal(await page.getByLabel('Program text').inputValue(), 'disp("kept too")');
  await page.context().close();
});

test('64: a form of another site changes nothing', async () => {
  const answer = await host.ask('/v1/pipelines/octave-script/runs', {
    method: 'POST',
    body: 'params=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' },
  });
  assert.equal(answer.status, 403);
});
