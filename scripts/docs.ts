import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { SuiteResult } from '../exporter/bench/harness/report.ts';
import { between, generated } from './generated-docs.ts';

/**
 * `npm run docs`: writes what is generated from the sources (tables of the docs, JSON schemas) and, if its benchmarks
 * have run here, a suite's table.
 */
const SUITES = { bench: 'docs/performance.md', dashboards: 'dashboards/README.md' };

const files = generated();
for (const [suite, path] of Object.entries(SUITES)) {
  const result = new URL(`../bench-results/${suite}.json`, import.meta.url);
  if (!existsSync(result)) continue;
  const { markdown } = JSON.parse(readFileSync(result, 'utf8')) as SuiteResult;
  files[path] = between(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'), 'bench', markdown);
}
for (const [path, text] of Object.entries(files)) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
  console.log(`docs: ${path}`);
}
