import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { labelOfKeyBytes, labelOfTenantBytes } from '../../src/keys/key-labels.ts';
import { FAMILIES } from '../../src/usage/changes.ts';
import { SpanTable } from '../../src/usage/interning.ts';
import { UsageInTest } from './usage-in-test.ts';

const nameOf = (text: string | Buffer): string => {
  const bytes = Buffer.from(text as string);
  return labelOfKeyBytes(bytes, 0, bytes.length);
};

describe('key names', () => {
  test.each([
    ['acme_prod-1', 'acme_prod-1'],
    ['svc:a@b/c+d.e', 'svc:a@b/c+d.e'],
    ['a b', 'a%20b'],
    ['a%20b', 'a%2520b'],
    ['"\\\n', '%22%5C%0A'],
    ['é', '%C3%A9'],
    ['__none__', '%5F_none__'],
    ['__other__', '%5F_other__'],
  ])('%j is shown as %s', (text, name) => {
    expect(nameOf(text)).toBe(name);
  });

  test('different bytes never have one name, be they invalid UTF-8 or over-long', () => {
    const long = fc.uint8Array({ maxLength: 4 }).map((tail) => Buffer.concat([Buffer.alloc(300, 'x'), tail]));
    const id = fc.oneof(
      fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
      fc
        .string({ unit: fc.constantFrom('%', '2', '5', 'F', '_', '~', 'a'), maxLength: 5 })
        .map((s) => Buffer.from(s)),
      long,
    );
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(nameOf(a) === nameOf(b)).toBe(a.equals(b));
        expect(nameOf(a)).toMatch(/^[A-Za-z0-9._:@/+%~-]{0,128}$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('keys with invalid UTF-8 stay apart, also from a registered key that looks like them', () => {
    const world = new UsageInTest({ entries: [{ id: 'k\ufffd' }] });
    world.account({ key: Buffer.from([107, 0xff]) }, { key: Buffer.from([107, 0xfe]) }, { key: 'k\ufffd' });
    expect(world.counters(FAMILIES.requests)).toEqual({ 'k%FF 200': 1, 'k%FE 200': 1, 'k%EF%BF%BD 200': 1 });
  });

  test('a raw key in a tenant is masked', () => {
    const bytes = Buffer.from('x sa_live_abcdefghijklmnop');
    expect(labelOfTenantBytes(bytes, 0, bytes.length)).toMatch(/^x%20sa_live_[0-9a-f]{12}$/);
  });
});

test('interned spans are told apart by their bytes and by where the first one ends', () => {
  const span = fc.uint8Array({ maxLength: 9, max: 3 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(fc.tuple(span, span), { maxLength: 1_500, size: 'max' }), (pairs) => {
      const table = new SpanTable();
      const model = new Map<string, number>();
      for (const [a, b] of pairs) {
        const name = `${a.toString('hex')} ${b.toString('hex')}`;
        const found = table.find(a, 0, a.length, b, 0, b.length);
        expect(found).toBe(model.get(name) ?? -1);
        if (found >= 0) continue;
        table.add(a, 0, a.length, b, 0, b.length, model.size);
        model.set(name, model.size);
      }
    }),
    { numRuns: 50 },
  );
});
