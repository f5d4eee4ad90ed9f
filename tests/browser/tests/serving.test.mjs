import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { accessible, fine, fits, launch, open, picture, until } from '../browser.mjs';
import { Host } from '../host.mjs';

let host, browser, good, failed;
before(async () => {
  [host, browser] = await Promise.all([Host.start(), launch()]);
  good = await host.run('heat-equation', { time_s: 2 });
  failed = await host.octave('fprintf(stderr, "line %d\\n", 1:30); error("no pump is called P7");');
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

const screens = () => [
  ['start', '/', 'Start'],
  ['pipelines', '/pipelines', 'Pipelines'],
  ['pipeline', '/pipelines/heat-equation', 'Heat conduction in a rectangular plate'],
  ['new-run', '/pipelines/octave-script/new', 'New run of Your own Octave program'],
  ['new-sweep', '/pipelines/heat-equation/sweep', undefined],
  ['run', `/runs/${good.id}`, 'Heat conduction in a rectangular plate'],
  ['run-calls', `/runs/${good.id}?tab=calls`, undefined],
  ['run-log', `/runs/${failed.id}?tab=log&stream=stderr`, undefined],
  ['run-events', `/runs/${good.id}?tab=events`, undefined],
  ['run-parameters', `/runs/${good.id}?tab=parameters`, undefined],
  ['run-files', `/runs/${good.id}?tab=files&file=field.csv`, undefined],
  ['failed-run', `/runs/${failed.id}`, 'Your own Octave program'],
  ['runs', '/runs', 'Runs'],
  ['compare', `/compare?runs=${good.id},${failed.id}`, undefined],
  ['sweeps', '/sweeps', undefined],
  ['plugins', '/plugins', undefined],
  ['version', '/plugins/heat-equation/1.0.0', undefined],
  ['system', '/system', undefined],
  ['sign-in', '/sign-in', undefined],
];

/** Waits until a screen has what it asked for. */
async function settled(page) {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.waitForFunction(() => !/^(Loading…|asking…)/m.test(document.body.innerText));
  await page.waitForTimeout(300);
}

for (const scheme of ['light', 'dark']) {
  test(`1, 2, 5, 65: a tour of all screens breaks no policy, leaves no origin, and axe finds nothing (${scheme})`, async (t) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: scheme });
    for (const [name, where, title] of screens()) {
      await t.test(name, async () => {
        const page = await open(browser, host, where, { context });
        await settled(page);
        if (title) assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), title);
        await picture(page, `${name}-${scheme}`);
        await accessible(page);
        fine(page);
        await page.close();
      });
    }
    await context.close();
  });
}

test('1: the page comes with a policy and trusted types', async () => {
  const answer = await host.ask('/', { headers: { accept: 'text/html' } });
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /require-trusted-types-for 'script'/);
  assert.equal(answer.status, 200);
});

/** Bytes over the wire of the page's own files that were asked for before `words` were shown. */
async function transferred(fresh, words) {
  const context = await browser.newContext();
  await context.addInitScript((words) => {
    new MutationObserver((_, observer) => {
      if (!document.body?.textContent.includes(words)) return;
      window.shownAt = Date.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
  }, words);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const asked = new Map();
  await session.send('Network.enable');
  session.on('Network.requestWillBeSent', ({ requestId, wallTime, request }) => asked.set(requestId, { at: wallTime * 1000, url: request.url, size: 0 }));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => asked.has(requestId) && (asked.get(requestId).size = encodedDataLength));
  await page.goto(fresh.url);
  await page.getByText(words).waitFor();
  await page.waitForLoadState('load');
  const shownAt = await page.evaluate(() => window.shownAt);
  const files = [...asked.values()].filter(({ at, url }) => at <= shownAt && !new URL(url).pathname.startsWith('/v1'));
  await context.close();
  assert.ok(files.length > 2 && files.every(({ size }) => size > 0), JSON.stringify(files));
  return files;
}

test('3: the first view of a fresh host transfers at most 40 kB before its content is shown', async (t) => {
  const fresh = await Host.start({ plugins: [] });
  try {
    const files = await transferred(fresh, 'From a plugin to a first result');
    for (const { url, size } of files) t.diagnostic(`${size} ${url}`);
    const all = files.reduce((sum, { size }) => sum + size, 0);
    assert.ok(all <= 40_000, `the first view: ${all} bytes`);
  } finally {
    await fresh.stop();
  }
});

test('4: an unknown route is a problem document for a browser too', async () => {
  const answer = await host.ask('/v1/nothing', { headers: { accept: 'text/html' } });
  assert.equal(answer.status, 404);
  assert.match(answer.headers.get('content-type'), /problem\+json/);
});

test('8: what cargo built where Node cannot be called serves the page as it is committed', async () => {
  // The builds of this suite see a Node that refuses to work; this host sees none either.
  assert.throws(() => execFileSync('node', ['--version'], { env: { PATH: process.env.SIMULAY_BUILD_PATH }, stdio: 'ignore' }));
  const alone = await Host.start({ plugins: [], environment: { PATH: process.env.SIMULAY_BUILD_PATH } });
  try {
    const dist = new URL('../../../host/page/dist/', import.meta.url);
    for (const name of await readdir(new URL('assets/', dist))) {
      const answer = await alone.ask(`/assets/${name}`);
      assert.equal(answer.status, 200, name);
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), await readFile(new URL(`assets/${name}`, dist)), name);
    }
    const page = await open(browser, alone, '/');
    await page.getByRole('heading', { level: 1, name: 'Start' }).waitFor();
    fine(page);
    await page.context().close();
  } finally {
    await alone.stop();
  }
});

test('6: behind a proxy under a path a run is started, followed and downloaded', async () => {
  const behind = await Host.start({ plugins: ['octave_script'], environment: { SIMULAY__SERVER__BASE_PATH: '/sim' } });
  const proxy = http.createServer((request, response) => {
    if (!request.url.startsWith('/sim')) return response.writeHead(404).end();
    const onward = http.request(behind.url + (request.url.slice(4) || '/'), { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const shown = { url: `http://127.0.0.1:${proxy.address().port}` };
  try {
    const page = await open(browser, shown, '/sim/pipelines/octave-script/new');
    await page.getByLabel('Program text').fill('x = fopen("a.txt", "w"); fputs(x, "made"); fclose(x);');
    await page.getByRole('complementary').getByRole('button', { name: /^Run/ }).click();
    await page.waitForURL(/\/sim\/runs\//);
    await page.getByText('succeeded').first().waitFor();
    await page.getByRole('link', { name: /^Files/ }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download a.txt' }).first().click();
    assert.equal((await download).suggestedFilename(), 'a.txt');
    fine(page);
    await page.close();
  } finally {
    proxy.closeAllConnections();
    proxy.close();
    await behind.stop();
  }
});

test('67: at 320 px no screen scrolls sideways', async (t) => {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  for (const [name, where] of screens()) {
    await t.test(name, async () => {
      const page = await open(browser, host, where, { context });
      await settled(page);
      await picture(page, `${name}-phone`);
      await fits(page);
      await page.close();
    });
  }
  await context.close();
});

test('68: with text of 200 % no screen scrolls sideways', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  for (const [, where] of screens()) {
    const page = await open(browser, host, where, { context });
    const session = await context.newCDPSession(page);
    await session.send('Runtime.evaluate', { expression: "document.documentElement.style.fontSize = '200%'" });
    await settled(page);
    await fits(page);
    await page.close();
  }
  await context.close();
});

test('70: without JavaScript a sentence points to the interface and the command line', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(host.url);
  assert.match(await page.locator('.noscript').innerText(), /simulay --help/);
  await page.getByRole('link', { name: 'the REST interface' }).click();
  await page.waitForURL(/\/docs$/);
  await context.close();
});

test('68: with reduced motion nothing moves', async () => {
  const page = await open(browser, host, `/runs/${good.id}`, { reducedMotion: 'reduce' });
  await settled(page);
  const moving = await page.evaluate(() => document.getAnimations().length);
  assert.equal(moving, 0);
  await page.context().close();
});

test('30: while cut off the page says so with the time of the last news, and comes back by itself', async () => {
  const page = await open(browser, host, '/runs');
  await settled(page);
  await host.kill();
  await until('the page says that it is cut off', () => page.getByText('Cut off from the host').isVisible());
  await host.serve();
  await until('the page is back', async () => !(await page.getByText('Cut off from the host').isVisible()), 45_000);
  await page.context().close();
});
