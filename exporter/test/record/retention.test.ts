import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { keyRetentions } from '../../src/record/archive-upkeep.ts';
import { appendEntry, readManifest } from '../../src/record/manifest.ts';
import { verifyArchive } from '../../src/record/verify.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { entryOf } from '../keys/entry.ts';
import { ask, filesOf } from './duckdb-of.ts';
import { kept, linesOf } from './spooling.ts';

const DAY = 86_400_000;
const NOON = Date.parse('2026-03-10T12:00:00Z');

let directory: { path: string; remove: () => void };
let root: string;
beforeEach(() => {
  directory = temporaryDirectory();
  root = join(directory.path, 'record');
});
afterEach(() => directory.remove());

const places = (): string[] =>
  [...readManifest(root).files.keys()].map((path) => path.split('/').slice(1, 3).join(' ')).sort();
const keysLeft = async (): Promise<unknown[]> =>
  places().length === 0 ? [] : (await ask(`SELECT DISTINCT key_id FROM ${filesOf(root)} ORDER BY 1`)).flat();
const changes = (): string[] => linesOf(root).map(({ change }) => change);
const sound = async (): Promise<void> => expect((await verifyArchive(root)).problems).toEqual([]);

describe('retention', () => {
  const entries = [
    entryOf({ id: 'key_s', tier: 'starter' }),
    entryOf({ id: 'key_p', tier: 'professional' }),
    entryOf({ id: 'key_e', tier: 'enterprise' }),
    entryOf({ id: 'key_7', tier: 'enterprise', retention: 7 }),
    entryOf({ id: 'key_h', tier: 'starter', legalHold: true }),
  ];
  const held = [{ key: 'key_h', tenant: '', retention: 'hold' }];

  test('is 30, 60 and 90 days by tier, its own where the key says so, 30 for unregistered keys, and none under legal hold', async () => {
    const ids = ['key_s', 'key_p', 'key_e', 'key_7', 'key_h', 'key_unknown'];
    await kept(
      root,
      NOON,
      ids.map((keyId) => ({ keyId, timestamp: NOON })),
      { entries, keys: held },
    );
    const left = async (days: number): Promise<unknown[]> => {
      await kept(root, NOON + days * DAY, [], { keys: held });
      return keysLeft();
    };
    expect(await left(7)).toEqual(['key_7', 'key_e', 'key_h', 'key_p', 'key_s', 'key_unknown']);
    expect(await left(8)).toEqual(['key_e', 'key_h', 'key_p', 'key_s', 'key_unknown']);
    expect(await left(30)).toEqual(['key_e', 'key_h', 'key_p', 'key_s', 'key_unknown']);
    expect(await left(31)).toEqual(['key_e', 'key_h', 'key_p']);
    expect(await left(61)).toEqual(['key_e', 'key_h']);
    expect(await left(91)).toEqual(['key_h']);
    expect(await left(4_000)).toEqual(['key_h']);
    expect(readdirSync(join(root, 'requests', 'class=30'))).toEqual([]);
    expect(changes()).toEqual(['sealed', ...Array(4).fill('expired')]);
    await sound();
  });

  test('a hold that is set later keeps what is left of its key, and lets the rest go', async () => {
    await kept(root, NOON, [
      { keyId: 'key_h', timestamp: NOON },
      { keyId: 'key_s', timestamp: NOON },
    ]);
    expect(places()).toEqual(['class=30 day=2026-03-10']);
    await kept(root, NOON + 31 * DAY, [], { keys: held });
    expect(places()).toEqual(['class=hold day=2026-03-10']);
    expect(await keysLeft()).toEqual(['key_h']);
    await sound();
  });

  test('a hold on a fingerprint keeps what came before the key was in the keys file, and no other key of that id', async () => {
    const print = 'sa_live_0123456789ab';
    const [here, there] = ['acme', 'globex'];
    await kept(root, NOON, [
      { keyId: print, timestamp: NOON },
      { keyId: print, timestamp: NOON, tenantId: here },
      { keyId: print, timestamp: NOON, tenantId: there },
      { keyId: 'key_s', timestamp: NOON },
    ]);
    const entry = entryOf({ id: 'key_h', tenantId: here, fingerprints: [print], legalHold: true });
    await kept(root, NOON + 33 * DAY, [], { keys: keyRetentions([entry]) });
    expect(places()).toEqual(['class=hold day=2026-03-10']);
    const tenants = `SELECT key_id, tenant_id FROM ${filesOf(root)} ORDER BY ALL`;
    expect(await ask(tenants)).toEqual([
      [print, ''],
      [print, here],
    ]);
    await sound();
  });

  test('a hold on a key of any tenant leaves one of the same id to its own tenant', async () => {
    const entries = [
      entryOf({ id: 'twin', legalHold: true }),
      entryOf({ id: 'twin', tenantId: 'acme', fingerprints: ['sa_live_0123456789ab'] }),
    ];
    const tenants = [undefined, 'acme', 'globex'];
    await kept(
      root,
      NOON,
      tenants.map((tenantId) => ({ keyId: 'twin', timestamp: NOON, tenantId })),
    );
    await kept(root, NOON + 33 * DAY, [], { keys: keyRetentions(entries) });
    const left = await ask(`SELECT tenant_id FROM ${filesOf(root)} ORDER BY ALL`);
    expect(left.flat()).toEqual(['', 'globex']);
    await sound();
  });

  test('what a lifted hold had kept goes back to its class, and goes when that is over', async () => {
    await kept(root, NOON, [{ keyId: 'key_h', timestamp: NOON }], { entries, keys: held });
    expect(places()).toEqual(['class=hold day=2026-03-10']);
    const lifted = { keys: [{ key: 'key_h', tenant: '', retention: '30' }] };
    await kept(root, NOON + DAY, [], lifted);
    expect(places()).toEqual(['class=30 day=2026-03-10']);
    await kept(root, NOON + 31 * DAY, [], lifted);
    expect(places()).toEqual([]);
    expect(changes()).toEqual(['sealed', 'reclassified', 'expired']);
    await sound();
  });
});

test('the files of a past day become one once nothing comes to it, with every request as it was', async () => {
  const request = (n: number) => ({
    keyId: `key_${n % 3}`,
    requestId: `r${n}`,
    timestamp: NOON + n,
    ip: `192.0.2.${n}`,
  });
  for (let n = 0; n < 4; n++) await kept(root, NOON + n, [request(n)]);
  const rows = `SELECT * EXCLUDE (class, day) FROM ${filesOf(root)} ORDER BY ALL`;
  const before = await ask(rows);
  expect(readManifest(root).files.size).toBe(4);
  await kept(root, NOON + 13 * 3_600_000, []);
  expect(readManifest(root).files.size).toBe(1);
  expect(changes().at(-1)).toBe('compacted');
  expect(before).toHaveLength(4);
  expect(await ask(rows)).toEqual(before);
  await sound();
  await kept(root, NOON + 14 * 3_600_000, []);
  expect(changes().filter((change) => change === 'compacted')).toHaveLength(1);
});

test('a key that is gone from the keys file stays held: losing its entry removes nothing', async () => {
  const entries = [entryOf({ id: 'key_h', tier: 'starter', legalHold: true })];
  await kept(root, NOON, [{ keyId: 'key_h', timestamp: NOON }], { entries });
  await kept(root, NOON + 4_000 * DAY, []);
  expect(places()).toEqual(['class=hold day=2026-03-10']);
  expect(changes()).toEqual(['sealed']);
});

describe('a change that a crash interrupted', () => {
  test('is undone when the manifest does not have it, and ended when it has', async () => {
    await kept(root, NOON, [{ timestamp: NOON }]);
    const [known] = readManifest(root).files.keys();
    const unknown = 'requests/class=30/day=2026-03-10/77.parquet';
    writeFileSync(join(root, unknown), 'half');
    writeFileSync(join(root, 'pending.json'), JSON.stringify([unknown, known]));
    writeFileSync(
      join(root, 'manifest.jsonl'),
      `${readFileSync(join(root, 'manifest.jsonl'))}{"number":2,"at`,
    );
    mkdirSync(join(root, 'draft'), { recursive: true });
    writeFileSync(join(root, 'draft', 'half'), 'half');
    await kept(root, NOON, []);
    expect(existsSync(join(root, unknown))).toBe(false);
    expect(existsSync(join(root, known))).toBe(true);
    expect(existsSync(join(root, 'draft', 'half'))).toBe(false);
    await sound();
  });

  test('is undone at once when it was an error, whatever else is done in the same run', async () => {
    for (let n = 0; n < 2; n++) await kept(root, NOON + n, [{ timestamp: NOON, requestId: `r${n}` }]);
    // No directory can be made here: the file of the other class is in its place by then.
    writeFileSync(join(root, 'requests', 'class=60'), '');
    const later = [entryOf({ id: 'key_p', tier: 'professional' })];
    const requests = [
      { keyId: 'key_a', timestamp: NOON },
      { keyId: 'key_p', timestamp: NOON },
    ];
    const problems = await kept(root, NOON + DAY, requests, { entries: later });
    expect(problems).toEqual([expect.stringMatching(/cannot be sealed/)]);
    expect(changes()).toEqual(['sealed', 'sealed', 'compacted']);
    expect((await verifyArchive(root)).problems).toEqual([
      expect.stringMatching(/^added: requests\/class=60 /),
    ]);
  });

  test('leaves no half line in the manifest when the disk was full', () => {
    const entry = { at: new Date(NOON).toISOString(), change: 'expired' as const, added: [], removed: [] };
    mkdirSync(root);
    const manifest = readManifest(root);
    appendEntry(root, manifest, entry);
    appendFileSync(join(root, 'manifest.jsonl'), '{"number":2,"at":"2026-03');
    appendEntry(root, manifest, entry);
    expect(linesOf(root)).toMatchObject([{ number: 1 }, { number: 2 }]);
    expect(readManifest(root)).toEqual(manifest);
    expect(manifest.faults).toEqual([]);
  });

  test('a spool file that is gone is told of, and costs no other one', async () => {
    const problems = await kept(root, NOON, [{ timestamp: NOON }]);
    expect(problems).toEqual([]);
    const { upkeep } = await import('../../src/record/upkeep.ts');
    const told: string[] = [];
    const segments = [{ segment: 5, length: 100 }];
    await upkeep({
      root,
      segments,
      keys: [],
      now: NOON,
      onProblem: (text) => told.push(text),
    });
    expect(told).toEqual([expect.stringMatching(/5\.spool is missing/)]);
    await sound();
  });
});
