import { describe, expect, test } from '@jest/globals';
import { type ConfigInput, loadConfig, problemText, reloadable, sourcesOf } from '../../src/config/load.ts';
import { OPTIONS } from '../../src/config/options.ts';

function load(yaml: string | undefined, more: Partial<ConfigInput> = {}) {
  return loadConfig({
    file: yaml === undefined ? undefined : 'exporter.yaml',
    flags: {},
    env: {},
    readFile: () => yaml ?? '',
    ...more,
  });
}

const problemsOf = (yaml: string, more: Partial<ConfigInput> = {}) =>
  load(yaml, more).problems.map(problemText);

/** A value that is not the default, as text and as what it becomes. */
const SAMPLES: Record<string, [text: string, value: unknown]> = {
  'log.path': ['/a.log,/b.log', ['/a.log', '/b.log']],
  'log.sources': ['[{ name: edge, path: [/e.log] }]', [{ name: 'edge', path: ['/e.log'] }]],
  'log.format': ['logfmt', 'logfmt'],
  'log.fields': ['{ keyId: auth.id }', { keyId: 'auth.id' }],
  'log.pattern': ['^(?<status>x)', '^(?<status>x)'],
  'log.container': ['cri', 'cri'],
  'log.timezone': ['Europe/Berlin', 'Europe/Berlin'],
  'log.trustedProxies': ['10.0.0.0/8,::1', ['10.0.0.0/8', '::1']],
  'log.readFrom': ['end', 'end'],
  'log.maxLineBytes': ['1024', 1024],
  'log.staleAfter': ['10m', 600],
  'log.maxSkew': ['1m', 60],
  'log.level': ['debug', 'debug'],
  endpoints: ['GET /v1/a/{id},/v1/b', ['GET /v1/a/{id}', '/v1/b']],
  'scopes.map': ['[{ path: /v1/x, scope: "x:read" }]', [{ method: '*', path: '/v1/x', scope: 'x:read' }]],
  'keys.file': ['keys.yaml', 'keys.yaml'],
  'keys.learning': ['2d', 172_800],
  'store.path': ['/tmp/x.db', '/tmp/x.db'],
  'store.commitInterval': ['2s', 2],
  'record.archive': ['on', 'on'],
  'record.path': ['/srv/record', '/srv/record'],
  'record.sealEvery': ['5m', 300],
  'limits.keys': ['7', 7],
  'limits.endpointsPerKey': ['8', 8],
  'limits.series': ['5000', 5000],
  'limits.ipsPerKey': ['9', 9],
  'limits.ips': ['10', 10],
  'limits.sketches': ['3', 3],
  'metrics.zeroHold': ['1m', 60],
  'metrics.parkAfter': ['7d', 604_800],
  'metrics.newIp': ['full', 'full'],
  'metrics.ipv6Prefix': ['56', 56],
  'instance.id': ['node-7', 'node-7'],
  'shared.redis.url': ['redis://a:1,redis://b:2', ['redis://a:1', 'redis://b:2']],
  'shared.redis.mode': ['cluster', 'cluster'],
  'shared.redis.username': ['exporter', 'exporter'],
  'shared.redis.passwordFile': ['password', 'password'],
  'shared.redis.database': ['4', 4],
  'shared.redis.keyPrefix': ['team:', 'team:'],
  'shared.redis.caFile': ['ca.pem', 'ca.pem'],
  'shared.redis.certFile': ['cert.pem', 'cert.pem'],
  'shared.redis.keyFile': ['key.pem', 'key.pem'],
  'shared.redis.timeout': ['500ms', 0.5],
  'shared.interval': ['5s', 5],
  'shared.ipsPerKey': ['11', 11],
  'web.listenAddress': ['[::1]:9000', '[::1]:9000'],
  'web.config.file': ['web.yaml', 'web.yaml'],
  'web.allowedHosts': ['a.example,b.example', ['a.example', 'b.example']],
};

const at = (tree: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], tree);

describe('every option can be given in the file, in the environment and on the command line', () => {
  test('there is a sample for each', () => {
    expect(Object.keys(SAMPLES).sort()).toEqual(OPTIONS.map(({ path }) => path).sort());
  });
  for (const { path, variable, kind } of OPTIONS) {
    const [text, value] = SAMPLES[path];
    test(path, () => {
      const inYaml = kind === 'list' ? `[${text.split(',').map((part) => JSON.stringify(part))}]` : text;
      const nested = path
        .split('.')
        .reduceRight(
          (inner, name) => `{ ${JSON.stringify(name)}: ${inner} }`,
          kind === 'text' ? JSON.stringify(text) : inYaml,
        );
      expect(at(load(nested).config, path)).toEqual(value);
      expect(at(load(undefined, { env: { [variable]: text } }).config, path)).toEqual(value);
      const flag = kind === 'list' ? text.split(',') : text;
      expect(at(load(undefined, { flags: { [path]: flag } }).config, path)).toEqual(value);
    });
  }
});

test('a list on the command line or in the environment is split at commas that are not part of a glob or a name', () => {
  const cases: [text: string, parts: string[]][] = [
    ['/a.log,/b.log', ['/a.log', '/b.log']],
    ['/a.log , /b.log,', ['/a.log', '/b.log']],
    ['/{a,b}.log,/c.log', ['/{a,b}.log', '/c.log']],
    ['/{a,{b,c},d}/*.log,/e', ['/{a,{b,c},d}/*.log', '/e']],
    ['/[,;].log,/b', ['/[,;].log', '/b']],
    ['/a{b,/c', ['/a{b', '/c']],
    ['/one\\,file.log', ['/one,file.log']],
  ];
  for (const [text, parts] of cases) {
    expect(load(undefined, { env: { ATENDER_LOG_PATH: text } }).config?.log.path).toEqual(parts);
    expect(load(undefined, { flags: { 'log.path': [text] } }).config?.log.path).toEqual(parts);
  }
  const twice = load(undefined, { flags: { 'log.path': ['/a,/b', '/c'] } });
  expect(twice.config?.log.path).toEqual(['/a', '/b', '/c']);
  expect(load(undefined, { flags: { 'log.path': [''] } }).problems.map(problemText)).toEqual([
    '--log.path: log.path[0]: is empty',
  ]);
  expect(load('log: { path: ["/a,b.log"] }').config?.log.path).toEqual(['/a,b.log']);
});

test('a source of another format, whose fields are fixed, does not take over log.fields', () => {
  const { config } = load(
    'log: { fields: { keyId: k }, sources: [{ name: a, path: [/a] }, { name: b, path: [/b], format: combined }] }',
  );
  expect(sourcesOf(config!).map(({ fields }) => fields)).toEqual([{ keyId: 'k' }, {}]);
});

test('the command line wins over the environment, the environment over the file', () => {
  const yaml = 'log: { format: logfmt, container: cri, readFrom: end }';
  const { config } = load(yaml, {
    env: { ATENDER_LOG_FORMAT: 'combined', ATENDER_LOG_CONTAINER: 'docker' },
    flags: { 'log.format': 'pattern' },
  });
  expect(config?.log).toMatchObject({ format: 'pattern', container: 'docker', readFrom: 'end' });
});

test('a source takes from log what it does not say itself, and log.path is the source called default', () => {
  const { config } = load(
    'log: { path: [/a], format: logfmt, sources: [{ name: e, path: [/e], format: combined }] }',
  );
  expect(sourcesOf(config!)).toMatchObject([
    { name: 'default', path: ['/a'], format: 'logfmt', maxLineBytes: 65_536 },
    { name: 'e', path: ['/e'], format: 'combined', maxLineBytes: 65_536 },
  ]);
});

describe('problems', () => {
  test('all of them at once, each with its line and option', () => {
    const problems = problemsOf(
      [
        'log:',
        '  format: xml',
        '  sources:',
        '    - name: a b',
        '      path: [/x]',
        '      staleAfter: soon',
        'limits:',
        '  keys: -1',
        '',
      ].join('\n'),
    );
    expect(problems).toHaveLength(4);
    expect(problems.find((problem) => problem.includes('format'))).toMatch(
      /^exporter\.yaml:2: log\.format: is not one of json, logfmt, combined, vhost_combined, pattern$/,
    );
    expect(problems.find((problem) => problem.includes('name'))).toMatch(
      /^exporter\.yaml:4: log\.sources\[0\]\.name: /,
    );
    expect(problems.find((problem) => problem.includes('staleAfter'))).toMatch(
      /^exporter\.yaml:6: .*"soon" is no duration/,
    );
    expect(problems.find((problem) => problem.includes('limits'))).toMatch(
      /^exporter\.yaml:8: limits\.keys: /,
    );
  });

  test('an unknown option suggests the nearest one', () => {
    expect(problemsOf('web:\n  listenAdress: ":1"\n')).toEqual([
      expect.stringMatching(
        /^exporter\.yaml:\d: .*no option web\.listenAdress; did you mean listenAddress\?$/,
      ),
    ]);
    expect(problemsOf('lgo: {}')[0]).toContain('did you mean log?');
  });

  test('a value from a flag or a variable is named by that', () => {
    expect(problemsOf('', { flags: { 'metrics.newIp': 'some' } })[0]).toMatch(
      /^--metrics\.new-ip: metrics\.newIp: /,
    );
    expect(problemsOf('', { env: { ATENDER_LIMITS_IPS: 'many' } })[0]).toMatch(
      /^ATENDER_LIMITS_IPS: limits\.ips: /,
    );
  });

  test('broken YAML, a file that is no mapping, and one that cannot be read', () => {
    expect(problemsOf('log: [')[0]).toMatch(/^exporter\.yaml:\d+: is not YAML/);
    expect(problemsOf('- 1')[0]).toContain('not a mapping');
    const { problems } = load('', {
      readFile: () => {
        throw new Error('ENOENT: no such file');
      },
    });
    expect(problemText(problems[0])).toMatch(/^exporter\.yaml: cannot be read/);
  });

  test('an empty file or section means the defaults', () => {
    expect(load('').config).toEqual(load(undefined).config);
    expect(load('log:\nweb:\n').config).toEqual(load(undefined).config);
  });
});

test('a reload leaves what needs a restart as it is, and names it', () => {
  const running = load('store: { path: /a.db }').config!;
  const next = load('{ store: { path: /b.db }, web: { listenAddress: ":1" }, log: { level: debug } }')
    .config!;
  const { config, needsRestart } = reloadable(running, next);
  expect(needsRestart).toEqual(['store.path', 'web.listenAddress']);
  expect(config.store.path).toBe('/a.db');
  expect(config.web.listenAddress).toBe('127.0.0.1:9469');
  expect(config.log.level).toBe('debug');
});

test('aliases that unfold beyond all measure, or lead nowhere, are a problem and no crash', () => {
  const list = (name: string) => `[${Array(20).fill(`*${name}`).join(', ')}]`;
  expect(problemsOf(`a: &a [x]\nb: &b ${list('a')}\nc: &c ${list('b')}\nd: ${list('c')}\n`)).toEqual([
    expect.stringMatching(/^exporter\.yaml: cannot be used: .*alias/),
  ]);
  expect(problemsOf('log: *nowhere\n')).toEqual([expect.stringMatching(/^exporter\.yaml/)]);
});

test('a port nobody can have and a limit that is no number are named', () => {
  expect(problemsOf('web: { listenAddress: "127.0.0.1:99999" }')[0]).toMatch(/web\.listenAddress: .*65535/);
  expect(problemsOf('limits: { keys: many }')).toEqual([
    'exporter.yaml:1: limits.keys: is no whole number from 1 on',
  ]);
});

test('a number is a whole number in its range, and nothing that merely could be made one', () => {
  for (const value of ['1.5', '0', '-1', '1e3', '0x10', '99999999999999999999', 'many'])
    expect([value, ...problemsOf('', { env: { ATENDER_LIMITS_KEYS: value } })]).toEqual([
      value,
      expect.stringMatching(/^ATENDER_LIMITS_KEYS: limits\.keys: is no whole number from 1 on$/),
    ]);
  for (const value of ['true', '[3]', '""', '{ a: 1 }'])
    expect(problemsOf(`limits: { keys: ${value} }`)).toHaveLength(1);
  expect(problemsOf('metrics: { ipv6Prefix: 129 }')[0]).toMatch(/from 0 to 128$/);
});

test('an empty environment variable is one that is not set', () => {
  const env = Object.fromEntries(OPTIONS.map(({ variable }) => [variable, '']));
  expect(load('limits: { keys: 7 }', { env }).config).toEqual(load('limits: { keys: 7 }').config);
});

test('a value of another type is told from a missing one, with what to write', () => {
  expect(problemsOf('log: { path: /a.log }')).toEqual([
    expect.stringMatching(/log\.path: is no list; write/),
  ]);
  expect(problemsOf('web: { listenAddress: 9469 }')[0]).toContain('is no text; put it in quotes');
  expect(problemsOf('web: 3')[0]).toContain('web: is no mapping');
  expect(problemsOf('log: { staleAfter: [] }')[0]).toContain('is no duration; write for example 90s');
  expect(problemsOf('log: { sources: [{ name: a }] }')[0]).toContain('log.sources[0].path: is missing');
});
