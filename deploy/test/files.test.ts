import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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
import { readSettings } from '../../exporter/src/commands/settings.ts';
import {
  endLeftovers,
  eventually,
  startExporter,
  sumOf,
  temporaryDirectory,
} from '../../exporter/test/exporter-process.ts';
import { requestLine } from '../../exporter/test/log-lines.ts';
import { endRedisServers, startRedis } from '../../exporter/test/shared/redis-servers.ts';
import { manifests } from '../manifests.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

const ACCESS = fileURLToPath(new URL('../access.mjs', import.meta.url));
const compose = parse(read('../../docker-compose.yml'), { merge: true }) as {
  services: Record<string, Record<string, unknown> & { ports?: string[]; volumes?: string[] }>;
};

describe('docker-compose.yml', () => {
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

  test('no file system of a container is writable but its volumes', () => {
    const { exporter, access, past, traffic } = compose.services;
    for (const service of [exporter, access, past, traffic]) expect(service?.read_only).toBe(true);
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

describe('the exporter of docker-compose.yml, with its volumes in a temporary directory', () => {
  const root = temporaryDirectory();
  const inRoot = (path: string) => join(root.path, path);
  const service = compose.services.exporter!;
  const volumes = service.volumes!.map((volume) => volume.split(/:(?=\/)/)[1]!.replace(/:ro$/, ''));

  afterAll(() => {
    endLeftovers();
    endRedisServers();
    root.remove();
  });

  test('keeps its name in Redis when its container is replaced, and searches the archive', async () => {
    // A path exists in the container only where something is mounted.
    for (const path of [...volumes, ...((service.tmpfs as string[]) ?? [])])
      mkdirSync(inRoot(path), { recursive: true });
    expect(spawnSync(process.execPath, [ACCESS, inRoot('/etc/atender-exporter')]).status).toBe(0);
    const password = readFileSync(inRoot('/etc/atender-exporter/password'), 'utf8');
    writeFileSync(inRoot('/var/log/atender/requests.log'), requestLine().repeat(3));
    writeFileSync(inRoot('/var/log/demo/keys.yaml'), 'keys: []\n');
    const redis = await startRedis();
    const args = (service.command as string[])
      .filter((arg) => arg !== 'serve' && !arg.startsWith('--web.listen-address='))
      .map((arg) => arg.replace(/\$\{\w+:-(.*)\}/, '$1').replace('redis://redis:6379', redis.url))
      .map((arg) => arg.replace(/=(\/.*)$/, (_, path) => `=${inRoot(path)}`));
    const [, recordPath = ''] = /ATENDER_RECORD_PATH=(\S+)/.exec(read('../../Dockerfile')) ?? [];
    const env = { TMPDIR: inRoot('/tmp'), ATENDER_RECORD_PATH: inRoot(recordPath) };
    const names = () => redis.client.zrange('atender:1:instances', 0, '-1');
    for (const _container of ['first', 'replaced']) {
      const exporter = await startExporter(args, { env });
      await exporter.ready();
      await eventually(async () => expect(await names()).toEqual(['exporter']));
      const headers = { authorization: `Basic ${btoa(`atender:${password}`)}` };
      const search = await fetch(`${exporter.url}/api/v1/requests?limit=2`, { headers });
      expect([search.status, await search.json()]).toMatchObject([200, { requests: [{}, {}] }]);
      await redis.client.del('atender:1:instances');
      expect(await exporter.end('SIGTERM')).toBe(0);
    }
  });
});

describe('the password that docker-compose.yml makes at its first start', () => {
  const folder = temporaryDirectory();
  const made = (name: string) => readFileSync(join(folder.path, name), 'utf8');
  const make = () => spawnSync(process.execPath, [ACCESS, folder.path]);

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

describe('the unit for systemd', () => {
  const unit = read('../systemd/atender-exporter.service');
  const values = (name: string) =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value!);

  const folder = temporaryDirectory();
  afterAll(() => {
    endLeftovers();
    folder.remove();
  });

  test('starts an exporter, reloads it and stops it within its time', async () => {
    // What systemd makes for it.
    const state = join(folder.path, 'state');
    mkdirSync(state);
    writeFileSync(
      join(folder.path, 'exporter.yaml'),
      `log: { path: [${join(folder.path, 'requests.log')}] }\nrecord: { archive: on }\n`,
    );
    const [start = ''] = values('ExecStart');
    const args = start
      .split(' ')
      .slice(3)
      .map((arg) =>
        arg
          .replace(`/var/lib/${values('StateDirectory')[0]}`, state)
          .replace(`/etc/${values('ConfigurationDirectory')[0]}`, folder.path),
      );
    expect(start).toMatch(/^\/usr\/bin\/node \/opt\/atender\/exporter\/bin\/atender-exporter\.js serve /);
    expect(args.join(' ')).not.toMatch(/\/(var|etc)\//);
    const env = Object.fromEntries(values('Environment').map((one) => one.split(/=(.*)/s)));
    expect(values('WorkingDirectory')).toEqual([`%S/${values('StateDirectory')[0]}`]);
    const exporter = await startExporter(args, { cwd: state, env });
    await exporter.ready();
    const reloaded = async () =>
      sumOf(await exporter.metrics(), 'atender_exporter_config_last_reload_successful');
    expect(await reloaded()).toBe(1);
    appendFileSync(join(folder.path, 'exporter.yaml'), 'unknown: 1\n');
    const [, signal] = /^\/bin\/kill -(\w+) \$MAINPID$/.exec(values('ExecReload')[0] ?? '') ?? [];
    process.kill(exporter.pid, `SIG${signal}`);
    await eventually(async () => expect(await reloaded()).toBe(0));
    // Everything it wrote lies where the unit lets it write.
    expect(readdirSync(state).sort()).toEqual(expect.arrayContaining(['atender-record', 'usage.db']));
    const late = AbortSignal.timeout(Number(values('TimeoutStopSec')[0]) * 1000);
    expect(await exporter.end('SIGTERM')).toBe(0);
    expect(late.aborted).toBe(false);
  });

  test('lets a system call fail that is not allowed, instead of ending Node, and allows those of V8', () => {
    expect(values('SystemCallErrorNumber')).toEqual(['EPERM']);
    expect(values('SystemCallFilter').join(' ').split(' ')).toContain('@pkey');
  });
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
  expect(bounds(read('../../exporter/bench/end-to-end/memory.ts').replace(/`[^`]*`/g, ''))).toEqual(ofUnit);
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
    const declared = set!.spec.template.spec.containers[0]!.env!;
    /** The environment that Kubernetes gives a pod. */
    const inPod = (fields: Record<string, string>) =>
      Object.fromEntries(
        declared.map(({ name, value, valueFrom }) => [name, value ?? fields[valueFrom!.fieldRef.fieldPath]]),
      );
    const name = (pod: string, node: string) => {
      const env = { HOSTNAME: pod, ...inPod({ 'metadata.name': pod, 'spec.nodeName': node }) };
      const flags = { 'shared.redis.url': ['redis://redis:6379'] };
      return readSettings({ file: undefined, flags, env }).settings?.sharing?.instance;
    };
    expect([name('pod-1', 'node-7'), name('pod-2', 'node-7')]).toEqual(['node-7', 'node-7']);
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

interface EnvironmentVariable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef: { fieldPath: string } };
}

interface DaemonSet {
  spec: { template: { spec: { containers: { env?: EnvironmentVariable[] }[] } } };
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
