import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { CAUGHT_UP_WITHIN } from '../../src/health/pipeline.ts';
import { NO_KEY, OTHER } from '../../src/health/pseudo-keys.ts';
import { STATE_NAMES, STATES } from '../../src/health/states.ts';
import { fixture, manyKeys } from './fixture.ts';
import type { FixtureKey } from './fixture-keys.ts';
import { KEYS, NOW } from './fixture-keys.ts';
import { ask, type RunningServer, startServer, stopServers } from './web-server.ts';

afterEach(stopServers);

const pageOf = async (server: RunningServer, path = '/') => (await ask(server, path)).body;
/** Ids of the keys in the order in which the list shows them. */
const listed = (page: string): string[] =>
  [...page.matchAll(/role="rowheader"><a href="\/keys\/([^?"]*)/g)].map(([, id]) => decodeURIComponent(id));
const rowOf = (page: string, id: string): string =>
  page.split('<tr role="row"').find((row) => row.includes(`/keys/${id}?`)) ?? '';
const textOf = (markup: string): string =>
  markup
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

describe('the list', () => {
  test('shows every state the fixture is there for, with its reason in words', async () => {
    const page = await pageOf(await startServer());
    for (const { id, shows } of KEYS) {
      const state = /class="badge \w+">([^<]*)<\/span><span class="reason">([^<]*)/.exec(rowOf(page, id));
      expect([id, state?.[1]]).toEqual([id, STATES[shows!].title]);
      expect(state?.[2].length).toBeGreaterThan(20);
    }
    const shown = STATE_NAMES.filter((state) => KEYS.some(({ shows }) => shows === state));
    expect(STATE_NAMES.filter((state) => !shown.includes(state))).toEqual(['blind', 'unknown']);
  });

  test('begins with the worst', async () => {
    const states = listed(await pageOf(await startServer())).map(
      (id) => KEYS.find((key) => key.id === id)?.shows,
    );
    const ranks = states.map((state) => STATE_NAMES.indexOf(state!));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(states[0]).toBe('revoked_used');
  });

  test('has last use as relative and absolute time, figures of the hour, and a chart that also speaks', async () => {
    const row = rowOf(await pageOf(await startServer()), 'key_voice_bridge');
    const when = new Date((NOW - 8_040) * 1000).toISOString();
    expect(row).toContain(
      `<time datetime="${when}" title="${when.slice(0, 10)} ${when.slice(11, 19)} UTC">2 h 14 min ago</time>`,
    );
    const throttled = textOf(rowOf(await pageOf(await startServer()), 'key_billing_export'));
    expect(throttled).toMatch(
      /Billing export key_billing_export · acme production · starter · finance@example.com/,
    );
    expect(throttled).toMatch(/ 4 s ago 3,117 83\.54 % 513 0 0 4$/);
    expect(rowOf(await pageOf(await startServer()), 'key_billing_export')).toMatch(
      /<svg [^>]*role="img" aria-label="3,117 requests in the last hour, 513 of them errors, at most \d+ in a minute"/,
    );
  });

  test('lists keys of the keys file that were never seen, and says of others that it does not know them', async () => {
    const { registry } = fixture();
    const server = await startServer({}, { mirror: fixture([KEYS[0]]).mirror, registry });
    const page = await pageOf(server);
    expect(listed(page)).toHaveLength(KEYS.length - 1);
    expect(rowOf(page, 'key_pilot')).toContain('No recorded use');
    expect(textOf(rowOf(await pageOf(await startServer()), 'sa_live_3fa1c09be27d'))).toContain(
      'not in the keys file',
    );
  });

  test('only what is whole says 100 %', async () => {
    const key: FixtureKey = { id: 'key_a', perMinute: { success: 1000 } };
    const { mirror, registry } = fixture([key]);
    mirror.facts[0]!.minutes.counts[6 * 60 + 59] = 1;
    expect(textOf(await pageOf(await startServer({}, { mirror, registry })))).toContain(' 99.99 % ');
  });

  test('says since when requests are counted, and counts those without a key apart', async () => {
    const pseudo: FixtureKey[] = [
      { id: NO_KEY, tenant: '', endpoints: [['GET', '/', 401, 12]] },
      { id: OTHER, tenant: '', endpoints: [['GET', '/', 200, 7]] },
    ];
    const page = await pageOf(await startServer({}, fixture([...KEYS, ...pseudo])));
    expect(listed(page)).not.toContain(NO_KEY);
    expect(textOf(page)).toContain('12 requests without a key');
    expect(textOf(page)).toContain('7 requests of keys beyond the limits');
    expect(textOf(page)).toContain('The oldest request counted is of 34 d ago 2026-04-24');
  });
});

describe('finding keys', () => {
  test('by words in name, id, owner, tenant, tier and environment', async () => {
    const server = await startServer();
    const found = async (q: string) => listed(await pageOf(server, `/?q=${encodeURIComponent(q)}`)).sort();
    expect(await found('BILLING')).toEqual(['key_billing_export']);
    expect(await found('finance')).toEqual(['key_billing_export']);
    expect(await found('sandbox enterprise')).toEqual(['key_importer']);
    expect(await found('beta')).toEqual(['sa_live_3fa1c09be27d']);
    expect(await found('no such thing')).toEqual([]);
    expect(await pageOf(server, '/?q=no+such+thing')).toContain('Show all keys');
  });

  test('by a raw key, which finds its masked form and is never shown', async () => {
    const raw = ['sa', 'live', 'an-invented-secret-of-a-test'].join('_');
    const { maskText } = await import('../../src/parse/masking.ts');
    const server = await startServer(
      {},
      fixture([{ id: maskText(raw), perMinute: { success: 1 } }, KEYS[0]]),
    );
    const page = await pageOf(server, `/?q=${raw}`);
    expect(listed(page)).toEqual([maskText(raw)]);
    expect(page).not.toContain(raw);
    expect(await pageOf(server, `/keys/${raw}?tenant=acme`)).not.toContain(raw);
  });

  test('by state, with how many there are of each', async () => {
    const server = await startServer();
    const page = await pageOf(server, '/?state=rotating');
    expect(listed(page).sort()).toEqual(['key_mobile_2025', 'key_mobile_2026']);
    expect(page).toMatch(/href="\/\?state=rotating" aria-current="true">Rotating <b>2<\/b>/);
    expect(page).toMatch(/href="\/\?state=healthy">Healthy <b>3<\/b>/);
    expect(textOf(page)).toContain('10 of 20 keys need attention');
  });

  test('sorted by any column, both ways, said in aria-sort', async () => {
    const server = await startServer();
    const byRequests = await pageOf(server, '/?sort=requests');
    expect(listed(byRequests)[0]).toBe('key_billing_export');
    expect(byRequests).toMatch(/aria-sort="descending"><a href="\/\?sort=-requests"/);
    const reversed = await pageOf(server, '/?sort=-requests');
    expect(listed(reversed).at(-1)).toBe('key_billing_export');
    expect(reversed).toMatch(/aria-sort="ascending"><a href="\/\?sort=requests"/);
    expect(listed(await pageOf(server, '/?sort=name'))[0]).toBe('key_backup');
    expect(listed(await pageOf(server, '/?sort=errors'))[0]).toBe('key_search_index');
    expect(listed(await pageOf(server, '/?sort=success'))[0]).toBe('key_old_mobile');
    for (const column of ['used', 'throttled', 'forbidden', 'ips', 'state'])
      expect(listed(await pageOf(server, `/?sort=${column}`))).toHaveLength(KEYS.length);
  });

  test('nonsense in the address counts as not given', async () => {
    const server = await startServer();
    const plain = await pageOf(server);
    for (const query of [
      '?sort=__proto__',
      '?sort=-',
      '?state=constructor',
      '?page=-3',
      '?page=NaN',
      '?page=1e99',
      '?refresh=x',
      '?q=',
      '?q[]=a',
      '?%ff=%',
    ])
      expect([query, listed(await pageOf(server, `/${query}`))]).toEqual([query, listed(plain)]);
  });
});

describe('two thousand keys', () => {
  test('are shown 200 a page, each once', async () => {
    const server = await startServer({}, fixture(manyKeys(2_000)));
    const seen = new Set<string>();
    for (let number = 1; number <= 10; number++) {
      const page = await pageOf(server, `/?page=${number}&sort=name`);
      expect(listed(page)).toHaveLength(200);
      for (const id of listed(page)) seen.add(id);
      expect(textOf(page)).toContain(`Page ${number} of 10`);
    }
    expect(seen.size).toBe(2_000);
    expect(listed(await pageOf(server, '/?page=99&sort=name'))).toHaveLength(200);
  });

  test('other requests are answered while the list is computed, and those who ask together share it', async () => {
    const server = await startServer({}, fixture(manyKeys(2_000)));
    let shown = 0;
    const pages = Array.from({ length: 3 }, () => pageOf(server).then(() => shown++));
    let between = 0;
    while (shown === 0) {
      expect((await ask(server, '/-/healthy')).status).toBe(200);
      if (shown === 0) between++;
    }
    await Promise.all(pages);
    expect(between).toBeGreaterThan(3);
  });
});

describe('the pipeline', () => {
  const wordsOf = async (status: Parameters<typeof fixture>[1], ingesting = true) =>
    textOf(await pageOf(await startServer({ ingesting: () => ingesting }, fixture([KEYS[0]], status))));
  const source = {
    source: 'api',
    filesOpen: 1,
    bytesBehind: 0,
    secondsBehind: 0,
    lastEvent: NOW - 5,
    ahead: 0,
    lastLooked: NOW,
    staleAfter: 0,
    patterns: [],
  };

  test('is told in words', async () => {
    const words = await wordsOf({});
    expect(words).toContain('Reading up to date 2 open files');
    expect(words).toContain('Rejected lines 3 of 1,204,331');
    expect(words).toContain('Saving last saved 1 s ago');
    expect(words).toContain('Healthy');
  });

  test('is behind from where the rules of alerting begin to hold back', () => {
    const rules = readFileSync(new URL('../../../alerting/rules/pipeline.yml', import.meta.url), 'utf8');
    const limits = [...rules.matchAll(/atender_exporter_behind_seconds\S* > (\d+)/g)].map(([, limit]) =>
      Number(limit),
    );
    const [blind, heldBack, lagging] = [CAUGHT_UP_WITHIN, CAUGHT_UP_WITHIN, CAUGHT_UP_WITHIN];
    expect(limits).toEqual([blind, heldBack, lagging]);
  });

  test('that is behind, blind, starting, stale or ended makes keys blind and says so', async () => {
    const behind = { ...source, bytesBehind: 12_300_000, secondsBehind: 240 };
    expect(await wordsOf({ sources: [behind] })).toMatch(
      /Reading 4 min behind 12.3 MB to go.*Pipeline blind/,
    );
    expect(await wordsOf({ sources: [{ ...source, lastLooked: NOW - 90 }] })).toMatch(
      /not looked at.*Pipeline blind/,
    );
    expect(await wordsOf({ ready: false, sources: [behind] })).toMatch(/12.3 MB to go.*Pipeline blind/);
    expect(await wordsOf({ sources: [{ ...source, staleAfter: 60, lastEvent: NOW - 300 }] })).toMatch(
      /no line from api for 5 min.*Pipeline blind/,
    );
    expect(await wordsOf({}, false)).toMatch(/Reading stopped.*Pipeline blind/);
    expect(await wordsOf({ commitError: 'disk full' })).toMatch(/failing.*Pipeline blind/);
  });

  test('whose real-time keys all stopped at once is blind: it is the log that stopped', async () => {
    const quiet = (id: string, ago: number): FixtureKey => ({
      id,
      entry: { name: id },
      stopped: 60,
      facts: { lastUsed: NOW - ago },
    });
    const wordsAbout = async (keys: FixtureKey[]) =>
      textOf(await pageOf(await startServer({}, fixture(keys))));
    const together = await wordsAbout([quiet('a', 8000), quiet('b', 9000)]);
    expect(together).toMatch(
      /Log has probably stopped All 2 real-time keys fell silent together.*Pipeline blind/,
    );
    expect(together).not.toContain('Silent');
    const alone = await wordsAbout([quiet('a', 8000), quiet('b', 10)]);
    expect(alone).toContain('Silent');
    expect(alone).not.toMatch(/probably stopped|Pipeline blind/);
  });

  test('with a pattern that matches nothing names pattern, source and cause', async () => {
    const pattern = (files: number, cause: 'no_match' | 'denied') => ({
      ...{ source: 'api', pattern: `/logs/<${cause}>/*.log`, files },
      problems: [{ cause, count: 1, path: '/logs' }],
    });
    expect(await wordsOf({ sources: [{ ...source, patterns: [pattern(0, 'no_match')] }] })).toContain(
      'Log files 1 pattern without a readable file /logs/&lt;no_match&gt;/*.log of source api (/logs: no file matches)',
    );
    expect(await wordsOf({ sources: [{ ...source, patterns: [pattern(2, 'denied')] }] })).toContain(
      'Log files not all readable /logs/&lt;denied&gt;/*.log of source api (/logs: the exporter has no permission to read it)',
    );
    expect(await wordsOf({ sources: [{ ...source, lastLooked: 0 }] })).toMatch(
      /Reading no log file read yet api.*Pipeline blind/,
    );
  });

  test('that cannot save says why', async () => {
    const words = await wordsOf({ commitError: 'database or disk is full', commitErrors: 4 });
    expect(words).toContain(
      'failing, last saved 1 s ago database or disk is full (4 failed attempts since start)',
    );
  });
});

test('pages come zipped to those who take it', async () => {
  const server = await startServer();
  const zipped = await fetch(`${server.url}/`, { headers: { 'accept-encoding': 'gzip' } });
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(await zipped.text()).toBe(await pageOf(server));
});

test('refreshing is asked for, by address, and works without script', async () => {
  const server = await startServer();
  expect(await pageOf(server)).not.toContain('http-equiv="refresh"');
  expect(await pageOf(server, '/?refresh=10&q=crm')).toContain(
    '<noscript><meta http-equiv="refresh" content="10"></noscript>',
  );
  expect(await pageOf(server, '/keys/key_crm_sync?tenant=acme&refresh=10')).toContain('content="10"');
  expect(await pageOf(server, '/?refresh=0.001')).not.toContain('http-equiv');
});
