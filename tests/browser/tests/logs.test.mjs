import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { fine, launch, open, picture, until } from '../browser.mjs';
import { Host } from '../host.mjs';

let host, browser, long;
before(async () => {
  [host, browser] = await Promise.all([Host.start({ plugins: ['octave_script'] }), launch()]);
  long = await host.octave('printf("line %d\\n", 1:1000000);', { timeout_ms: 60_000 });
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

const log = (run, hash = '') => `/runs/${run.id}?tab=log&stream=stdout${hash}`;

test('37, 38, 39: a log of 1,000,000 lines is quick to show, to jump in and to search', async () => {
  assert.equal(long.state, 'succeeded');
  const page = await open(browser, host, log(long));
  await page.getByText('line 1', { exact: true }).waitFor();
  await until('all of it is read', () => page.getByText(/1.000.000 lines/).first().isVisible());
  const elements = await page.locator('main .pane *').count();
  assert.ok(elements < 300, `${elements} elements`);

  await page.getByLabel('Line', { exact: true }).fill('999999');
  await page.keyboard.press('Enter');
  await page.getByText('line 999999', { exact: true }).waitFor();
  await picture(page, 'log-long');

  await page.getByLabel('Find in this log').fill('line 77777');
  await page.getByText(/11 lines/).waitFor();
  await page.keyboard.press('Enter');
  const place = async () => Number(/(\d+) of 11 lines/.exec(await page.locator('.found').innerText())?.[1]);
  const first = await until('a hit is gone to', place);
  await page.keyboard.press('Enter');
  await until('the next one', async () => (await place()) === first + 1);
  fine(page);
  await page.context().close();
});

test('41: an address of lines scrolls to them and marks them', async () => {
  const page = await open(browser, host, log(long, '#L1200-1210'));
  await page.getByText('line 1200', { exact: true }).waitFor();
  await page.getByText('line 1210', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Copy marked' }).waitFor();
  await page.context().close();
});

test('42: bytes that are no UTF-8, carriage returns, escapes and signs lose no line', async () => {
  const script = ['fwrite(stdout, uint8([98 97 100 32 255 254 10]));', 'printf("a\\rb\\n");', 'printf("\\x1b[31mred\\x1b[0m\\n");', 'printf("1 + 1 < 3 & more\\n");', 'printf("last\\n");'].join('\n');
  const run = await host.octave(script);
  const page = await open(browser, host, log(run));
  await page.getByText(/5 lines/).first().waitFor();
  await page.getByText('1 + 1 < 3 & more').waitFor();
  await page.getByText('last', { exact: true }).waitFor();
  fine(page);
  await page.context().close();
});

test('40: scrolling up while a log grows keeps the lines still, and new lines bring back following', async () => {
  const run = await host.octave('for i = 1:400; printf("line %d\\n", i); fflush(stdout); pause(0.03); end', {}, { wait: false });
  const page = await open(browser, host, log(run));
  await until('it follows', () => page.getByText('line 60', { exact: true }).isVisible());
  await page.getByRole('checkbox', { name: 'Follow' }).uncheck();
  const first = () => page.locator('main .pane').getByText(/^line \d+$/).first().innerText();
  const before = await first();
  const back = page.getByRole('button', { name: /new lines?$/ });
  await back.waitFor();
  assert.equal(await first(), before);
  await back.click();
  await until('it follows again', async () => (await first()) !== before);
  await host.ask(`/v1/runs/${run.id}/cancel`, { method: 'POST' });
  await page.context().close();
});
