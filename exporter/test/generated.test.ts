import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { generated } from '../../scripts/generated-docs.ts';

for (const [path, text] of Object.entries(generated()))
  test(`${path} is what the sources say; \`npm run docs\` writes it`, () => {
    expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(text);
  });
