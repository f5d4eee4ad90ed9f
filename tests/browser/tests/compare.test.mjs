import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accessible, fine, launch, open, picture, until } from '../browser.mjs';
import { Host } from '../host.mjs';

let host, browser, heat, drawn, other;
before(async () => {
  [host, browser] = await Promise.all([Host.start({ plugins: ['heat_equation', 'drawing'] }), launch()]);
  heat = [await host.run('heat-equation', { time_s: 2 }), await host.run('heat-equation', { time_s: 3 })];
  drawn = [];
  for (const level of [2, 2.5, 2.2]) drawn.push(await host.run('drawing', { level }, { name: `level ${level}`, seed: 7 }));
  other = await host.run('drawing', { level: 2, unit: 'K' }, { name: 'in kelvin' });
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

const compare = (runs, more = '') => `/compare?runs=${runs.map(({ id }) => id).join(',')}${more}`;
const sideBySide = (page) => page.getByRole('region', { name: 'Runs side by side' });
/** The rows of a group, as the names of their fields. */
async function rows(page, group) {
  const body = sideBySide(page).locator('tbody').filter({ has: page.getByRole('rowheader', { name: group, exact: true }) });
  return body.locator('tr:not(.group) th[scope=row]').allInnerTexts();
}
/** What stands in a row of a group: the cells of the runs, in their order. */
async function cells(page, group, field) {
  const body = sideBySide(page).locator('tbody').filter({ has: page.getByRole('rowheader', { name: group, exact: true }) });
  const row = body.locator('tr').filter({ has: page.getByRole('rowheader', { name: field }) });
  return (await row.locator('td').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
}

test('53: two runs that differ in one parameter have one such row, and the toggle shows all', async () => {
  const page = await open(browser, host, '/runs?pipeline=heat-equation');
  for (const place of [0, 1]) await page.locator('main tbody input[type=checkbox]').nth(place).check();
  await page.getByRole('link', { name: 'Compare' }).click();
  await page.waitForURL(/\/compare\?runs=/);
  await sideBySide(page).waitFor();
  const differing = await rows(page, 'Parameters');
  assert.equal(differing.length, 1);
  assert.match(differing[0], /^time_s/);
  await page.getByRole('checkbox', { name: 'Only what differs' }).uncheck();
  const all = Object.keys((await host.get('/v1/pipelines/heat-equation')).params_schema.properties).length;
  await until('all parameters are shown', async () => (await rows(page, 'Parameters')).length >= all);
  await accessible(page);
  fine(page);
  await page.context().close();
});

test('53: of real curves each run has one, and what is farthest from the base is told', async () => {
  const page = await open(browser, host, compare(heat));
  await page.getByRole('application').first().waitFor();
  await page.getByText(/farthest from the base by/).first().waitFor();
  await picture(page, 'compare-heat');
  fine(page);
  await page.context().close();
});

test('54: deltas are signed, relative to the chosen base, and a tolerance marks what is outside of it', async () => {
  const page = await open(browser, host, compare(drawn));
  await sideBySide(page).waitFor();
  const [base, more, less] = await cells(page, 'Outcome', /^level/);
  assert.equal(base, '2 m');
  assert.match(more, /^2\.5 m \+0\.5 ?\(\+25 ?%\)$/);
  assert.match(less, /^2\.2 m \+0\.2\d* ?\(\+10(\.0)? ?%\)$/);
  const outside = () => sideBySide(page).locator('td.outside').evaluateAll((marked) => marked.map((cell) => [...cell.parentElement.children].indexOf(cell)));
  assert.deepEqual(new Set(await outside()), new Set([2, 3]));

  const tolerance = page.getByLabel('Tolerance, relative');
  await tolerance.fill('0.2');
  await tolerance.press('Enter');
  await page.waitForURL(/tolerance=0\.2/);
  await until('the third run is within', async () => new Set(await outside()).size === 1);
  assert.deepEqual(await outside(), [2, 2, 2], 'the parameter and two numbers of the outcome');

  await sideBySide(page).getByRole('button', { name: 'As base' }).first().click();
  await page.waitForURL(new RegExp(`base=${drawn[1].id}`));
  await until('the base is another', async () => /^2 m [−-]0\.5 ?\([−-]20 ?%\)$/.test((await cells(page, 'Outcome', /^level/))[0]));
  fine(page);
  await page.context().close();
});

test('55: curves of unlike units are not laid over each other, and the reason is shown', async () => {
  const page = await open(browser, host, compare([drawn[0], other]));
  await page.getByRole('application', { name: /^A curve/ }).waitFor();
  const legend = await page.locator('figure .legend').allInnerTexts();
  assert.deepEqual(legend.map((text) => text.trim()), ['level 2']);
  await page.locator('figure').getByText(/in kelvin: .*\bK\b/).waitFor();
  await picture(page, 'compare-units');
  fine(page);
  await page.context().close();
});
