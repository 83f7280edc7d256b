import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyLine, keyName } from '../../src/text/key-name.ts';

test('two keys share a name only when id and tenant are the same', () => {
  const part = fc.string({ unit: fc.constantFrom('1', ':', '\n', 'a'), maxLength: 4 });
  fc.assert(
    fc.property(part, part, part, part, (id, tenant, otherId, otherTenant) => {
      const same = id === otherId && tenant === otherTenant;
      expect(keyName(id, tenant) === keyName(otherId, otherTenant)).toBe(same);
    }),
  );
});

test('leaves out of a line what is not known of the key', () => {
  expect(keyLine('CRM', 'n_crm', '')).toBe('CRM · n_crm');
});
