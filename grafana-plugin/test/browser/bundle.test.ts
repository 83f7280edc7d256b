import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';

const dist = (file: string) => readFileSync(new URL(`../../dist/${file}`, import.meta.url));

test('the bundle stays under 150 KiB gzipped', () => {
  expect(gzipSync(dist('module.js')).length).toBeLessThan(150 * 1024);
});

test('the bundle contains no package that Grafana provides', () => {
  const { sources } = JSON.parse(dist('module.js.map').toString()) as { sources: string[] };
  const packages = sources.flatMap(
    (source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? [],
  );
  // Grafana shares i18next, but not these packages, which add the texts of the plugin to it.
  expect([...new Set(packages)].sort()).toEqual([
    '@grafana/i18n',
    'html-parse-stringify',
    'i18next-browser-languagedetector',
    'react-i18next',
  ]);
});

test('every file in the manifest exists', () => {
  const { info } = JSON.parse(dist('plugin.json').toString()) as {
    info: { version: string; logos: { small: string }; screenshots: { path: string }[] };
  };
  expect(info.version).toBe((JSON.parse(dist('../package.json').toString()) as { version: string }).version);
  expect(info.screenshots.length).toBeGreaterThan(0);
  for (const path of [
    info.logos.small,
    ...info.screenshots.map((one) => one.path),
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ])
    expect(dist(path).length).toBeGreaterThan(50);
});
