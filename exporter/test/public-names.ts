import { readdirSync, readFileSync } from 'node:fs';
import { pino } from 'pino';
import { parse } from 'yaml';
import { COLUMN_NAMES } from '../../grafana-plugin/src/overview/columns.ts';
import { ROLE_NAMES } from '../../grafana-plugin/src/roles/roles.ts';
import { openApi } from '../src/api/openapi.ts';
import { OPTIONS } from '../src/config/options.ts';
import { configJsonSchema } from '../src/config/schema.ts';
import { STATE_NAMES } from '../src/health/states.ts';
import { keysJsonSchema } from '../src/keys/schema.ts';
import { type FamilyDefinition, KEY_FAMILIES, SELF_FAMILIES } from '../src/metrics/families.ts';
import { webApp } from '../src/web/app.ts';
import { runCommand } from './exporter-process.ts';
import { fixture } from './web/fixture.ts';

/** A JSON schema, as far as names are concerned. */
interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
}

interface Operation {
  parameters: { name: string; schema: Schema }[];
  responses: Record<string, { content: Record<string, { schema: Schema }> }>;
}

interface RuleFile {
  groups: { rules: { alert?: string; record?: string; labels?: Record<string, string> }[] }[];
}

/** Every name that users write into configurations, queries, rules and scripts, one a line, sorted. */
export async function publicNames(): Promise<string[]> {
  const names = [
    ...Object.values(KEY_FAMILIES).map((family) => metric(family, 'tenant_id', 'key_id')),
    ...Object.values(SELF_FAMILIES).map((family) => metric(family)),
    ...OPTIONS.map(({ path, flag, variable, kind }) => `option ${path} ${flag} ${variable} ${kind}`),
    ...schemaNames('config file', configJsonSchema as Schema),
    ...schemaNames('keys file', keysJsonSchema as Schema),
    ...STATE_NAMES.map((state) => `key state ${state}`),
    ...rules(),
    ...panel(),
    ...dashboards(),
    ...api(),
    ...routes(),
    ...(await commands([])),
  ];
  return [...new Set(names)].sort();
}

const metric = ({ name, type, labels }: FamilyDefinition, ...common: string[]): string =>
  `metric ${name} ${type} {${[...common, ...labels].join(', ')}}`;

function schemaNames(path: string, schema: Schema): string[] {
  const values = [...(schema.enum ?? []), ...('const' in schema ? [schema.const] : [])];
  return [
    ...values.map((value) => `${path} = ${JSON.stringify(value)}`),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => [
      `${path} ${name}`,
      ...schemaNames(`${path} ${name}`, inner),
    ]),
    ...(typeof schema.additionalProperties === 'object'
      ? schemaNames(`${path} *`, schema.additionalProperties)
      : []),
    ...(schema.items ? schemaNames(`${path}[]`, schema.items) : []),
    ...[schema.anyOf, schema.oneOf, schema.allOf].flatMap((all = []) =>
      all.flatMap((inner) => schemaNames(path, inner)),
    ),
  ];
}

/** Alerts with their labels, which route them, and recorded series. */
function rules(): string[] {
  const directory = new URL('../../alerting/rules/', import.meta.url);
  return readdirSync(directory)
    .filter((file) => file.endsWith('.yml'))
    .map((file): RuleFile => parse(readFileSync(new URL(file, directory), 'utf8')))
    .flatMap(({ groups }) => groups.flatMap((group) => group.rules))
    .map(({ alert, record, labels = {} }) => {
      const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
      return `${alert ? `alert ${alert}` : `recorded series ${record}`} {${pairs.sort().join(', ')}}`;
    });
}

/** What dashboards store of the panel: options, columns and the queries it knows by their refId. */
function panel(): string[] {
  const source = readFileSync(
    new URL('../../grafana-plugin/src/options/panel-options.ts', import.meta.url),
    'utf8',
  );
  return [
    ...[...source.matchAll(/\bpath: '(\w+)'/g)].map(([, path]) => `panel option ${path}`),
    ...COLUMN_NAMES.map((name) => `panel column ${name}`),
    ...ROLE_NAMES.map((name) => `panel query ${name}`),
  ];
}

/** The uids of dashboards, which links contain. */
function dashboards(): string[] {
  const directory = new URL('../../dashboards/json/', import.meta.url);
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const { uid } = JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as { uid: string };
      return `dashboard ${uid}`;
    });
}

/** Parameters of the JSON API and the fields of its responses. */
function api(): string[] {
  const { paths } = openApi('') as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { parameters, responses }]) => [
      ...parameters.flatMap(({ name, schema }) => [
        `api ${method} ${path} parameter ${name}`,
        ...schemaNames(`api ${method} ${path} parameter ${name}`, schema),
      ]),
      ...Object.entries(responses).flatMap(([status, { content }]) =>
        schemaNames(`api ${method} ${path} ${status}`, content['application/json'].schema),
      ),
    ]),
  );
}

/** Paths that the web server has, with their methods. */
function routes(): string[] {
  const { mirror, registry } = fixture();
  const app = webApp({
    ...{ mirror, registry: () => registry, now: () => 0, logger: pino({ enabled: false }) },
    ...{ ingesting: () => true, onReload: async () => ({ ok: true, problems: [] }) },
    api: { answers: { ask: async () => ({ status: 200, body: '' }) }, version: '' },
    exposition: { render: async () => [] },
    ...{ access: () => fail(), bound: () => fail() },
  });
  return app.router.stack.flatMap(({ route }) => {
    const methods = Object.keys((route as { methods?: Record<string, true> } | undefined)?.methods ?? {});
    // `_all` answers 405.
    return methods
      .filter((method) => method !== '_all')
      .map((method) => `route ${method.toUpperCase()} ${route?.path}`);
  });
}

function fail(): never {
  throw new Error('no request is made');
}

/** Commands with their arguments and flags, from their --help. Flags of the configuration are options above. */
async function commands(command: string[]): Promise<string[]> {
  const { stdout } = await runCommand([...command, '--help']);
  const configured = new Set(OPTIONS.map(({ flag }) => flag));
  const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w.-]+)( <)?/gm)].filter(
    ([, flag]) => flag !== '--help',
  );
  const own = flags.filter(([, flag]) => !configured.has(flag));
  const listed = /^Commands:\n((?: {2}.*\n?)*)/m.exec(stdout)?.[1] ?? '';
  const nested = [...listed.matchAll(/^ {2}(\w[\w-]*)/gm)].map(([, name]) => name);
  const [usage] = stdout.replace(/^Usage: /, '').split('\n', 1);
  const names = [
    `command ${withoutPlaceholders(usage)}${own.length < flags.length ? ' (every option)' : ''}`,
    ...own.map(
      ([, flag, value]) => `command ${['atender-exporter', ...command, flag].join(' ')}${value ? ' <>' : ''}`,
    ),
  ];
  for (const name of nested.filter((one) => one !== 'help'))
    names.push(...(await commands([...command, name])));
  return names;
}

/** `<file...>` as `<...>`: what a placeholder is called is text, not a name. */
const withoutPlaceholders = (usage: string): string => usage.replace(/(?<=[<[])(?!options|command)\w+/g, '');
