import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import english from '../../src/locales/en-US/atender-keyusage-panel.json';

const SOURCE = join(__dirname, '../../src');

/** Keys and texts of every t('key', 'text') in the sources. */
function usedTexts(): Map<string, string> {
  const used = new Map<string, string>();
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(file)) continue;
    const text = readFileSync(join(SOURCE, file), 'utf8');
    for (const [, key, value] of text.matchAll(/\bt\(\s*'([a-z0-9.-]+)',\s*'((?:[^'\\]|\\.)*)'/g))
      used.set(key as string, value as string);
  }
  return used;
}

function flattened(tree: object, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([name, value]) =>
    typeof value === 'string'
      ? [[path + name, value] as [string, string]]
      : flattened(value, `${path}${name}.`),
  );
}

test('the en-US file has exactly the texts of the sources', () => {
  expect(Object.fromEntries(flattened(english))).toEqual(Object.fromEntries(usedTexts()));
});
