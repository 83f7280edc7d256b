import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyLabel, NO_TENANT, tenantLabel } from '../../src/keys/key-labels.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { namesAsked } from '../../src/keys/requested-names.ts';
import { isUnder } from '../../src/keys/stored-names.ts';
import { entryOf } from './entry.ts';

const PRINTS = ['sa_live_0123456789ab', 'sa_live_ba9876543210', 'sa_test_0123456789ab'];
const IDS = ['key_a', 'key b', 'a%b'];
const TENANTS = ['', 'acme', 'globex & co'];

test('what is stored belongs to the entry that a line of these names would', () => {
  const entry = fc.record({
    id: fc.constantFrom(...IDS),
    tenantId: fc.constantFrom(...TENANTS),
    print: fc.constantFrom('', ...PRINTS),
  });
  const different = fc
    .uniqueArray(entry, { selector: ({ id, tenantId }) => `${id} ${tenantId}` })
    .map((all) =>
      all.map(({ print, ...rest }, i) =>
        entryOf({
          ...rest,
          fingerprints: print !== '' && all.findIndex((other) => other.print === print) === i ? [print] : [],
        }),
      ),
    );
  fc.assert(
    fc.property(different, (entries) => {
      const registry = new KeyRegistry(entries);
      for (const name of [...IDS, ...PRINTS])
        for (const tenant of TENANTS) {
          const stored = { id: keyLabel(name), tenant: tenantLabel(tenant) };
          expect(registry.ownerOf(stored)).toBe(registry.identify(name, tenant).entry);
        }
    }),
  );
});

describe('the names that a question may mean', () => {
  const [print] = PRINTS;
  const registry = new KeyRegistry([
    entryOf({ id: 'key_a', tenantId: 'acme', fingerprints: [print] }),
    entryOf({ id: 'key_a', tenantId: 'globex' }),
  ]);
  const found = (key: string, tenant: string): string[] => {
    const names = namesAsked(registry, { key, tenant });
    const ids = ['key_a', print, '__none__', '%5F_none__', '__other__', '%5F_other__', 'a%25b'];
    return ids
      .flatMap((id) => ['', 'acme', 'globex'].map((tenant) => ({ id, tenant })))
      .filter((stored) => isUnder(names, stored))
      .map(({ id, tenant }) => `${id} ${tenant}`.trim());
  };

  test('are the id and the fingerprints of an entry in its tenant, and the name itself in any', () => {
    expect(found(print, '')).toEqual(['key_a acme', print, `${print} acme`, `${print} globex`]);
    expect(found('key_a', '')).toEqual(['key_a', 'key_a acme', 'key_a globex', print, `${print} acme`]);
  });
  test('are of the tenant asked for, as lines say or the entry', () => {
    expect(found(print, 'acme')).toEqual(['key_a acme', print, `${print} acme`]);
    expect(found(print, 'globex')).toEqual([`${print} globex`]);
    expect(found('key_a', 'globex')).toEqual(['key_a globex']);
    expect(found('key_a', NO_TENANT)).toEqual(['key_a', print]);
  });
  test('are that of a log and that of a label, and for a reserved word what is reserved alone', () => {
    expect(found('a%b', NO_TENANT)).toEqual(['a%25b']);
    expect(found('a%25b', NO_TENANT)).toEqual(['a%25b']);
    expect(found('__none__', NO_TENANT)).toEqual(['__none__']);
    expect(found('%5F_none__', NO_TENANT)).toEqual(['%5F_none__']);
    expect(found('__other__', NO_TENANT)).toEqual(['__other__']);
  });
});
