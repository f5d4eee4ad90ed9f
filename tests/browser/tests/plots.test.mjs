import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accessible, fine, launch, open, picture, until } from '../browser.mjs';
import { Host } from '../host.mjs';

const MANY = 1_000_000;
let host, browser, long, wave, decades;
before(async () => {
  [host, browser] = await Promise.all([Host.start({ plugins: ['drawing'] }), launch()]);
  long = await host.run('drawing', { points: MANY, level: 2 });
  assert.equal(long.state, 'succeeded');
  wave = await host.run('drawing', { points: 20_000, level: 2 });
  decades = await host.run('drawing', { points: 38, curve: 'decades' });
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

const plot = (page) => page.getByRole('application', { name: /^A curve/ });
const words = (page) => page.locator('figure .words').innerText();

/** Drags over a part of the plot, told in parts of its breadth. */
async function drag(page, from, to) {
  const { x, y, width, height } = await page.locator('.u-over').boundingBox();
  await page.mouse.move(x + width * from, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width * to, y + height / 2, { steps: 4 });
  await page.mouse.up();
}

/** What is told of the first and of the last point that is shown. */
async function ends(page) {
  const told = [];
  await plot(page).focus();
  for (const key of ['Home', 'End']) {
    await page.keyboard.press(key);
    told.push(await words(page));
  }
  return told;
}

test('44: a plot of 1,000,000 points is drawn within a second of its data, loses no peak, and a drag zooms within 100 ms', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  await context.addInitScript(() => {
    window.drawnAt = [];
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    CanvasRenderingContext2D.prototype.clearRect = function (...place) {
      window.drawnAt.push(performance.now());
      return clear.apply(this, place);
    };
    addEventListener('mouseup', () => (window.releasedAt = performance.now()), true);
  });
  const page = await open(browser, host, `/runs/${long.id}`, { context });
  // What a host that is built for tests needs to read 39 MB does not count.
  await page.getByText(/of 1.000.000 points are drawn/).waitFor({ timeout: 60_000 });
  const waited = await page.evaluate(() => {
    const came = performance.getEntriesByType('resource').find(({ name }) => /plots\/0\?points=/.test(name)).responseEnd;
    return window.drawnAt.find((at) => at > came) - came;
  });
  assert.ok(waited < 1_000, `drawn ${waited} ms after its data`);
  const told = await host.get(`/v1/runs/${long.id}/plots/0?points=2000`);
  assert.ok(Math.max(...told.series[0].y) > 19, 'the one narrow peak is among the points');

  await picture(page, 'plot-long');
  await drag(page, 0.4, 0.6);
  await page.waitForURL(/plot0=/);
  const zoomed = await until('it is drawn anew', () =>
    page.evaluate(() => window.drawnAt.find((at) => at > window.releasedAt) - window.releasedAt || false),
  );
  assert.ok(zoomed < 100, `zoomed after ${zoomed} ms`);
  fine(page);
  await context.close();
});

test('45: the zoom is in the address, and who opens it elsewhere sees the same range', async () => {
  const page = await open(browser, host, `/runs/${wave.id}`);
  await plot(page).waitFor();
  await drag(page, 0.3, 0.31);
  await page.waitForURL(/plot0=/);
  await until('the finer curve is there', async () => !(await page.locator('figure[aria-busy=true]').count()));
  const other = await open(browser, host, new URL(page.url()).pathname + new URL(page.url()).search);
  await other.getByRole('button', { name: 'Whole range' }).waitFor();
  const seen = await ends(other);
  assert.deepEqual(seen, await ends(page));
  const [from, to] = new URL(page.url()).searchParams.get('plot0').split('~').map(Number);
  for (const told of seen) {
    const at = Number(/time = ([\d.]+)/.exec(told)[1]);
    assert.ok(at >= from - 1e-6 && at <= to + 1e-6, `${told} is not within ${from} to ${to}`);
  }
  await page.goBack();
  await page.getByRole('button', { name: 'Whole range' }).waitFor({ state: 'detached' });
  fine(page);
  await page.context().close();
  await other.context().close();
});

test('46: log axes show values from 1e-9 to 1e9 and leave out what is not positive with a note', async () => {
  const page = await open(browser, host, `/runs/${decades.id}`);
  await page.getByRole('button', { name: 'log x' }).click();
  await page.getByRole('button', { name: 'log y' }).click();
  await page.getByText(/2 points are not shown: a logarithmic axis has no place/).waitFor();
  const [least, most] = await ends(page);
  assert.match(least, /^height: (1e-9|10⁻⁹|1×10⁻⁹)\sm at time = (1e-9|10⁻⁹|1×10⁻⁹)\ss$/);
  assert.match(most, /^height: (1e9|1\se9|10⁹|1×10⁹|1.000.000.000)\sm at time = (1e9|10⁹|1×10⁹|1.000.000.000)\ss$/);
  await picture(page, 'plot-log');
  await accessible(page);
  fine(page);
  await page.context().close();
});

test('47: arrow keys move the cursor, and the point is announced with name, value and unit', async () => {
  const page = await open(browser, host, `/runs/${decades.id}`);
  await plot(page).focus();
  const told = [];
  for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'ArrowLeft']) {
    await page.keyboard.press(key);
    told.push(await words(page));
  }
  assert.equal(await page.locator('figure .words').getAttribute('aria-live'), 'polite');
  assert.match(told[0], /^height: [−-]1\sm at time = [−-]1\ss$/);
  assert.match(told[1], /^height: 0\sm at time = 0\ss$/);
  assert.notEqual(told[2], told[1]);
  assert.equal(told[3], told[1]);
  fine(page);
  await page.context().close();
});

test('48: Table lists the numbers of the CSV, and the CSV has every point of the report', async () => {
  const page = await open(browser, host, `/runs/${long.id}`);
  await page.getByRole('button', { name: 'Table' }).click({ timeout: 60_000 });
  const table = page.getByRole('region', { name: /^Numbers of/ });
  await table.locator('tbody tr').nth(999).waitFor({ timeout: 60_000 });
  const shown = await table.locator('tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent).join(',')));
  const href = await page.getByRole('link', { name: 'CSV' }).getAttribute('href');
  const csv = (await (await host.ask(href)).text()).trimEnd().split(/\r?\n/);
  assert.deepEqual(shown, [csv[0].replaceAll('"', ''), ...csv.slice(1, 1001)]);
  assert.equal(csv.length, MANY + 1);
  const [{ x, ys }] = (await host.get(`/v1/runs/${long.id}`)).report.plots;
  const different = csv.slice(1).findIndex((row, place) => {
    const [at, value] = row.split(',').map(Number);
    return at !== x.values[place] || value !== ys[0].values[place];
  });
  assert.equal(different, -1);
  fine(page);
  await page.context().close();
});
