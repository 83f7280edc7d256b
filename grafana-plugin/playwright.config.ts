import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginOptions } from '@grafana/plugin-e2e';
import { defineConfig, devices } from '@playwright/test';

const SIGN_IN = fileURLToPath(new URL('auth', `${dirname(import.meta.resolve('@grafana/plugin-e2e'))}/`));

/** `npm run e2e:grafana`: against a running Grafana, by default the one of docker-compose.yml. */
export default defineConfig<PluginOptions>({
  testDir: 'test/e2e',
  timeout: 90_000,
  reporter: 'list',
  use: {
    baseURL: process.env.GRAFANA_URL ?? 'http://localhost:3000',
    ...devices['Desktop Chrome'],
    // Uses a browser of the system if Playwright has not downloaded one.
    launchOptions: process.env.CHROMIUM ? { executablePath: process.env.CHROMIUM } : {},
    user: { user: 'admin', password: process.env.GRAFANA_ADMIN_PASSWORD ?? '' },
  },
  projects: [
    { name: 'sign in', testDir: SIGN_IN, testMatch: /.*\.js/ },
    {
      name: 'grafana',
      dependencies: ['sign in'],
      use: { storageState: 'playwright/.auth/admin.json' },
    },
  ],
});
