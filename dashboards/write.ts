import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dashboards } from './src/dashboards.ts';

/** `npm run dashboards`: writes one file of classic JSON per dashboard. */
for (const [file, text] of dashboards()) {
  const path = new URL(`json/${file}`, import.meta.url);
  mkdirSync(new URL('.', path), { recursive: true });
  writeFileSync(path, text);
  console.log(`dashboards: json/${file}, ${readFileSync(path).length} bytes`);
}
