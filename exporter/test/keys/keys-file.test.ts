import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseKeysFile, problemText } from '../../src/keys/keys-file.ts';
import { keysJsonSchema } from '../../src/keys/schema.ts';
import { maskKey } from '../../src/parse/masking.ts';

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const entry = (...fields: string[]) =>
  ['keys:', '  - id: key_a', ...fields.map((field) => `    ${field}`), ''].join('\n');
const entries = (source: string) => {
  const { entries, problems } = parseKeysFile(source);
  expect(problems).toEqual([]);
  return entries;
};
const problems = (source: string) => {
  const { entries, problems } = parseKeysFile(source);
  expect(entries).toEqual([]);
  return problems.map((problem) => problemText('keys.yaml', problem));
};
/** What the tests look at of a JSON schema. */
interface Schema {
  description: string;
  required: string[];
  additionalProperties: boolean;
  properties: Record<string, Schema>;
  items: Schema;
}
const SCHEMA = keysJsonSchema as unknown as Schema;
/** Made up; the text of no real key. */
const RAW = 'sa_live_Zk3Jq8vB2nXw9LmT';

test('only the id is required; the rest has the defaults of an active production key', () => {
  expect(entries('keys:\n  - id: key_a\n')).toEqual([
    {
      id: 'key_a',
      fingerprints: [],
      name: '',
      description: '',
      tenantId: '',
      environment: 'production',
      state: 'active',
      owner: '',
      tier: 'starter',
      limits: { perMinute: 60, perDay: 10_000, burst: 10 },
      scopes: [],
      scopesChangedAt: null,
      createdAt: null,
      rotatedAt: null,
      rotateEvery: null,
      replaces: '',
      realtime: true,
      thresholds: {},
      allowedNetworks: [],
      learning: null,
      retention: null,
      legalHold: false,
    },
  ]);
});

describe('values', () => {
  const read = (...fields: string[]) => entries(entry(...fields))[0];

  test('times are seconds since the epoch; a date is midnight UTC', () => {
    expect(read('createdAt: 2026-05-04').createdAt).toBe(Date.UTC(2026, 4, 4) / 1000);
    expect(read('createdAt: 2026-05-04T09:30:00+02:00').createdAt).toBe(Date.UTC(2026, 4, 4, 7, 30) / 1000);
    expect(read('createdAt: "2026-05-04 09:30:00Z"').createdAt).toBe(Date.UTC(2026, 4, 4, 9, 30) / 1000);
  });
  test('durations are seconds, retention is days', () => {
    expect(read('rotateEvery: 90d', 'learning: 12h')).toMatchObject({
      rotateEvery: 7_776_000,
      learning: 43_200,
    });
    expect(read('retention: 45d').retention).toBe(45);
    expect(read('retention: 45').retention).toBe(45);
  });
  test('thresholds in seconds are written as durations, the others as numbers', () => {
    const { thresholds } = read('thresholds: { silence_seconds: 30m, throttled_ratio: 0.1 }');
    expect(thresholds).toEqual({ silence_seconds: 1800, throttled_ratio: 0.1 });
  });
  test('bundles are accepted as words, and surfaces Atender may add', () => {
    const words = ['basic', 'read_all', 'integration', 'full_access', 'contacts:write', 'reports:read'];
    expect(read(`scopes: [${words.map((word) => JSON.stringify(word)).join(', ')}]`).scopes).toEqual(words);
  });
  test('a custom tier has its own limits, null is unlimited', () => {
    const { limits } = read('tier: custom', 'limits: { perMinute: 90, perDay: null }');
    expect(limits).toEqual({ perMinute: 90, perDay: null, burst: 0 });
  });
  test('silence matters for active production keys unless said otherwise', () => {
    expect(read().realtime).toBe(true);
    expect(read('environment: sandbox').realtime).toBe(false);
    expect(read('state: disabled').realtime).toBe(false);
    expect(read('realtime: false').realtime).toBe(false);
    expect(read('environment: sandbox', 'realtime: true').realtime).toBe(true);
  });
  test('a key with an sa_test_ fingerprint is a sandbox key', () => {
    expect(read('fingerprints: [sa_test_0123456789ab]').environment).toBe('sandbox');
  });
  test('a network of one address gets its prefix', () => {
    expect(read('allowedNetworks: [10.0.0.0/8, 192.0.2.7, "2001:db8::1"]').allowedNetworks).toEqual([
      '10.0.0.0/8',
      '192.0.2.7/32',
      '2001:db8::1/128',
    ]);
  });
  test('a field with nothing behind it is not given', () => {
    expect(read('owner:', 'scopes:')).toMatchObject({ owner: '', scopes: [] });
  });
  test('fields may be shared by an alias', () => {
    const two = 'keys:\n  - id: key_a\n    scopes: &shared [tags:read]\n  - id: key_b\n    scopes: *shared\n';
    expect(entries(two).map(({ scopes }) => scopes)).toEqual([['tags:read'], ['tags:read']]);
  });
  test('the same id may be a key of each of several tenants', () => {
    const two = 'keys:\n  - { id: a, tenantId: t1 }\n  - { id: a, tenantId: t2 }\n';
    expect(entries(two)).toHaveLength(2);
  });
});

describe('what is wrong is said with path, line and remedy', () => {
  test.each([
    [
      'an unknown field',
      entry('ownr: me'),
      'keys.yaml:3: keys[0].ownr: is no known field; did you mean owner?',
    ],
    [
      'an unknown tier',
      entry('tier: profesional'),
      /^keys.yaml:3: keys\[0\].tier: "profesional" .*did you mean professional\?$/,
    ],
    [
      'a tier unlike any',
      entry('tier: gold'),
      /^keys.yaml:3: keys\[0\].tier: "gold" is not known; use one of starter, professional, enterprise, custom$/,
    ],
    ['a custom tier without limits', entry('tier: custom'), /:3: keys\[0\].tier: .*add limits/],
    [
      'limits without a custom tier',
      entry('limits: { perMinute: 1, perDay: 1 }'),
      /:3: keys\[0\].limits: only the tier custom/,
    ],
    [
      'a limit that is missing',
      entry('tier: custom', 'limits: { perMinute: 1 }'),
      /:4: keys\[0\].limits.perDay: /,
    ],
    [
      'a negative limit',
      entry('tier: custom', 'limits: { perMinute: -1, perDay: 1 }'),
      /:4: keys\[0\].limits.perMinute: /,
    ],
    [
      'a bad network',
      entry('allowedNetworks:', '  - 10.0.0.0/8', '  - 10.0.0.0/33'),
      /:5: keys\[0\].allowedNetworks\[1\]: .* is no network/,
    ],
    ['a bad address', entry('allowedNetworks: [10.0.0]'), /is no network/],
    [
      'an unknown threshold',
      entry('thresholds: { silense_seconds: 5m }'),
      /:3: keys\[0\].thresholds.silense_seconds: is no kind of threshold; did you mean silence_seconds\?$/,
    ],
    [
      'a share above 1',
      entry('thresholds: { throttled_ratio: 5 }'),
      /thresholds.throttled_ratio: 5 is more than the whole/,
    ],
    ...(['silence_seconds: 0s', 'stale_seconds: 0', 'quota_ratio: 0', 'spike_ratio: 0'] as const).map(
      (threshold): [string, string, RegExp] => [
        `a threshold that everything breaches, ${threshold}`,
        entry(`thresholds: { ${threshold} }`),
        /thresholds\.\w+: 0 would alert at all times; write a value above 0, for example [\d.]+, or leave it out$/,
      ],
    ),
    ['a duration without unit', entry('rotateEvery: soon'), /keys\[0\].rotateEvery: "soon" is no duration/],
    ['a date that does not exist', entry('createdAt: 2026-02-30'), /does not exist/],
    ['a time without offset', entry('createdAt: "2026-02-03T10:00:00"'), /has no offset from UTC; add Z/],
    [
      'a misspelt surface',
      entry('scopes: ["contact:read"]'),
      /keys\[0\].scopes\[0\]: .*did you mean contacts:read\?$/,
    ],
    ['an unknown action', entry('scopes: ["contacts:delete"]'), /has an unknown action; use read or write/],
    ['a misspelt bundle', entry('scopes: [readall]'), /did you mean read_all\?$/],
    [
      'an id that YAML takes for a number',
      'keys:\n  - id: 12345\n',
      /:2: keys\[0\].id: must be text, not a number; put the value in quotes$/,
    ],
    ['no id', 'keys:\n  - name: A\n', /:2: keys\[0\].id: /],
    ['an id the exporter uses itself', 'keys:\n  - id: __other__\n', /another id/],
    [
      'an id given twice',
      'keys:\n  - id: a\n  - id: a\n',
      /:3: keys\[1\].id: "a" is given twice, first at keys\[0\]/,
    ],
    [
      'an id given twice in a tenant',
      'keys:\n  - { id: a, tenantId: t }\n  - { id: a, tenantId: t }\n',
      /twice in tenant "t"/,
    ],
    [
      'a fingerprint given twice',
      'keys:\n  - { id: a, fingerprints: [sa_live_0123456789ab] }\n  - { id: b, fingerprints: [sa_live_0123456789ab] }\n',
      /:3: keys\[1\].fingerprints\[0\]: .*given already at keys\[0\]/,
    ],
    [
      'a fingerprint that is another id',
      'keys:\n  - { id: sa_live_0123456789ab }\n  - { id: b, fingerprints: [sa_live_0123456789ab] }\n',
      /given already/,
    ],
    [
      'a malformed fingerprint',
      entry('fingerprints: [0123456789ab]'),
      /is no masked key; write the masked form/,
    ],
    [
      'replacing an unknown key',
      entry('replaces: key_zzz'),
      /:3: keys\[0\].replaces: "key_zzz" is no key of this file/,
    ],
    [
      'replacing a key of another tenant',
      'keys:\n  - { id: a, tenantId: t1 }\n  - { id: b, tenantId: t2, replaces: a }\n',
      /of the same tenant/,
    ],
    ['replacing itself', entry('replaces: key_a'), /cannot replace itself/],
    [
      'a live fingerprint on a sandbox key',
      entry('environment: sandbox', 'fingerprints: [sa_live_0123456789ab]'),
      /do not belong to sandbox/,
    ],
    ['an empty file', '', 'keys.yaml:1: the file is empty; write `keys: []` if there are no keys'],
    ['no list of keys', 'keys: 5\n', /:1: keys: must be a list/],
    ['a list on top', '- id: a\n', /:1: must be a map of fields/],
    ['an unknown section', 'keys: []\ntiers: {}\n', /:2: tiers: is no known field; known are keys/],
    ['an entry that is no map', 'keys:\n  - key_a\n', /:2: keys\[0\]: must be a map of fields/],
    ['bad YAML', 'keys:\n  - id: "a\n', /^keys.yaml:[123]: /],
    ['a field given twice', entry('owner: a', 'owner: b'), /:4: /],
    ['__proto__', entry('__proto__: { owner: me }'), /is no known field/],
  ])('%s', (_, source, expected) => {
    const found = problems(source);
    expect(found).toHaveLength(1);
    if (typeof expected === 'string') expect(found[0]).toBe(expected);
    else expect(found[0]).toMatch(expected);
  });

  test('replacing in a circle, at each key of the circle', () => {
    const circle =
      'keys:\n  - { id: a, replaces: b }\n  - { id: b, replaces: a }\n  - { id: c, replaces: a }\n';
    expect(problems(circle)).toEqual([
      expect.stringMatching(/:2: keys\[0\].replaces: keys replace each other in a circle/),
      expect.stringMatching(/:3: keys\[1\].replaces: /),
    ]);
  });

  test('everything wrong is reported at once, in the order of the lines', () => {
    const source =
      'keys:\n  - id: a\n    tier: gold\n    ownr: x\n  - id: a\n    replaces: b2\n    scopes: [nope]\n  - name: no id\n';
    expect(problems(source).map((text) => text.split(': ').slice(0, 2).join(' '))).toEqual([
      'keys.yaml:3 keys[0].tier',
      'keys.yaml:4 keys[0].ownr',
      'keys.yaml:5 keys[1].id',
      'keys.yaml:6 keys[1].replaces',
      'keys.yaml:7 keys[1].scopes[0]',
      'keys.yaml:8 keys[2].id',
    ]);
  });
});

describe('a raw key in the file', () => {
  test.each([
    ['as an id', `keys:\n  - id: ${RAW}\n`],
    ['as a fingerprint', entry(`fingerprints: [${RAW}]`)],
    ['in other text', entry(`description: the key is ${RAW}!`)],
    ['as the name of a field', entry(`${RAW}: x`)],
    ['as a scope', entry(`scopes: [${RAW}]`)],
    ['as a tier', entry(`tier: ${RAW}`)],
    ['in a comment', `# was ${RAW}\n${entry()}`],
    ['percent-encoded', entry(`name: ${RAW.replaceAll('_', '%5F')}`)],
    ['behind YAML escapes', entry(`name: "${RAW.replace('s', '\\x73')}"`)],
    ['in a file that is no YAML', `keys: [\n  - "${RAW}\n`],
    ['as a duplicate field', entry(`${RAW}: 1`, `${RAW}: 2`)],
    ['longer than the masked form by one digit', entry('fingerprints: [sa_live_0123456789abc]')],
  ])('%s is an error that shows the masked form and never the key', (_, source) => {
    const found = problems(source).join('\n');
    expect(found).toMatch(
      /a raw key stands here.*masked form, sa_live_[0-9a-f]{12} \(`atender-exporter mask` prints it\)/,
    );
    expect(found).not.toContain('Zk3Jq8vB2nXw9LmT');
    expect(found).not.toContain('0123456789abc');
  });

  test('the masked form it is told to write is the one that the log of the key is read as', () => {
    expect(problems(`keys:\n  - id: ${RAW}\n`)[0]).toContain(maskKey(RAW));
  });

  test('as an id is one problem, at its place', () => {
    expect(problems(`keys:\n  - id: ${RAW}\n`)).toEqual([
      expect.stringMatching(/^keys.yaml:2: keys\[0\].id: a raw key/),
    ]);
  });

  test('the masked form is welcome, as id, fingerprint and in text', () => {
    expect(entries('keys:\n  - id: sa_live_0123456789ab\n    name: was sa_live_0123456789ab\n')).toHaveLength(
      1,
    );
  });
});

test('no text whatever makes it throw or give entries beside problems', () => {
  const fragments = fc.constantFrom(
    'keys:',
    '- id: a',
    '  ',
    '\n',
    '&a ',
    '*a',
    '{',
    '}',
    '[',
    '!!x ',
    '"',
    ': ',
    'tier: custom',
    '\u0000',
    '%',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragments).map((parts) => parts.join('')),
      ),
      (source) => {
        const { entries, problems } = parseKeysFile(source);
        expect(entries.length === 0 || problems.length === 0).toBe(true);
        for (const { line, message, remedy } of problems)
          expect([line > 0, message !== '', remedy !== '']).toEqual([true, true, true]);
      },
    ),
    { numRuns: 300 },
  );
});

test('aliases that unfold without end are refused', () => {
  const levels = Array.from(
    { length: 12 },
    (_, i) =>
      `a${i}: &a${i} [${
        i === 0
          ? '1'
          : Array(10)
              .fill(`*a${i - 1}`)
              .join(',')
      }]`,
  );
  expect(parseKeysFile(levels.join('\n')).problems).not.toEqual([]);
});

describe('the files that are shipped', () => {
  test('the example loads, and shows every field', () => {
    const source = file('keys.example.yaml');
    expect(source).toMatch(/^# yaml-language-server: \$schema=\.\/schema\/keys\.schema\.json\n/);
    expect(entries(source)).toHaveLength(4);
    const properties = SCHEMA.properties.keys.items.properties;
    expect(Object.keys(properties).filter((name) => !new RegExp(`\\b${name}:`).test(source))).toEqual([]);
  });
  test('the JSON schema is the one made from the code', () => {
    expect(JSON.parse(file('schema/keys.schema.json'))).toEqual(JSON.parse(JSON.stringify(keysJsonSchema)));
  });
  test('the JSON schema requires the id alone, knows no other fields, and describes each', () => {
    const { items } = SCHEMA.properties.keys;
    expect(items.required).toEqual(['id']);
    expect(items.additionalProperties).toBe(false);
    const all: Record<string, Schema> = {
      ...items.properties,
      ...items.properties.limits.properties,
      ...items.properties.thresholds.properties,
    };
    expect(Object.keys(all).filter((name) => !all[name].description)).toEqual([]);
  });
});
