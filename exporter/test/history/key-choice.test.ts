import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { oneKey, QuestionError } from '../../src/history/key-choice.ts';
import { keyLabel, tenantLabel } from '../../src/keys/key-labels.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import type { Stored } from '../../src/keys/stored-names.ts';
import { entryOf } from '../keys/entry.ts';

const PRINT = 'sa_live_0123456789ab';
const NAMES = ['key_a', 'a%b', 'a%25b', '__none__', PRINT];
const TENANTS = ['', 'acme', '50%', '50%25', '__none__'];

const stored = fc
  .record({ id: fc.constantFrom(...NAMES), tenant: fc.constantFrom(...TENANTS) })
  .map(({ id, tenant }) => ({ id: keyLabel(id), tenant: tenantLabel(tenant) }));
const unique = { selector: ({ id, tenant }: Stored) => `${id} ${tenant}` };
const rows = fc.uniqueArray(stored, unique).map((all) => [...all, { id: '__none__', tenant: '' }]);
const entries = fc
  .uniqueArray(
    fc.record({ id: fc.constantFrom('key_a', 'a%b', 'a%25b'), tenant: fc.constantFrom(...TENANTS) }),
    unique,
  )
  .map((all) =>
    all.map(({ id, tenant }, i) => entryOf({ id, tenantId: tenant, fingerprints: i === 0 ? [PRINT] : [] })),
  );

/** The tenants to choose from where a question is about several keys. */
function choicesOf(ask: () => unknown): string[] {
  try {
    ask();
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(QuestionError);
    return (error as Error).message.split('name one of ')[1].split(', ');
  }
}

test('where several keys are meant, each tenant that is told is another one, and leads to its key', () => {
  let several = 0;
  fc.assert(
    fc.property(rows, entries, fc.constantFrom(...NAMES, 'a%2525b'), (all, known, key) => {
      const registry = new KeyRegistry(known);
      const choices = choicesOf(() => oneKey(all, registry, { key, tenant: '' }));
      if (choices.length > 0) several++;
      expect(new Set(choices).size).toBe(choices.length);
      for (const tenant of choices)
        expect(oneKey(all, registry, { key, tenant })?.tenant).toBe(tenant === '__none__' ? '' : tenant);
    }),
    { numRuns: 2_000 },
  );
  expect(several).toBeGreaterThan(100);
});

test('every key that is stored can be asked for by its labels', () => {
  fc.assert(
    fc.property(rows, entries, (all, known) => {
      const registry = new KeyRegistry(known);
      for (const row of all) {
        const tenant = row.tenant === '' ? '__none__' : row.tenant;
        expect(oneKey(all, registry, { key: row.id, tenant })?.rows).toContainEqual(row);
      }
    }),
    { numRuns: 1_000 },
  );
});
