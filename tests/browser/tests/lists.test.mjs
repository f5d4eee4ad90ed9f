import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { fine, fits, launch, open, picture, until } from '../browser.mjs';
import { Host } from '../host.mjs';

let host, browser, runs;
before(async () => {
  [host, browser] = await Promise.all([Host.start({ plugins: ['octave_script', 'heat_equation'] }), launch()]);
  runs = [
    await host.run('heat-equation', { time_s: 2 }),
    await host.run('heat-equation', { time_s: 3 }),
    await host.octave('error("no");'),
  ];
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

const listed = (page) => page.locator('main tbody tr td:nth-child(2) a').evaluateAll((links) => links.map((link) => link.href.split('/').at(-1)));

test('51: filters are in the address, survive reload and Back, and the list is what the interface answers', async () => {
  const page = await open(browser, host, '/runs');
  await page.getByRole('button', { name: 'failed', exact: true }).click();
  await page.waitForURL(/state=failed/);
  await until('the list is filtered', async () => (await listed(page)).length === 1);
  await page.reload();
  await until('it is still', async () => (await listed(page)).length === 1);
  const answered = (await host.get('/v1/runs?state=failed')).runs.map(({ id }) => id);
  assert.deepEqual(await listed(page), answered);
  await page.getByRole('link', { name: (await listed(page))[0].slice(-12) }).click();
  await page.waitForURL(/\/runs\//);
  await page.goBack();
  await page.waitForURL(/state=failed/);
  await until('and after Back', async () => (await listed(page)).length === 1);
  await page.getByLabel('Pipeline', { exact: true }).selectOption('heat-equation');
  await page.getByText('No run is like this').waitFor();
  fine(page);
  await page.context().close();
});

test('52: a row opens in a new tab by the middle button and by the keyboard', async () => {
  const page = await open(browser, host, '/runs');
  const row = page.locator('main tbody tr td:nth-child(2) a').first();
  await row.waitFor();
  for (const act of [() => row.click({ button: 'middle' }), () => row.press('Control+Enter'), () => row.click({ modifiers: ['Control'] })]) {
    const opened = page.context().waitForEvent('page');
    await act();
    const tab = await opened;
    await tab.waitForURL(/\/runs\/[0-9a-f-]{36}/);
    await tab.close();
    assert.match(page.url(), /\/runs$/);
  }
  await page.context().close();
});

test('53: two runs are ticked and compared', async () => {
  const page = await open(browser, host, '/runs?pipeline=heat-equation');
  await page.locator('main tbody input[type=checkbox]').first().check();
  await page.locator('main tbody input[type=checkbox]').nth(1).check();
  await page.getByRole('link', { name: 'Compare' }).click();
  await page.waitForURL(/\/compare\?runs=/);
  fine(page);
  await page.context().close();
});

test('a failed run tells what happened, where, what was said last, and leads to its form', async () => {
  const page = await open(browser, host, `/runs/${runs[2].id}`);
  await page.getByLabel('Why it failed').waitFor();
  await page.getByLabel('The last lines of its output').getByText('error: no').waitFor();
  await page.getByLabel('Why it failed').getByRole('link', { name: 'Change and run' }).click();
  await page.waitForURL(/new\?from=/);
  assert.equal(await page.getByLabel('Program text').inputValue(), 'error("no");');
  await page.context().close();
});

test('7, 50: what a hostile run leaves is shown as text, and runs nothing', async () => {
  const evil = '<img src=x onerror=alert(1)>';
  const script = [
    'f = fopen("page.html", "w"); fputs(f, "<script>alert(1)</script>"); fclose(f);',
    'f = fopen("drawing.svg", "w"); fputs(f, "<svg xmlns=\\"http://www.w3.org/2000/svg\\" onload=\\"alert(1)\\"><script>alert(2)</script></svg>"); fclose(f);',
    `f = fopen("result.json", "w"); fputs(f, jsonencode(struct("text", "${evil}"))); fclose(f);`,
    `printf("%s\\n", "${evil}");`,
  ].join('\n');
  const misled = await host.ask('/v1/pipelines/octave-script/runs', { method: 'POST', json: { params: { script }, name: 'a\u202egnp.exe' } });
  assert.equal(misled.status, 422);
  const run = await host.octave(script, {}, { name: evil });
  const page = await open(browser, host, `/runs/${run.id}`);
  await page.getByText(evil).first().waitFor();
  await page.goto(`${host.url}/runs/${run.id}?tab=files&file=page.html`);
  await page.getByText('<script>alert(1)</script>').waitFor();
  await page.goto(`${host.url}/runs/${run.id}?tab=files&file=drawing.svg`);
  await page.locator('img[alt="drawing.svg"]').waitFor();
  await page.goto(`${host.url}/runs/${run.id}?tab=log`);
  await page.getByText(evil).first().waitFor();
  assert.equal(await page.evaluate(() => document.querySelectorAll('img[src="x"]').length), 0);
  await picture(page, 'hostile-run');
  fine(page);
  await page.context().close();
});

test('7: a plugin whose title, description, fields and examples hold markup and long words runs nothing', async () => {
  const page = await open(browser, host, '/pipelines');
  const long = 'x'.repeat(10_000);
  await page.route('**/v1/pipelines/heat-equation', async (route) => {
    const manifest = await (await route.fetch()).json();
    manifest.title = `<img src=x onerror=alert(1)> \u202egnp.exe ${long}`;
    manifest.description = `# <script>alert(1)</script>\n[x](javascript:alert(1)) ![i](https://elsewhere.example/x.png) <img src=x onerror=alert(1)>\n\n<svg onload=alert(1)>\n\n${long}`;
    Object.assign(manifest.params_schema.properties.width_m, { title: `<b>bold</b>${long}`, description: `\`${long}\`` });
    manifest.examples[0].name = `<i>${long}`;
    await route.fulfill({ json: manifest });
  });
  for (const width of [1280, 320]) {
    for (const where of ['/pipelines/heat-equation', '/pipelines/heat-equation/new']) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(host.url + where);
      await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
      assert.equal(await page.locator('main img, main script, main svg[onload], main a[href^="javascript"]').count(), 0);
      await fits(page);
    }
  }
  fine(page);
  await page.context().close();
});

test('49: of a table of 500 MB the head is asked for by range, and at most 1 MB is moved', async () => {
  const script = 'f = fopen("big.csv", "w"); fputs(f, "t,x\\n"); rows = repmat("1.25,3.5\\n", 1, 1e6); for i = 1:56; fputs(f, rows); end; fclose(f);';
  const run = await host.octave(script, { scratch_mib: 700, memory_mib: 1024 });
  assert.equal(run.state, 'succeeded', JSON.stringify(run.error));
  const page = await open(browser, host, '/pipelines');
  let moved = 0;
  page.on('response', async (response) => {
    if (!response.url().includes('/artifacts/')) return;
    assert.equal(response.status(), 206);
    moved += Number(response.headers()['content-length'] ?? 0);
  });
  // The page may show what came before this side hears that it did.
  const heard = page.waitForResponse((response) => response.url().includes('/artifacts/'));
  await page.goto(`${host.url}/runs/${run.id}?tab=files&file=big.csv`);
  await page.getByText(/The first 65\.5 kB of 504 MB/).waitFor();
  await heard;
  assert.ok(moved > 0 && moved <= 1_000_000, `${moved} bytes`);
  await page.context().close();
});

test('43: what is downloaded of a log is the artifact', async () => {
  const run = await host.octave('for i = 1:1000; printf("line %d + < &\\n", i); end');
  const [call] = (await host.get(`/v1/runs/${run.id}/calls`)).calls;
  const log = call.result.stdout_log;
  const bytes = Buffer.from(await (await host.ask(`/v1/runs/${run.id}/artifacts/${log.sha256}`)).arrayBuffer());
  assert.equal(createHash('sha256').update(bytes).digest('hex'), log.sha256);
  const page = await open(browser, host, `/runs/${run.id}?tab=log&stream=stdout`);
  const link = page.getByRole('link', { name: /download|whole|save/i }).first();
  await link.waitFor();
  assert.match(await link.getAttribute('href'), new RegExp(log.sha256));
  await page.context().close();
});
