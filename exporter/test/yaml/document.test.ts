import { describe, expect, test } from '@jest/globals';
import { parseYamlDocument, withoutNulls } from '../../src/yaml/document.ts';

const TEXT = `log:
  format: json
  sources:
    - &app
      name: app
    - name: edge
again: *app
`;

describe('lines of a YAML document', () => {
  const { lineOf, data } = parseYamlDocument(TEXT);

  test('names the line of a field, of a list item and of a field behind an alias', () => {
    expect(lineOf(['log', 'format'])).toBe(2);
    expect(lineOf(['log', 'sources', 1])).toBe(6);
    expect(lineOf(['again', 'name'])).toBe(5);
    expect(data).toMatchObject({ again: { name: 'app' } });
  });

  test('names the line of the deepest part that the document has', () => {
    expect(lineOf(['log', 'sources', 1, 'path', 0])).toBe(6);
    expect(lineOf(['log', 'nothing'])).toBe(1);
    expect(lineOf(['nothing'])).toBeUndefined();
    expect(lineOf([])).toBeUndefined();
  });
});

describe('errors of a YAML document', () => {
  test('reports each syntax error with its line and a code that quotes nothing', () => {
    const { data, errors } = parseYamlDocument('a: 1\nb: "sa_live_secret\n');
    expect(data).toBeUndefined();
    expect(errors.map(({ line }) => line)).toEqual([3]);
    expect(errors[0].code).toMatch(/^[A-Z_]+$/);
  });

  test('refuses aliases that expand without bound, without a line', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    const { data, errors } = parseYamlDocument(`l0: &l0 [x]\n${levels.join('\n')}\n`);
    expect(data).toBeUndefined();
    expect(errors).toEqual([{ line: undefined, code: 'ALIAS', message: expect.any(String) }]);
  });

  test('reports a warning and still gives the data', () => {
    const { data, errors, warnings } = parseYamlDocument('a: !unknown 1\n');
    expect({ data, errors }).toEqual({ data: { a: '1' }, errors: [] });
    expect(warnings).toMatchObject([{ line: 1 }]);
  });
});

test('drops fields without a value, except inside the fields that keep them', () => {
  const data = { a: null, b: { c: null, d: 1 }, limits: { perDay: null }, list: [null, { e: null }] };
  expect(withoutNulls(data, (field) => field === 'limits')).toEqual({
    b: { d: 1 },
    limits: { perDay: null },
    list: [null, {}],
  });
});
