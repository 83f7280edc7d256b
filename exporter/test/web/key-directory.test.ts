import { expect, test } from '@jest/globals';
import { KeyDirectory } from '../../src/web/key-directory.ts';
import { fixture } from './fixture.ts';
import { NOW } from './fixture-keys.ts';

test.each([
  [0, NOW - 60, 'second'],
  [NOW - 60, 0, 'first'],
])(
  'of two keys that replace one, used at %d and %d, the one used last is its successor',
  (first, second, id) => {
    const { registry, mirror } = fixture([
      { id: 'old', entry: { name: 'Old' }, shows: 'rotating' },
      {
        id: 'first',
        entry: { name: 'First', replaces: 'old' },
        facts: { lastUsed: first },
        shows: 'healthy',
      },
      {
        id: 'second',
        entry: { name: 'Second', replaces: 'old' },
        facts: { lastUsed: second },
        shows: 'healthy',
      },
    ]);
    const directory = new KeyDirectory(registry, mirror);
    const [old] = directory.all().filter((key) => key.id === 'old');
    expect(old && directory.partnersOf(old).successor?.id).toBe(id);
  },
);
