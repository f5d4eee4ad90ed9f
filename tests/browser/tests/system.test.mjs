import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { accessible, fine, launch, open, picture, until } from '../browser.mjs';
import { Host } from '../host.mjs';

const DOCKER = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace('unix://', '');

/** Docker at an address of its own, which can be closed as if Docker were stopped. */
class Door {
  address = path.join(tmpdir(), `simulay-docker-${process.pid}.sock`);
  #open = new Set();

  async serve() {
    this.server = net.createServer((near) => {
      const far = net.connect(DOCKER);
      this.#open.add(near);
      for (const [one, other] of [[near, far], [far, near]]) {
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
      near.on('close', () => this.#open.delete(near));
    });
    await new Promise((resolve) => this.server.listen(this.address, resolve));
  }

  async close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const one of this.#open) one.destroy();
    await closed;
    await rm(this.address, { force: true });
  }
}

let host, browser;
const docker = new Door();
before(async () => {
  await docker.serve();
  const environment = { SIMULAY__DOCKER__ADDRESS: `unix://${docker.address}` };
  [host, browser] = await Promise.all([Host.start({ plugins: ['octave_script'], environment }), launch()]);
});
after(async () => {
  await browser?.close();
  await host?.stop();
  await docker.close().catch(() => undefined);
});

test('62: with Docker stopped, System says why the host is not ready, and starting a run shows the same sentence', async () => {
  const page = await open(browser, host, '/system');
  await page.locator('main .state').filter({ hasText: 'ready' }).first().waitFor();
  await docker.close();
  await until('the host is not ready', async () => (await host.ask('/readyz')).status === 503, 60_000);
  const why = page.getByRole('region', { name: 'What it cannot reach' });
  await why.waitFor({ timeout: 30_000 });
  const { missing } = await (await host.ask('/readyz')).json();
  const [{ why: sentence }] = missing;
  assert.match(await why.innerText(), /docker/i);
  await why.getByText(sentence).waitFor();
  await page.locator('main header').getByText('not ready').waitFor();
  await accessible(page);
  await picture(page, 'system-not-ready');

  const form = await open(browser, host, '/pipelines/octave-script/new', { context: page.context() });
  await form.getByLabel('Program text').fill('disp(1)');
  await form.getByText(sentence).first().waitFor();
  await form.getByRole('complementary').getByRole('button', { name: /^Run/ }).click();
  await form.waitForURL(/\/runs\//);
  await form.getByText(sentence).first().waitFor();
  await picture(form, 'run-not-ready');

  await docker.serve();
  await until('the host is ready again', async () => (await host.ask('/readyz')).status === 200, 60_000);
  await why.waitFor({ state: 'detached', timeout: 30_000 });
  await form.getByText(sentence).first().waitFor({ state: 'detached' });
  await form.locator('main .state').filter({ hasText: 'succeeded' }).first().waitFor({ timeout: 60_000 });
  fine(page);
  await page.context().close();
});
