import { migrateOptions } from '../../src/options/migrations.ts';
import { suggestionsFor } from '../../src/options/suggestions.ts';
import { COLUMN_NAMES } from '../../src/overview/columns.ts';

describe('migration', () => {
  test('keeps valid options, and leaves absent ones to the defaults', () => {
    const options = { view: 'key', columns: ['state', 'owner'], sortBy: 'owner', roles: { info: 'A' } };
    expect(migrateOptions({ options })).toEqual(options);
    expect(migrateOptions({ options: {} })).toEqual({});
  });

  test('keeps an empty list of columns', () => {
    expect(migrateOptions({ options: { columns: [] } })).toEqual({ columns: [] });
  });

  test.each([[undefined], [null], ['text'], [[1]]])(
    'uses the defaults for options that are %j',
    (options) => {
      expect(migrateOptions({ options } as never)).not.toHaveProperty('view');
    },
  );

  test('replaces invalid values', () => {
    const options = {
      view: 'grid',
      columns: ['nonsense'],
      sortBy: 7,
      roles: { info: 1, other: 'A', facts: 'B' },
      key: 7,
      tenant: null,
      showCounts: 'no',
      showFilters: false,
    };
    expect(migrateOptions({ options })).toEqual({
      view: 'overview',
      columns: [...COLUMN_NAMES],
      sortBy: 'state',
      roles: { facts: 'B' },
      showFilters: false,
    });
  });
});

describe('suggestions', () => {
  const frame = (refId: string, ...names: string[]) => ({ refId, fields: names.map((name) => ({ name })) });

  test('offer the panel for queries of the exporter, and the card if partnerFacts is queried', () => {
    expect(suggestionsFor({ rawFrames: [frame('info', 'key_id')] })).toMatchObject([
      { options: { view: 'overview' } },
    ]);
    const card = [frame('info', 'key_id'), frame('partnerFacts', 'key_id')];
    expect(suggestionsFor({ rawFrames: card })).toMatchObject([{ options: { view: 'key' } }]);
  });

  test('do not offer the panel for other data', () => {
    expect(suggestionsFor({})).toEqual([]);
    expect(suggestionsFor({ rawFrames: [frame('A', 'key_id'), frame('info', 'Value')] })).toEqual([]);
  });
});
