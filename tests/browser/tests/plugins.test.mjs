import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { fine, launch, open, picture, until } from '../browser.mjs';
import { Host, component } from '../host.mjs';

let host, browser;
before(async () => ([host, browser] = await Promise.all([Host.start({ plugins: [] }), launch()])));
after(async () => {
  await browser?.close();
  await host?.stop();
});

/** Drops files on the window. */
async function drop(page, files) {
  const given = files.map(({ name, bytes }) => ({ name, text: Buffer.from(bytes).toString('base64') }));
  await page.evaluate((given) => {
    const transfer = new DataTransfer();
    for (const { name, text } of given) {
      transfer.items.add(new File([Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))], name, { type: 'application/wasm' }));
    }
    for (const kind of ['dragenter', 'dragover', 'drop']) {
      document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
  }, given);
}

test('57: two components that are dropped are both uploaded, each with its own outcome', async () => {
  const page = await open(browser, host, '/plugins');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await drop(page, [
    { name: 'heat_equation.wasm', bytes: await component('heat_equation') },
    { name: 'octave_script.wasm', bytes: await component('octave_script') },
  ]);
  await until('both serve', async () => (await host.get('/v1/plugins')).plugins.filter(({ state }) => state === 'active').length === 2, 60_000);
  await page.getByRole('link', { name: /heat-equation/ }).first().waitFor();
  await picture(page, 'plugins-uploaded');
  fine(page);
  await page.context().close();
});

test('58: a refused component shows its kind and sentence; what is no wasm is refused before it is sent', async () => {
  const page = await open(browser, host, '/plugins');
  await page.getByRole('heading', { level: 1 }).waitFor();
  const sent = [];
  page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
  await drop(page, [{ name: 'notes.wasm', bytes: Buffer.from('these are notes') }]);
  await page.getByRole('alert').first().waitFor();
  assert.deepEqual(sent, []);
  await drop(page, [{ name: 'empty.wasm', bytes: Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]) }]);
  await until('the host refuses it', async () => (await page.getByRole('alert').count()) > 1);
  fine(page);
  await page.context().close();
});
