import * as z from 'zod';
import { parseDuration } from '../time/duration.ts';

/** Seconds, written as a duration such as `90s` or `30d`. */
const duration = (least = 0) =>
  z.union([z.string(), z.number()], 'is no duration; write for example 90s').transform((value, context) => {
    try {
      const seconds = typeof value === 'number' ? value : parseDuration(value);
      if (seconds >= least) return seconds;
      context.addIssue({ code: 'custom', message: `is shorter than ${least} s` });
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
    return z.NEVER;
  });

/** A whole number; the environment and the command line have it as text. */
const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER) => {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  const wrong = `is no whole number ${range}`;
  const number = z.int({ error: wrong, abort: true }).min(least, wrong).max(most, wrong);
  const text = z.string().regex(/^ *\d+ *$/, wrong);
  return z.union([number, text.transform(Number).pipe(number)], wrong);
};
const texts = z.array(z.string().min(1, 'is empty'));

/** How the lines of a source are written and followed; `log` gives what a source leaves out. */
const sourceOptions = {
  format: z.enum(['json', 'logfmt', 'combined', 'vhost_combined', 'pattern']).describe('Format of a line.'),
  fields: z
    .record(z.string(), z.string().min(1, 'is empty'))
    .describe('Names of the fields in the log, e.g. `keyId: auth.key.id`. Dots reach into nested objects.'),
  pattern: z
    .string()
    .describe('Regular expression for the format pattern. Its groups are named like the fields.'),
  container: z
    .enum(['none', 'cri', 'docker', 'syslog', 'compose'])
    .describe(
      'Wrapper around each line, removed first. compose is the prefix of docker compose logs and kubectl logs --prefix.',
    ),
  timezone: z
    .string()
    .describe(
      'Time zone of timestamps without an offset: an IANA name such as `Europe/Berlin`. Empty = UTC.',
    ),
  trustedProxies: texts.describe(
    'Networks of your proxies. The client IP is the rightmost address of a list outside of them. Empty = private networks.',
  ),
  readFrom: z.enum(['beginning', 'end']).describe('Where the first start begins to read existing files.'),
  maxLineBytes: wholeNumber(256, 16_777_216).describe('Longer lines are skipped and counted as rejected.'),
  staleAfter: duration().describe('Time without a line after which a source is stale. 0 = never.'),
};

/** The fields of an entry that one `KEY=value` match asks for, as journalctl takes them. */
const JOURNAL_MATCH = /^(?!\d)[A-Z0-9_]{1,64}=/;

const journald = z
  .strictObject({
    units: z
      .array(
        z
          .string()
          .regex(
            /^[A-Za-z0-9:_.\\@-]+\.[a-z]+$/,
            'is no unit; write its full name without *, such as api.service',
          ),
      )
      .default([])
      .describe('Names of units, such as `api.service`. Entries of each of them are read.'),
    matches: z
      .array(
        z.string().regex(JOURNAL_MATCH, 'is no match; write FIELD=value, such as SYSLOG_IDENTIFIER=nginx'),
      )
      .default([])
      .describe(
        'Matches such as `SYSLOG_IDENTIFIER=nginx`: of one field any value, of several fields all of them.',
      ),
    directory: z
      .string()
      .default('')
      .describe('Directory with journal files; empty = the journal of this machine.'),
  })
  .refine(({ units, matches }) => units.length + matches.length > 0, 'names no unit and no match');

const source = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, 'may hold letters, digits, dot, dash and underscore, 64 at most')
      .describe('The label of the source in metrics.'),
    path: texts.min(1, 'names no file').describe('Files, globs, FIFOs; `-` is standard input.'),
    journald: journald.describe('Entries of the systemd journal, in the place of `path`.'),
    ...sourceOptions,
  })
  .partial({
    path: true,
    journald: true,
    ...(Object.fromEntries(Object.keys(sourceOptions).map((key) => [key, true])) as Partials),
  })
  .superRefine(({ path, journald, container }, { addIssue }) => {
    const wrong = (message: string, ...at: string[]) => addIssue({ code: 'custom', message, path: at });
    if (!path && !journald)
      wrong('is missing; name files here, or entries of the journal in journald', 'path');
    else if (path && journald)
      wrong('a source has either path or journald; make two sources of it', 'journald');
    if (journald && container && container !== 'none')
      wrong('an entry of the journal has no wrapper; leave container out', 'container');
  });
type Partials = { [K in keyof typeof sourceOptions]: true };

const scopeRule = z.strictObject({
  method: z.string().describe('In upper case; `*` = any.').default('*'),
  path: z
    .string()
    .startsWith('/', 'does not begin with /')
    .describe('Endpoint template; `*` at its end stands for any rest.'),
  scope: z.string().regex(/^[a-z_]+:(read|write)$/, 'is not of the form surface:read or surface:write'),
});

/**
 * Every option of the exporter, defined once: its place, type, default and text. Flags, environment variables,
 * the YAML file, `--help`, the JSON schema and docs/configuration.md all come from here.
 */
export const configSchema = z.strictObject({
  log: section({
    path: texts
      .default([])
      .describe('Files, globs and FIFOs of the source named `default`. `-` is standard input.'),
    sources: z.array(source).default([]).describe('Several named sources, each with its own options.'),
    format: sourceOptions.format.default('json'),
    fields: sourceOptions.fields.default({}),
    pattern: sourceOptions.pattern.default(''),
    container: sourceOptions.container.default('none'),
    timezone: sourceOptions.timezone.default(''),
    trustedProxies: sourceOptions.trustedProxies.default([]),
    readFrom: sourceOptions.readFrom.default('beginning'),
    maxLineBytes: sourceOptions.maxLineBytes.default(65_536),
    staleAfter: sourceOptions.staleAfter.default(0),
    maxSkew: duration()
      .default(300)
      .describe(
        'Requests dated further ahead are counted at the time they are read. Those of a backlog do not affect sliding windows.',
      ),
    level: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
      .default('info')
      .describe('Level of the log on standard error.'),
  }),
  endpoints: texts
    .default([])
    .describe(
      'Known routes such as `GET /v1/contacts/{id}`. They take precedence over the guessed template.',
    ),
  scopes: section({
    map: z
      .array(scopeRule)
      .default([])
      .describe('Scopes that endpoints need. They take precedence over the built-in mapping.'),
  }),
  keys: section({
    file: z.string().default('').describe('Keys file: names, tiers, owners, scopes and rotation of keys.'),
    learning: duration()
      .default(86_400)
      .describe("Learning period after a key's first use. IP addresses and surfaces seen in it are not new."),
  }),
  store: section({
    path: z
      .string()
      .min(1)
      .default('atender-exporter.db')
      .describe('File of the store. Only one exporter can use it.'),
    // Each commit costs the same again, and a line must be shown within a second.
    commitInterval: duration(0.05)
      .default(0.8)
      .describe('Time between commits. Up to 5 s while the exporter is far behind.'),
  }),
  record: section({
    archive: z.enum(['on', 'off']).default('off').describe('Keep every request, masked, in Parquet files.'),
    path: z.string().min(1, 'is empty').default('atender-record').describe('Directory of the archive.'),
    sealEvery: duration(1)
      .default(900)
      .describe('Requests are written to Parquet after this time, or after a million of them.'),
  }),
  limits: section({
    keys: wholeNumber(1).default(10_000).describe('Unregistered keys with their own series.'),
    endpointsPerKey: wholeNumber(1).default(200).describe('Endpoints with their own series, per key.'),
    series: wholeNumber(1_000).default(200_000).describe('Request series of all keys.'),
    ipsPerKey: wholeNumber(1).default(10_000).describe('IP addresses that are counted exactly, per key.'),
    ips: wholeNumber(1).default(1_000_000).describe('IP addresses that are counted exactly, of all keys.'),
    sketches: wholeNumber(0)
      .default(128)
      .describe('Keys that get a sketch when they exceed `limits.ipsPerKey`.'),
  }),
  metrics: section({
    zeroHold: duration()
      .default(35)
      .describe('Time for which a new series shows 0. It must exceed the longest scrape interval.'),
    parkAfter: duration()
      .default(3_024_000)
      .describe(
        'An endpoint series that is idle for this time is not exposed until it changes again. 0 = always exposed.',
      ),
    newIp: z
      .enum(['masked', 'full', 'off'])
      .default('masked')
      .describe('How new IP addresses are exposed: as their /24 or /64, in full, or not at all.'),
    ipv6Prefix: wholeNumber(0, 128)
      .default(64)
      .describe('Prefix length by which IPv6 addresses are counted.'),
  }),
  instance: section({
    id: z
      .string()
      .regex(/^[A-Za-z0-9._-]{0,253}$/, 'may hold letters, digits, dot, dash and underscore, 253 at most')
      .default('')
      .describe(
        'Instance name used when exporters share facts. Unique per exporter, except for an HA pair that reads the same files. Empty = host name.',
      ),
  }),
  shared: section({
    redis: section({
      url: texts
        .default([])
        .describe(
          'Redis through which exporters share facts: `redis://host:port`, or `rediss://` for TLS. Several for a cluster. Empty = facts are not shared.',
        ),
      mode: z.enum(['standalone', 'cluster']).default('standalone').describe('Kind of Redis.'),
      username: z.string().default('').describe('ACL user.'),
      passwordFile: z.string().default('').describe('File with the password.'),
      database: wholeNumber(0).default(0).describe('Database number. A cluster has only 0.'),
      keyPrefix: z
        .string()
        .regex(/^[^{}]*$/, 'may hold no braces: they decide where a cluster keeps a key')
        .default('atender:')
        .describe('Prefix of all keys in Redis.'),
      caFile: z.string().default('').describe('CA certificates for TLS, instead of the system ones.'),
      certFile: z.string().default('').describe('Client certificate.'),
      keyFile: z.string().default('').describe('Private key of the client certificate.'),
      timeout: duration(0.05).default(2).describe('Timeout of a command.'),
    }),
    interval: duration(0.1).default(2).describe('Time between sync cycles with Redis.'),
    ipsPerKey: wholeNumber(1)
      .default(10_000)
      .describe('IP addresses that Redis lists, per key. Beyond that, sketches count them.'),
  }),
  web: section({
    listenAddress: z
      .string()
      .regex(/^(\[[0-9a-fA-F:.]+\]|[^:[\]]*):\d{1,5}$/, 'is not of the form host:port, [v6]:port or :port')
      .refine((address) => Number(/\d+$/.exec(address)?.[0]) <= 65_535, 'has a port above 65535')
      .default('127.0.0.1:9469')
      .describe('Address to listen on for HTTP.'),
    config: section({
      file: z
        .string()
        .default('')
        .describe('File with TLS and basic auth settings, in the format that Prometheus exporters share.'),
    }),
    allowedHosts: texts.default([]).describe('Additional host names that requests may use.'),
  }),
});

export type Config = z.output<typeof configSchema>;
/** A source with what it inherits from `log` filled in. */
export type SourceConfig = {
  name: string;
  path?: string[];
  journald?: z.output<typeof journald>;
} & Pick<Config['log'], keyof typeof sourceOptions>;

/** A section of the YAML file; every option in it has a default, so the section has one too. */
function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape).prefault({} as never);
}

/** An option as its places see it. */
export interface Option {
  /** In the YAML file, e.g. `web.listenAddress`. */
  path: string;
  /** On the command line, e.g. `--web.listen-address`; lists may be given several times. */
  flag: string;
  /** In the environment, e.g. `ATENDER_WEB_LISTEN_ADDRESS`; lists are separated by commas. */
  variable: string;
  doc: string;
  kind: 'text' | 'list' | 'structure';
  preset: unknown;
}

/** Every option, in the order of the schema. Structures can be written in the YAML file only. */
export const OPTIONS: Option[] = optionsOf(configSchema, '');

function optionsOf(schema: z.ZodType, prefix: string): Option[] {
  const shape = (schema as z.ZodObject).shape as Record<string, z.ZodType>;
  return Object.entries(shape).flatMap(([name, entry]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const inner = (entry as z.ZodDefault).unwrap() as z.ZodType;
    if (inner instanceof z.ZodObject) return optionsOf(inner, path);
    const words = path.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const isList = inner instanceof z.ZodArray && inner.element instanceof z.ZodString;
    const isStructure = (inner instanceof z.ZodArray && !isList) || inner instanceof z.ZodRecord;
    return {
      path,
      flag: `--${words}`,
      variable: `ATENDER_${words.replace(/[.-]/g, '_').toUpperCase()}`,
      doc: entry.description ?? inner.description ?? '',
      kind: isStructure ? ('structure' as const) : isList ? ('list' as const) : ('text' as const),
      preset: (entry as z.ZodDefault).def.defaultValue,
    };
  });
}
