import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import * as prometheusOperator from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import * as apps from 'kubernetes-models/apps/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as core from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings } from '../../exporter/src/settings.ts';
import { endLeftovers, startExporter, temporaryDirectory } from '../../exporter/test/exporter-process.ts';
import { manifests } from '../manifests.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('docker-compose.yml', () => {
  const compose = parse(read('../../docker-compose.yml'), { merge: true }) as {
    services: Record<string, Record<string, unknown> & { ports?: string[]; volumes?: string[] }>;
  };

  test('fits the published schema of the Compose specification', () => {
    const ajv = new Ajv.default({ strict: false, allErrors: true });
    addFormats.default(ajv);
    // Draft 7, which it names by an address that ajv does not know it by.
    const { $schema: _, ...schema } = JSON.parse(read('schema/compose-spec.json')) as { $schema: string };
    const fits = ajv.compile(schema);
    expect(fits(compose) ? [] : fits.errors).toEqual([]);
  });

  test('every service is confined: no privileges to gain, limits, and ports of this machine only', () => {
    for (const service of Object.values(compose.services)) {
      expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      expect(service.deploy).toMatchObject({ resources: { limits: { memory: expect.any(String) } } });
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  test('has no password of its own', () => {
    expect(compose.services.grafana?.environment).toMatchObject({
      GF_SECURITY_ADMIN_PASSWORD: expect.stringContaining(':?'),
    });
  });

  test('a read-only container has a place for what is put together on the way', () => {
    const { read_only, tmpfs, command } = compose.services.exporter ?? {};
    expect(read_only).toBe(true);
    expect(command).toContain('--record.archive=on');
    expect(tmpfs).toEqual(['/tmp']);
  });

  test('a container made anew goes on under the name by which Redis knows its store', () => {
    expect(compose.services.exporter?.command).toContainEqual(
      expect.stringMatching(/^--instance\.id=[a-z]+$/),
    );
  });

  test('every option of the exporter is one it knows', () => {
    const options = (compose.services.exporter!.command as string[]).filter((one) => one.startsWith('--'));
    const help = spawnSync(
      process.execPath,
      [fileURLToPath(new URL('../../exporter/bin/atender-exporter.js', import.meta.url)), 'serve', '--help'],
      { encoding: 'utf8' },
    ).stdout;
    for (const option of options) expect(help).toContain(`${option.split('=')[0]} `);
  });

  test('mounts only what the repository has or the user is asked for', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes);
    const files = mounted
      .map((volume) => volume.split(':')[0] as string)
      .filter((path) => path.startsWith('./'));
    for (const file of files.filter((path) => path !== './secrets')) {
      const [folder, name] = [file.slice(0, file.lastIndexOf('/')), file.slice(file.lastIndexOf('/') + 1)];
      expect(readdirSync(new URL(`../../${folder}/`, import.meta.url))).toContain(name);
    }
  });
});

describe('the password that docker-compose.yml makes at its first start', () => {
  const folder = temporaryDirectory();
  const made = (name: string) => readFileSync(join(folder.path, name), 'utf8');
  const make = () =>
    spawnSync(process.execPath, [fileURLToPath(new URL('../access.mjs', import.meta.url)), folder.path]);

  afterAll(() => {
    endLeftovers();
    folder.remove();
  });

  test('opens the metrics to Prometheus and the API to Grafana, and nobody comes in without it', async () => {
    expect(make().status).toBe(0);
    writeFileSync(join(folder.path, 'requests.log'), '');
    const exporter = await startExporter([
      ...['--web.config.file', join(folder.path, 'web.yml'), '--log.path', join(folder.path, 'requests.log')],
      ...['--store.path', join(folder.path, 'usage.db')],
    ]);
    await exporter.ready();
    const { scrape_configs } = parse(read('../prometheus.yml')) as {
      scrape_configs: { basic_auth?: { username: string } }[];
    };
    const user = scrape_configs[0]?.basic_auth?.username;
    const headers = { authorization: `Basic ${btoa(`${user}:${made('password')}`)}` };
    for (const path of ['/metrics', '/api/v1/keys']) {
      expect((await fetch(exporter.url + path)).status).toBe(401);
      expect((await fetch(exporter.url + path, { headers })).status).toBe(200);
    }
    expect(read('../../dashboards/api-with-password.yaml')).toContain(`basicAuthUser: ${user}`);
  });

  test('is kept by later starts, and made anew when the first one was interrupted', () => {
    const before = made('password');
    expect(make().status).toBe(0);
    expect(made('password')).toBe(before);
    rmSync(join(folder.path, 'web.yml'));
    expect(make().status).toBe(0);
    expect(made('password')).not.toBe(before);
  });
});

test('the unit for systemd ends no Node for a system call: those of V8 are allowed, and others fail', () => {
  const unit = read('../systemd/atender-exporter.service');
  expect(unit.match(/^SystemCall(?!Architectures).*$/gm)).toEqual([
    'SystemCallFilter=@system-service @pkey',
    'SystemCallErrorNumber=EPERM',
  ]);
});

test('image, unit and the bench of memory give Node and malloc the same bounds', () => {
  const bounds = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/\b(MALLOC_ARENA_MAX|NODE_OPTIONS)(?:=|: ')([^\s']+)/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    );
  const ofUnit = bounds(read('../systemd/atender-exporter.service'));
  expect(Object.keys(ofUnit).sort()).toEqual(['MALLOC_ARENA_MAX', 'NODE_OPTIONS']);
  expect(bounds(read('../../Dockerfile'))).toEqual(ofUnit);
  expect(bounds(read('../../exporter/bench/run.ts').replace(/`[^`]*`/g, ''))).toEqual(ofUnit);
});

describe('the Kubernetes manifests', () => {
  const models: Record<string, Record<string, unknown>> = {
    v1: core,
    'apps/v1': apps,
    'networking.k8s.io/v1': networking,
    'monitoring.coreos.com/v1': prometheusOperator,
  };
  const documents = ['exporter.yaml', 'rules.yaml', 'dashboards.yaml'].flatMap((file) =>
    parseAllDocuments(read(`../kubernetes/${file}`)).map((document) => document.toJS() as Manifest),
  );

  test('each fits the published schema of its kind', () => {
    for (const manifest of documents) {
      const Model = models[manifest.apiVersion]?.[manifest.kind] as
        | (new (
            manifest: object,
          ) => { validate(): void })
        | undefined;
      if (Model === undefined) throw new Error(`no schema for ${manifest.apiVersion} ${manifest.kind}`);
      try {
        new Model(manifest).validate();
      } catch (error) {
        throw new Error(`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`);
      }
    }
  });

  test('those that repeat rules and dashboards are what the sources say; `npm run manifests` writes them', () => {
    for (const [file, text] of manifests()) expect(read(`../kubernetes/${file}`)).toBe(text);
  });

  test('no two of a kind have one name: the later would take the place of the earlier', () => {
    const names = documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  test('each fits into the annotation in which `kubectl apply` notes it', () => {
    for (const manifest of documents) expect(JSON.stringify(manifest).length).toBeLessThan(256 * 1024);
  });

  test('a pod that is replaced goes on under its node’s name, by which Redis knows its store', () => {
    const [set] = documents.filter(({ kind }) => kind === 'DaemonSet') as unknown as DaemonSet[];
    expect(set?.spec.template.spec.containers[0]?.env).toEqual([
      { name: 'ATENDER_INSTANCE_ID', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ]);
    const longest = `${'n'.repeat(63)}.`.repeat(3) + 'n'.repeat(61);
    const env = { ATENDER_INSTANCE_ID: longest };
    expect(readSettings({ file: undefined, flags: {}, env }).problems).toEqual([]);
  });

  test('the exporter accepts the configuration they give it', () => {
    const config = documents.find(({ kind, data }) => kind === 'ConfigMap' && data?.['exporter.yaml']);
    const folder = mkdtempSync(join(tmpdir(), 'atender-manifests-'));
    const file = (name: string) => join(folder, name);
    const { 'exporter.yaml': exporter = '', 'keys.yaml': keys = '' } = config?.data ?? {};
    writeFileSync(file('keys.yaml'), keys);
    writeFileSync(
      file('exporter.yaml'),
      exporter.replace('/etc/atender-exporter/keys.yaml', file('keys.yaml')),
    );
    const { problems } = readSettings({ file: file('exporter.yaml'), flags: {}, env: {} });
    rmSync(folder, { recursive: true });
    expect(problems).toEqual([]);
  });
});

interface DaemonSet {
  spec: { template: { spec: { containers: { env?: object[] }[] } } };
}

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
}

// Grafana publishes no schema of these files: what it documents stands here, and nothing else may be said.
describe('what Grafana is provisioned with', () => {
  const DATASOURCE =
    /^(name|uid|type|access|url|user|isDefault|editable|jsonData|secureJsonData|orgId|version|basicAuth|basicAuthUser)$/;
  const PROVIDER =
    /^(name|orgId|folder|folderUid|type|disableDeletion|updateIntervalSeconds|allowUiUpdates|options)$/;

  const OPEN = 'provisioning/datasources/atender-api.yaml';
  const WITH_PASSWORD = 'api-with-password.yaml';

  /** As Grafana reads it: `$NAME` is the variable of its environment, '' where that is not set. */
  const provisioned = (file: string, env: Record<string, string>) =>
    parse(
      read(`../../dashboards/${file}`)
        .replace(/^\s*#.*$/gm, '')
        .replace(/\$(\w+)/g, (_, name) => env[name] ?? "''"),
    ) as { apiVersion: number; datasources: Record<string, unknown>[] };

  test('the API is asked without a password unless one is given, and both ways are the same otherwise', () => {
    const [open] = provisioned(OPEN, { EXPORTER_URL: 'http://exporter' }).datasources;
    expect(open).toMatchObject({ url: 'http://exporter', jsonData: { auth_method: 'none' } });
    // The plugin refuses to ask with basic authentication and an empty password.
    expect(open).not.toHaveProperty('basicAuth');
    expect(open).not.toHaveProperty('secureJsonData');
    const env = { EXPORTER_URL: 'http://exporter', GF_EXPORTER_PASSWORD: 'secret' };
    const { basicAuth, basicAuthUser, secureJsonData, jsonData, ...rest } = provisioned(WITH_PASSWORD, env)
      .datasources[0] as Record<string, unknown>;
    expect({ basicAuth, basicAuthUser, secureJsonData }).toEqual({
      basicAuth: true,
      basicAuthUser: 'atender',
      secureJsonData: { basicAuthPassword: 'secret' },
    });
    expect(jsonData).toEqual({ ...(open?.jsonData as object), auth_method: 'basicAuth' });
    expect({ ...rest, jsonData: open?.jsonData }).toEqual(open);
  });

  test('docker compose, whose exporter asks for a password, gives Grafana the way with one', () => {
    const { services } = parse(read('../../docker-compose.yml')) as {
      services: { grafana: { volumes: string[]; environment: Record<string, string> } };
    };
    expect(services.grafana.volumes).toContain(
      './dashboards/api-with-password.yaml:/etc/grafana/provisioning/datasources/atender-api.yaml:ro',
    );
    expect(services.grafana.environment).toHaveProperty('GF_EXPORTER_PASSWORD__FILE');
  });

  test.each(['provisioning/datasources/atender.yaml', OPEN, WITH_PASSWORD])(
    'the data sources of %s have fixed uids and only documented settings',
    (file) => {
      const { apiVersion, datasources } = provisioned(file, {});
      expect(apiVersion).toBe(1);
      for (const datasource of datasources) {
        expect(datasource).toMatchObject({ uid: expect.stringMatching(/^atender-/), editable: false });
        expect(Object.keys(datasource).filter((key) => !DATASOURCE.test(key))).toEqual([]);
      }
    },
  );

  test('the provider of dashboards has only documented settings', () => {
    const { apiVersion, providers } = parse(
      read('../../dashboards/provisioning/dashboards/atender.yaml'),
    ) as {
      apiVersion: number;
      providers: Record<string, unknown>[];
    };
    expect(apiVersion).toBe(1);
    for (const provider of providers) {
      expect(provider).toMatchObject({ type: 'file', allowUiUpdates: false });
      expect(Object.keys(provider).filter((key) => !PROVIDER.test(key))).toEqual([]);
    }
  });
});
