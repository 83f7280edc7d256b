import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KeyEntry } from '../../src/keys/key.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { entryOf } from './entry.ts';

const entry = (id: string, tenantId: string, changes: Partial<KeyEntry> = {}): KeyEntry =>
  entryOf({ id, tenantId, ...changes });
const MASKED = 'sa_live_0123456789ab';

test('an entry is found by the names that labels have, where those are percent-encoded', () => {
  const acme = entry('my key', 'Acme & Co');
  const open = entry('ключ', '');
  const registry = new KeyRegistry([acme, open]);
  expect(registry.labelled('my%20key', 'Acme%20%26%20Co')).toBe(acme);
  expect(registry.labelled('my%20key', 'other')).toBeUndefined();
  expect(registry.labelled('%D0%BA%D0%BB%D1%8E%D1%87', 'any')).toBe(open);
  expect(registry.labelled('my key', 'Acme & Co')).toBeUndefined();
});

test('a key is revoked since the keys file first said so, whatever else is written to it', () => {
  const [gone, other] = [entry('gone', 't', { state: 'revoked' }), entry('gone', 'other')];
  const first = new KeyRegistry([gone, other]);
  expect(first.retiredAt(gone)).toBeNaN();
  first.noteRetirements(100);
  const second = new KeyRegistry([gone, entry('gone', 'other', { state: 'disabled' })]);
  second.noteRetirements(200, first);
  expect(second.entries().map((one) => second.retiredAt(one))).toEqual([100, 200]);
  // Active in between: a new revocation has a new time.
  const third = new KeyRegistry([entry('gone', 't'), other]);
  third.noteRetirements(300, second);
  const fourth = new KeyRegistry([gone, other]);
  fourth.noteRetirements(400, third);
  expect([gone, other].map((one) => fourth.retiredAt(one))).toEqual([400, Number.NaN]);
});

describe('whose request a line is', () => {
  const acme = entry('key_a', 'acme', { fingerprints: [MASKED] });
  const anyone = entry('key_b', '');
  const registry = new KeyRegistry([acme, anyone, entry('twin', 't1'), entry('twin', 't2')]);

  test("the registry's tenant wins when the line carries none or the same", () => {
    expect(registry.identify('key_a', '')).toEqual({ id: 'key_a', tenant: 'acme', entry: acme });
    expect(registry.identify('key_a', 'acme')).toEqual({ id: 'key_a', tenant: 'acme', entry: acme });
  });
  test('a line that contradicts it is of an unregistered key of the tenant it names', () => {
    expect(registry.identify('key_a', 'globex')).toEqual({ id: 'key_a', tenant: 'globex', entry: undefined });
    expect(registry.identify(MASKED, 'globex')).toEqual({ id: MASKED, tenant: 'globex', entry: undefined });
  });
  test('a masked raw key is the key it is registered for', () => {
    expect(registry.identify(MASKED, '')).toEqual({ id: 'key_a', tenant: 'acme', entry: acme });
  });
  test('a key without tenant belongs to whatever tenant the line names', () => {
    expect(registry.identify('key_b', 'globex')).toEqual({ id: 'key_b', tenant: 'globex', entry: anyone });
    expect(registry.identify('key_b', '')).toEqual({ id: 'key_b', tenant: '', entry: anyone });
  });
  test('the same id in several tenants is several keys; a line without tenant is guessed to be none', () => {
    expect(registry.identify('twin', 't2').entry?.tenantId).toBe('t2');
    expect(registry.identify('twin', '')).toEqual({ id: 'twin', tenant: '', entry: undefined });
  });
  test('an entry of the tenant goes before one without', () => {
    const both = new KeyRegistry([entry('k', ''), entry('k', 't')]);
    expect(both.identify('k', 't').entry?.tenantId).toBe('t');
    expect(both.identify('k', '').entry?.tenantId).toBe('');
    expect(both.identify('k', 'u')).toMatchObject({ tenant: 'u', entry: { tenantId: '' } });
  });
  test('names like those of object members are only names', () => {
    expect(registry.identify('__proto__', 'constructor')).toEqual({
      id: '__proto__',
      tenant: 'constructor',
      entry: undefined,
    });
  });
});

test('lines of two tenants, or of two ids without common entry, are never one key', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const tenant = fc.constantFrom('', 't', 'u');
  const keys = fc.uniqueArray(fc.tuple(name, tenant), { selector: String, maxLength: 6 });
  fc.assert(
    fc.property(keys, name, tenant, name, tenant, (registered, id1, tenant1, id2, tenant2) => {
      const registry = new KeyRegistry(registered.map(([id, of]) => entry(id, of)));
      const one = registry.identify(id1, tenant1);
      const other = registry.identify(id2, tenant2);
      if (tenant1 !== '') expect(one.tenant).toBe(tenant1);
      if (id1 !== id2) expect(one.id).not.toBe(other.id);
      if (tenant1 !== '' && tenant2 !== '' && tenant1 !== tenant2) expect(one.tenant).not.toBe(other.tenant);
      if (one.entry?.tenantId) expect(one.tenant).toBe(one.entry.tenantId);
    }),
  );
});

test('the keys of a rotation find each other within their tenant', () => {
  const [old, fresh, stranger] = [
    entry('old', 't'),
    entry('new', 't', { replaces: 'old' }),
    entry('new', 'u', { replaces: 'old' }),
  ];
  const registry = new KeyRegistry([old, fresh, stranger]);
  expect(registry.successorsOf(old)).toEqual([fresh]);
  expect(registry.predecessorOf(fresh)).toBe(old);
  expect(registry.predecessorOf(stranger)).toBeUndefined();
  expect(registry.successorsOf(fresh)).toEqual([]);
  expect(registry.predecessorOf(old)).toBeUndefined();
});
