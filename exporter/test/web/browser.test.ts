import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hash } from '@node-rs/bcrypt';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { OPEN_WEB } from '../../src/config/web-config-file.ts';
import { eventually } from '../exporter-process.ts';
import { fixture, publicationOf } from './fixture.ts';
import { type FixtureKey, KEYS, NOW } from './fixture-keys.ts';
import { type RunningServer, startServer, stopServers } from './web-server.ts';

let browser: Browser;
beforeAll(async () => {
  const found = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' });
  browser = await chromium.launch({
    executablePath: found.stdout.trim(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await stopServers();
});
afterAll(() => browser.close());

/** Opens a page and collects everything the browser complains of, violations of the policy included. */
async function open(server: RunningServer, path = '/', options: BrowserContextOptions = {}) {
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => {
    // A search that the next key stroke replaces is cut off on purpose.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()}`);
  });
  await page.goto(`${server.url}${path}`);
  return { page, complaints };
}

const namesIn = (page: Page): Promise<string[]> => page.locator('table.keys tbody th a').allTextContents();
const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

const EVIL = `"><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`;

test('pages load without a complaint, whatever the log holds', async () => {
  const evil: FixtureKey = {
    id: EVIL,
    tenant: EVIL,
    perMinute: { success: 1 },
    endpoints: [['GET', EVIL, 200, 1]],
  };
  const server = await startServer({}, fixture([...KEYS, evil]));
  for (const path of [
    '/',
    `/?q=${encodeURIComponent(EVIL)}`,
    `/keys/${encodeURIComponent(EVIL)}?tenant=${encodeURIComponent(EVIL)}`,
    '/keys/key_billing_export?tenant=acme',
  ]) {
    const { page, complaints } = await open(server, path);
    await page.waitForLoadState('networkidle');
    expect([path, complaints]).toEqual([path, []]);
    expect(await page.title()).toContain('Atender API keys');
    expect(await page.title()).not.toBe('owned');
  }
});

describe('searching', () => {
  test('filters while typing, keeps the focus, and the address can be shared', async () => {
    const { page, complaints } = await open(await startServer());
    await page.keyboard.press('Tab');
    await page.locator('#q').focus();
    await page.keyboard.type('billing');
    await eventually(async () => expect(await namesIn(page)).toHaveLength(1));
    expect(await namesIn(page)).toEqual(['Billing export']);
    expect(await page.locator('[role=status]').textContent()).toContain('1 key for “billing”');
    expect(await page.evaluate('document.activeElement.id')).toBe('q');
    expect(new URL(page.url()).search).toBe('?q=billing');
    await page.reload();
    expect(await namesIn(page)).toEqual(['Billing export']);
    expect(complaints).toEqual([]);
  });

  test('works without script, as a form', async () => {
    const { page } = await open(await startServer(), '/?state=healthy', { javaScriptEnabled: false });
    await page.fill('#q', 'crm');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/?q=crm&state=healthy');
    expect(await namesIn(page)).toEqual(['CRM sync']);
  });
});

test('sorting is links: a second click turns the order', async () => {
  const { page } = await open(await startServer());
  await page.click('thead >> text=Requests');
  expect((await namesIn(page))[0]).toBe('Billing export');
  await page.click('thead >> text=Requests');
  expect((await namesIn(page)).at(-1)).toBe('Billing export');
  expect(await page.getAttribute('th.requests', 'aria-sort')).toBe('ascending');
});

test('the keyboard reaches the search and a key, and the focus is seen', async () => {
  const { page } = await open(await startServer());
  const focused = () =>
    page.evaluate('document.activeElement.id || document.activeElement.textContent.trim()');
  const tabTo = async (what: string) => {
    for (let i = 0; i < 60 && (await focused()) !== what; i++) await page.keyboard.press('Tab');
    expect(await focused()).toBe(what);
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
  };
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the keys');
  await tabTo('q');
  await tabTo('Leaked in March');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/keys/key_leaked?tenant=acme');
  expect(await page.locator('h1').textContent()).toContain('Leaked in March');
});

test('refreshing takes new figures over, keeps place and focus, and says when the exporter is gone', async () => {
  let now = NOW;
  const server = await startServer({ now: () => now });
  const { page } = await open(server, '/?refresh=5');
  await page.locator('table.keys a', { hasText: 'Backup' }).focus();
  now += 5;
  server.mirror.apply(
    publicationOf(KEYS.map((key) => (key.id === 'key_backup' ? { ...key, perMinute: { success: 3 } } : key))),
  );
  await eventually(async () => expect(await page.textContent('#asof')).toContain('20:26:45'), 20_000);
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Backup');
  await server.server.close(0);
  await eventually(async () => expect(await page.textContent('#asof')).toContain('no answer'), 20_000);
});

describe.each([
  ['light', 1440, 900],
  ['dark', 1440, 900],
  ['light', 1024, 768],
  ['dark', 390, 844],
  ['light', 320, 640],
] as const)('%s, %d pixels wide', (colorScheme, width, height) => {
  const LONG: FixtureKey = {
    id: 'x'.repeat(128),
    tenant: 'y'.repeat(128),
    entry: { name: 'A-name-without-any-place-to-break-it-'.repeat(3), owner: 'z'.repeat(80) },
    perMinute: { success: 20_000, serverErrors: 9_000, throttled: 7_000, forbidden: 4_000 },
    endpoints: [['DELETE', `/v1/${'long-segment-'.repeat(12)}/:id`, 503, 123_456_789]],
  };

  test('nothing sticks out and text stands out', async () => {
    const server = await startServer({}, fixture([...KEYS, LONG]));
    for (const path of [
      '/',
      '/keys/key_billing_export?tenant=acme',
      `/keys/${LONG.id}?tenant=${LONG.tenant}`,
    ]) {
      const { page, complaints } = await open(server, path, { colorScheme, viewport: { width, height } });
      expect([path, await overflow(page)]).toEqual([path, 0]);
      expect([path, await faintTexts(page)]).toEqual([path, []]);
      expect(complaints).toEqual([]);
    }
  });

  test('what a check and a status mean is read without scrolling sideways', async () => {
    const { page } = await open(await startServer(), '/keys/key_billing_export?tenant=acme', {
      colorScheme,
      viewport: { width, height },
    });
    const words = await page.locator('.stacking .words').all();
    expect(words.length).toBeGreaterThan(10);
    for (const box of await Promise.all(words.map((word) => word.boundingBox())))
      expect(box!.x + box!.width).toBeLessThanOrEqual(width);
    expect(await page.getByRole('table').first().getByRole('columnheader').count()).toBe(5);
  });

  test('it is still a table to who hears it', async () => {
    const { page } = await open(await startServer(), '/', { colorScheme, viewport: { width, height } });
    expect(await page.getByRole('row').count()).toBe(KEYS.length + 1);
    expect(await page.getByRole('columnheader').count()).toBe(9);
    expect(await page.getByRole('rowheader', { name: 'CRM sync' }).count()).toBe(1);
    expect(await page.getByRole('cell').count()).toBe(KEYS.length * 8);
  });
});

/** Texts whose contrast to what is behind them is below 4.5 (WCAG 2.2, 1.4.3), with the ratio. */
function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b].reduce((sum, c, i) => {
      const s = c / 255;
      return sum + [0.2126, 0.7152, 0.0722][i] * (s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4);
    }, 0);
    const behind = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const color = channels(getComputedStyle(e).backgroundColor);
        if (color.length < 4 || color[3] === 1) return color;
      }
      return [255, 255, 255];
    };
    const faint = new Set();
    for (const element of document.body.querySelectorAll('*')) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
      if (!own || element.closest('script, noscript')) continue;
      const pair = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))];
      const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
      if (ratio < 4.5) faint.add(element.tagName + '.' + element.className + ' ' + ratio.toFixed(2));
    }
    return [...faint];
  })()`);
}

test('behind basic auth the page and all it loads come with the credentials', async () => {
  const users = { admin: await hash('right', { cost: 4 }) };
  const server = await startServer({ web: { ...OPEN_WEB, users } });
  const { page, complaints } = await open(server, '/', {
    httpCredentials: { username: 'admin', password: 'right' },
  });
  await page.fill('#q', 'crm');
  await eventually(async () => expect(await namesIn(page)).toHaveLength(1));
  expect(await page.evaluate(`getComputedStyle(document.querySelector('.chip')).borderRadius`)).toBe('999px');
  expect(complaints).toEqual([]);
});
