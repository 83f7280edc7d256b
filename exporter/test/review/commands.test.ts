import { appendFileSync, cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium } from 'playwright-core';
import { ENDPOINTS } from '../../src/api/endpoints.ts';
import { endLeftovers, runCommand, startExporter, temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { type Archived, writeArchive } from '../record/parquet.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const NOW = Math.floor(Date.now() / 1000);
const HOSTILE = '<img src=x onerror=alert(1)>"\'`';
const directory = temporaryDirectory();
const file = (name: string) => join(directory.path, name);
const shared = () => [
  ...['--store.path', file('usage.db'), '--keys.file', file('keys.yaml'), '--record.path', file('record')],
];

/** Two callers of the old key, one of which uses the new one too; and a burst of a key that is too small for it. */
function requests(): Archived[] {
  const all: Archived[] = [];
  const from = NOW - 5 * DAY;
  for (let i = 0; i < 100; i++) {
    const at = from + i * HOUR;
    all.push({ at, key: 'key_old', tenant: 'acme', ip: '192.0.2.1', userAgent: 'stays/1' });
    if (i < 60)
      all.push({ at: at + 60, key: 'key_old', tenant: 'acme', ip: '192.0.2.2', userAgent: 'moves/1' });
    else all.push({ at: at + 60, key: 'key_new', tenant: 'acme', ip: '192.0.2.2', userAgent: 'moves/1' });
  }
  return [...all, ...burstOf('key_burst')];
}

function burstOf(key: string): Archived[] {
  // Within a day: each day is replayed by itself.
  const burst = Math.floor(NOW / DAY - 2) * DAY + DAY / 2;
  return Array.from({ length: 200 }, (_, i) => ({
    ...{ at: burst + 30 + i * 0.2, key, tenant: 'acme', status: i < 70 ? 200 : 429 },
  }));
}

beforeAll(async () => {
  const all = requests();
  const logged = [...all, ...burstOf('key_lost')].sort((a, b) => a.at - b.at);
  const line = ({ at, key, tenant, endpoint = '/v1/contacts', status = 200, ip, userAgent }: Archived) =>
    requestLine({
      ...{ timestamp: new Date(at * 1000).toISOString(), keyId: key, tenantId: tenant, endpoint, status },
      ...{ ip, userAgent },
    });
  writeFileSync(file('requests.log'), logged.map(line).join(''));
  writeFileSync(
    file('keys.yaml'),
    `keys:
  - { id: key_old, tenantId: acme, scopes: [contacts:write, tags:read], createdAt: 2026-01-01, rotateEvery: 30d }
  - { id: key_new, tenantId: acme, replaces: key_old, scopes: [contacts:read] }
  - { id: key_burst, tenantId: acme, owner: ${JSON.stringify(HOSTILE)}, name: ${JSON.stringify(`=1+1 ${HOSTILE}`)} }
  - { id: key_silent, tenantId: acme, createdAt: 2020-01-01, thresholds: { stale_seconds: 2d } }
`,
  );
  await writeArchive(file('record'), all);
  const exporter = await startExporter(['--log.path', file('requests.log'), ...shared()]);
  await exporter.ready();
  const { status, text } = await fetch(`${exporter.url}/api/v1/review`).then(async (answer) => ({
    status: answer.status,
    text: await answer.text(),
  }));
  expect(status).toBe(200);
  answered = ENDPOINTS.review.answer.parse(JSON.parse(text));
  for (let cursor: string | null = ''; cursor !== null && paged.length < 10; ) {
    const page = await fetch(`${exporter.url}/api/v1/review?limit=2&cursor=${cursor}`);
    paged.push(ENDPOINTS.review.answer.parse(await page.json()));
    cursor = paged.at(-1)?.next ?? null;
  }
  await exporter.end('SIGTERM');
}, 60_000);
afterAll(() => {
  endLeftovers();
  directory.remove();
});
let answered: ReturnType<typeof ENDPOINTS.review.answer.parse>;
const paged: (typeof answered)[] = [];
const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand([...args, ...shared()]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

describe('review', () => {
  test('gives each key its verdict, most pressing first, and is the same from the API', async () => {
    const made = JSON.parse(await output('review', '--format', 'json'));
    const { next, ...whole } = answered;
    expect(next).toBeNull();
    expect(timeless(made)).toEqual(timeless(whole));
    const verdicts = made.keys.map(({ id, verdict }: { id: string; verdict: string }) => `${id} ${verdict}`);
    expect(verdicts).toEqual([
      'key_silent revoke',
      'key_old rotate',
      'key_burst change tier',
      'key_lost keep',
      'key_new keep',
    ]);
  });

  test('comes in pages, together what it says of all keys', () => {
    expect(paged.map(({ keys }) => keys.length).every((keys) => keys <= 2)).toBe(true);
    const keys = paged.flatMap((page) => timeless(page).keys).sort(byId);
    expect(keys).toEqual(timeless(answered).keys.sort(byId));
    expect(paged.map(({ completeness }) => completeness)).toEqual(paged.map(() => answered.completeness));
  });

  test('replays the archived requests against each tier', () => {
    const { tiers, throttled } = answered.keys.find(({ id }) => id === 'key_burst')!;
    expect(throttled).toBe(130);
    // 60 a minute and a burst of 10 let 70 of 200 within a minute through.
    expect(tiers).toEqual([
      { tier: 'starter', refused: 130, exact: true },
      { tier: 'professional', refused: 0, exact: true },
      { tier: 'enterprise', refused: 0, exact: true },
    ]);
  });

  test('says at least how many where the archive has the day of other keys, and not all of this one', () => {
    const { tiers } = answered.keys.find(({ id }) => id === 'key_lost')!;
    expect(tiers[0]).toEqual({ tier: 'starter', refused: 80, exact: false });
  });

  test('without an archive says at least how many, and that it is no more than that', async () => {
    const { stdout } = await runCommand([
      ...['review', '--format', 'json', '--store.path', file('usage.db'), '--keys.file', file('keys.yaml')],
      ...['--record.path', file('none')],
    ]);
    const { keys, completeness, manifest } = JSON.parse(stdout);
    expect([completeness.daysArchived, manifest]).toEqual([0, null]);
    const { tiers } = keys.find(({ id }: { id: string }) => id === 'key_burst');
    // The burst lies in two calendar minutes, 150 of it in the first.
    expect(tiers[0]).toEqual({ tier: 'starter', refused: 80, exact: false });
  });

  test('as a page shows hostile names as text, asks the network for nothing, and prints on A4', async () => {
    writeFileSync(file('review.html'), await output('review'));
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      const noise: string[] = [];
      page.on('console', (message) => noise.push(message.text()));
      page.on('dialog', (dialog) => noise.push(dialog.message()));
      page.on('request', (request) => noise.push(request.url()));
      await page.goto(`file://${file('review.html')}`);
      expect(noise).toEqual([`file://${file('review.html')}`]);
      expect(await page.locator('img, script, link, iframe').count()).toBe(0);
      expect(await page.locator('h2').allTextContents()).toContainEqual(expect.stringContaining(HOSTILE));
      expect(await page.locator('.sign dt').allTextContents()).toEqual(['Reviewer', 'Date', 'Signature']);
      const plots = page.locator('svg.bars');
      expect(await plots.count()).toBe(10);
      const drawn = async () => Promise.all((await plots.all()).map((plot) => plot.screenshot()));
      const withBars = await drawn();
      await page.addStyleTag({ content: '.bars { stroke: none !important; }' });
      const empty = await drawn();
      expect(withBars.filter((plot, i) => plot.equals(empty[i])).length).toBe(2);
      const width = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect(width).toBeLessThanOrEqual(0);
      const printed = await page.pdf({ preferCSSPageSize: true });
      expect(printed.toString('latin1')).toMatch(/MediaBox \[0 0 59[45][.\d]* 84[12]/);
    } finally {
      await browser.close();
    }
  }, 30_000);

  test('as CSV and Markdown leaves nothing for a spreadsheet or a renderer to run', async () => {
    expect(await output('review', '--format', 'csv')).toContain(`"'=1+1 <img src=x onerror=alert(1)>""'\``);
    expect(await output('review', '--format', 'md')).toContain('\\<img src=x onerror=alert\\(1\\)\\>');
  });

  test('of a quarter long before any record is an empty one', async () => {
    for (const [quarter, days] of [
      ['1105Q4', 92],
      ['1000Q1', 90],
    ] as const) {
      const made = JSON.parse(await output('review', '--quarter', quarter, '--format', 'json'));
      expect(made.completeness).toMatchObject({ days, daysWithData: 0, daysArchived: 0 });
    }
  });

  test('of a quarter that is none, or has not begun, is refused', async () => {
    const error = async (...args: string[]) => (await runCommand(['review', ...args, ...shared()])).stderr;
    expect(await error('--quarter', '2026')).toContain('write it as 2026Q4');
    expect(await error('--quarter', '2999Q1')).toContain('has not begun');
    expect(await error('--format', 'pdf')).toContain('is none of html, md, csv, json');
  });
});

/** Without what names an age, which is another one a moment later. */
const timeless = ({ keys, asOf: _, ...review }: Omit<typeof answered, 'next'>) => ({
  ...review,
  keys: keys.map(({ findings: _, ...key }) => key),
});

describe('key explain', () => {
  interface Radius {
    verdict: string;
    safeAfter: string;
    callers: { ip: string; userAgent: string; requests: number; longestGap: number; moved: boolean }[];
    stragglers: { ip: string }[];
    missing: string[];
  }

  test('names the callers of a key with their calls, the stragglers of its rotation, and when it is safe', async () => {
    const radius: Radius = JSON.parse(await output('key', 'explain', 'key_old', '--format', 'json'));
    expect(radius.callers).toMatchObject([
      { ip: '192.0.2.1', userAgent: 'stays/1', requests: 100, longestGap: HOUR, moved: false },
      { ip: '192.0.2.2', userAgent: 'moves/1', requests: 60, moved: true },
    ]);
    const last = NOW - 5 * DAY + 99 * HOUR;
    expect(Date.parse(radius.safeAfter) / 1000).toBe(last + 2 * DAY);
    expect(radius.stragglers.map(({ ip }) => ip)).toEqual(['192.0.2.1']);
    expect(radius.verdict).toContain('Move them to key_new first.');
    const text = await output('key', 'explain', 'key_old');
    expect(text).toContain('192.0.2.1  stays/1');
    expect(text).toContain('replaced by key_new: 1 straggler');
  });

  test('without an archive tells the addresses and says what is not known', async () => {
    const { stdout } = await runCommand([
      ...['key', 'explain', 'key_old', '--format', 'json', '--store.path', file('usage.db')],
      ...['--keys.file', file('keys.yaml'), '--record.path', file('none')],
    ]);
    const radius: Radius = JSON.parse(stdout);
    expect(radius.callers.map(({ ip }) => ip)).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(radius.missing[0]).toContain('there is no archive of single requests');
  });

  test('sees the requests that are not sealed yet, and says how many it does not see', async () => {
    const own = ['--store.path', file('unsealed.db'), '--record.path', file('unsealed')];
    const request = (at: number, ip: string) =>
      requestLine({ timestamp: new Date(at * 1000).toISOString(), keyId: 'key_new', ip });
    writeFileSync(file('unsealed.log'), request(NOW - 60, '192.0.2.7'));
    const explained = async (archive: 'on' | 'off'): Promise<Radius> => {
      const exporter = await startExporter([
        ...['--log.path', file('unsealed.log'), '--record.archive', archive, ...own],
      ]);
      await exporter.ready();
      await exporter.end('SIGTERM');
      return JSON.parse((await runCommand(['key', 'explain', 'key_new', '--format', 'json', ...own])).stdout);
    };
    const { callers, missing } = await explained('on');
    expect(callers).toMatchObject([{ ip: '192.0.2.7', requests: 1, userAgent: '' }]);
    expect(missing.join()).not.toContain('who sent the others');
    appendFileSync(file('unsealed.log'), request(NOW - 50, '192.0.2.8'));
    expect((await explained('off')).missing).toContain(
      'the archive holds 1 of the 2 requests that were counted; who sent the others is not known.',
    );
  }, 60_000);

  test('of a damaged archive says in a line which file it is', async () => {
    const damaged = file('damaged');
    cpSync(file('record'), damaged, { recursive: true });
    const name = readdirSync(damaged, { recursive: true, encoding: 'utf8' }).find((path) =>
      path.endsWith('.parquet'),
    ) as string;
    writeFileSync(join(damaged, name), 'PAR1 no more PAR1');
    const { code, stderr } = await runCommand([
      ...['key', 'explain', 'key_old', '--store.path', file('usage.db'), '--record.path', damaged],
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[^\n]*all\.parquet[^\n]*; if a file is damaged, audit verify names it\n$/);
  });

  test('of a key that was never used says that nothing would break', async () => {
    expect(await output('key', 'explain', 'key_silent')).toContain('Nothing would break: it was never used');
  });
});
