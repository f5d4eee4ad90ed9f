import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accessible, fine, launch, open, picture, until } from '../browser.mjs';
import { Host, component } from '../host.mjs';

let host, browser;
before(async () => {
  [host, browser] = await Promise.all([
    Host.start({ plugins: [], environment: { SIMULAY__AUTH__MODE: 'accounts' } }),
    launch(),
  ]);
  await until('the token of the admin is told', () => host.token);
  await host.upload(await component('octave_script'));
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

test('63: who is not signed in goes to sign in and back to the same address, and after a lost session with the draft kept', async () => {
  const page = await open(browser, host, '/pipelines/octave-script/new');
  await page.waitForURL(/\/sign-in\?to=/);
  await page.getByRole('button', { name: 'Token', exact: true }).click();
  await picture(page, 'sign-in');
  await accessible(page);
  await page.getByRole('textbox', { name: 'Token' }).or(page.locator('#secret')).first().fill('sim_wrong');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('alert').waitFor();
  await page.locator('#secret').fill(host.token);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL(/\/pipelines\/octave-script\/new$/);
  // Its preview still belongs to the session; only that of what is typed next finds it lost.
  const previewed = page.waitForResponse((answer) => answer.url().endsWith('/preview') && answer.request().postData()?.includes('kept'));
  await page.getByLabel('Program text').fill('disp("kept")');
  await previewed;

  await page.context().clearCookies();
  await page.getByLabel('Program text').fill('disp("kept too")');
  await page.waitForURL(/\/sign-in\?to=/);
  await page.getByRole('button', { name: 'Token', exact: true }).click();
  await page.locator('#secret').fill(host.token);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL(/\/pipelines\/octave-script\/new$/);
  assert.equal(await page.getByLabel('Program text').inputValue(), 'disp("kept too")');

  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  assert.doesNotMatch(kept, /sim_/);
  fine(page);
  await page.context().close();
});

test('63: signing out ends the session', async () => {
  const page = await open(browser, host, '/');
  await page.waitForURL(/\/sign-in/);
  await page.getByRole('button', { name: 'Token', exact: true }).click();
  await page.locator('#secret').fill(host.token);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Start' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/sign-in/);
  assert.equal((await page.context().cookies()).length, 0);
  await page.context().close();
});
