import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * `npm run build`: src/ and the libraries it uses become a few files in dist/, flat, so that a thread's or a
 * process's file lies beside whatever starts it. docs/decisions/bundled.md says why. Types are `npm run lint`'s.
 */
const PROGRAMS = {
  main: 'main.ts',
  'reading-thread': 'ingest/reading-thread.ts',
  'parse-thread': 'ingest/parse-thread.ts',
  'answering-thread': 'api/answering-thread.ts',
  'upkeep-process': 'record/upkeep-process.ts',
  'search-process': 'record/search-process.ts',
};
/** Native code, and a logger that looks for files of its own. */
const NOT_BUNDLED = ['libsql', '@duckdb/*', '@node-rs/*', 'pino'];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(here('dist'), { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: Object.entries(PROGRAMS).map(([out, file]) => ({ out, in: here(`src/${file}`) })),
  outdir: here('dist'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.15',
  external: NOT_BUNDLED,
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
  banner: {
    js: [
      // Libraries of CommonJS ask for Node's own modules by require, which a module has not.
      "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
      // What libraries use that is deprecated Node passes over in node_modules only, and the bundle is not there.
      'process.noDeprecation = !process.traceDeprecation;',
    ].join('\n'),
  },
});

// Licences ask that their text goes with every copy.
const inPackage = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const libraries = new Set(Object.keys(metafile.inputs).flatMap((file) => inPackage.exec(file) ?? []));
const notices = [...libraries].sort().map((directory) => {
  const { name, version, license } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'));
  const texts = readdirSync(directory).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  return [
    `${name} ${version}: ${license}`,
    ...texts.map((file) => readFileSync(`${directory}/${file}`, 'utf8')),
  ];
});
writeFileSync(here('dist/LICENSES.txt'), notices.flat().join('\n\n'));
