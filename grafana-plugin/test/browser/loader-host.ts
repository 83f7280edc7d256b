import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Scene } from './scene.ts';

/** Versions of Grafana that one build of the plugin supports. */
export const LINES = ['12.4', '13.2'] as const;
export type Line = (typeof LINES)[number];

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');
const MODULES: Record<Line, string> = {
  '12.4': join(HERE, 'grafana-12.4', 'node_modules'),
  '13.2': join(ROOT, '..', 'node_modules'),
};
const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** A page with the built plugin in a real Chromium. */
export interface LoaderHost {
  page: Page;
  /** Console errors and warnings since the last call, without those of the host. */
  complaints(): string[];
  show(scene: Scene): Promise<void>;
  /** A fresh page. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Serves the built plugin with the shared modules of a Grafana version, and opens the page. */
export async function openHost(line: Line): Promise<LoaderHost> {
  const script = await hostScript(line);
  const server = await serve(script);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const browser: Browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--force-color-profile=srgb'],
  });
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  let complaints: string[] = [];
  page.on('console', (message) => {
    // The fonts of Grafana are not in its packages.
    if (['error', 'warning'].includes(message.type()) && !/downloaded font|OTS parsing/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
  const load = async () => {
    await page.goto(`http://127.0.0.1:${address.port}/`);
    // An empty body is not visible.
    await page.waitForSelector('body[data-ready]', { state: 'attached', timeout: 30_000 }).catch(() => {});
    if ((await page.getAttribute('body', 'data-ready')) !== 'true')
      throw new Error(`the plugin did not load: ${complaints.join('\n')}`);
  };
  const close = async () => {
    await browser.close();
    await new Promise((done) => server.close(done));
  };
  try {
    await load();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    page,
    complaints: () => {
      const said = complaints;
      complaints = [];
      return said;
    },
    show: (scene) =>
      page.evaluate((one) => (window as unknown as { show: (scene: Scene) => void }).show(one), scene),
    reload: load,
    close,
  };
}

async function hostScript(line: Line): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(HERE, 'host.tsx')],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    jsx: 'transform',
    target: 'chrome120',
    loader: { '.svg': 'text', '.css': 'empty', '.ttf': 'empty', '.woff2': 'empty' },
    nodePaths: [MODULES[line], MODULES['13.2']],
    plugins: [
      {
        name: 'modules-of-the-line',
        setup: ({ onResolve, resolve }) => {
          // The page is next to the modules of 13.2, which would win for every version.
          onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, pluginData }) => {
            if (pluginData === 'seen' || !importer.startsWith(HERE) || importer.includes('node_modules'))
              return undefined;
            return resolve(path, {
              kind,
              pluginData: 'seen',
              resolveDir: path.startsWith('systemjs') ? ROOT : join(MODULES[line], '..'),
            });
          });
        },
      },
    ],
    define: {
      'process.env.NODE_ENV': '"production"',
      // Otherwise lodash detects systemjs as an AMD loader.
      'define.amd': 'false',
      global: 'window',
    },
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

async function serve(script: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://host').pathname);
    if (path === '/host.js') {
      response.setHeader('Content-Type', 'text/javascript');
      return response.end(script);
    }
    if (path.startsWith('/public/plugins/atender-keyusage-panel/')) {
      const file = join(ROOT, 'dist', path.slice('/public/plugins/atender-keyusage-panel/'.length));
      if (existsSync(file)) {
        response.setHeader('Content-Type', TYPES[extname(file)] ?? 'text/plain');
        return createReadStream(file).pipe(response);
      }
    }
    const icon = /^\/public\/(?:build\/)?(img\/icons\/.+)$/.exec(path)?.[1];
    if (icon !== undefined) {
      const file = join(MODULES['13.2'], '@grafana/ui/dist/public', icon);
      if (existsSync(file)) {
        response.setHeader('Content-Type', TYPES['.svg'] as string);
        return createReadStream(file).pipe(response);
      }
    }
    if (path.startsWith('/d/')) return response.end('a dashboard');
    if (path !== '/') return response.writeHead(204).end();
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    return response.end(
      '<!doctype html><html lang="en"><title>Panel</title><body style="margin:0"><div id="root"></div><script>window.grafanaBootData={settings:{featureToggles:{}},user:{},navTree:[]}</script><script src="/host.js"></script>',
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}
