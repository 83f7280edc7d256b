import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type ConfigInput, hasNamedFields, loadConfig, problemText, sourcesOf } from '../config/load.ts';
import type { Config, SourceConfig } from '../config/options.ts';
import { OPEN_WEB, parseWebConfig, type WebConfig } from '../config/web-config-file.ts';
import type { IngestionSettings } from '../ingest/ingestion-settings.ts';
import type { KeyEntry } from '../keys/key.ts';
import { problemText as keysProblemText, parseKeysFile } from '../keys/keys-file.ts';
import { withoutRawKeys } from '../keys/raw-keys.ts';
import { STANDARD_INPUT } from '../log/streams.ts';
import {
  compileFormat,
  DEFAULT_FIELDS,
  FIELD_NAMES,
  FormatError,
  type FormatOptions,
} from '../parse/format.ts';
import type { SharingSettings } from '../shared/sharing.ts';
import { instanceOf, sharingSettings } from './sharing-settings.ts';

/** Everything a run needs to know, read and checked. */
export interface Settings {
  config: Config;
  web: WebConfig;
  ingestion: IngestionSettings;
  /** The keys file's version before it was read: a later change gives another one. */
  keysVersion: string;
  /** What the exporter is called; of use where facts are shared. */
  instance: string;
  /** undefined = facts are not shared with other exporters. */
  sharing: SharingSettings | undefined;
}

/** Where option values come from, for one run of a command. */
export type SettingsInput = Omit<ConfigInput, 'readFile'>;

/** How long a keys file that is empty at the start may take to be written, and how often it is looked at. */
const EMPTY_KEYS_MS = 2000;
const LOOK_AGAIN_MS = 50;

/**
 * `readSettings` for the start of `serve`. Something may be writing the keys file just now: an empty one is read again
 * for up to 2 s before it counts as a problem.
 */
export async function readSettingsAtStart(input: SettingsInput): Promise<ReturnType<typeof readSettings>> {
  const path = loadConfig({ ...input, readFile }).rest?.keys.file ?? '';
  for (const until = Date.now() + EMPTY_KEYS_MS; isEmptyFile(path) && Date.now() < until; )
    await wait(LOOK_AGAIN_MS);
  return readSettings(input);
}

/**
 * Reads configuration, web configuration and keys file. Never throws: `settings` is undefined when anything
 * is wrong, and `problems` then has every problem as a line of text that names its place and the remedy.
 */
export function readSettings(input: SettingsInput): { settings: Settings | undefined; problems: string[] } {
  const { config, rest, problems: wrong } = loadConfig({ ...input, readFile });
  const keysVersion = fileVersion(rest?.keys.file ?? '');
  const keys = readKeys(rest?.keys.file ?? '');
  const web = readWeb(rest?.web.config.file ?? '');
  const sharing = rest ? sharingSettings(rest, readFile) : { settings: undefined, problems: [] };
  const problems = [
    ...wrong.map(problemText),
    ...keys.problems,
    ...web.problems,
    ...sharing.problems,
    ...(rest ? sourceProblems(rest) : []),
    // Whatever stands where it should not, be it the name of an option, may be a raw key.
  ].map(withoutRawKeys);
  if (!config || problems.length > 0) return { settings: undefined, problems };
  return {
    settings: {
      config,
      web: web.web,
      ingestion: ingestionSettings(config, keys.entries),
      keysVersion,
      instance: instanceOf(config),
      sharing: sharing.settings,
    },
    problems: [],
  };
}

/** Where option names meet the rooms. */
function ingestionSettings(config: Config, keys: KeyEntry[]): IngestionSettings {
  return {
    sources: sourcesOf(config).map((source) => ({
      name: source.name,
      paths: source.path ?? [],
      journald: source.journald,
      readFrom: source.readFrom,
      maxLineBytes: source.maxLineBytes,
      staleAfter: source.staleAfter,
      format: formatOf(config, source),
    })),
    keys,
    scopeRules: config.scopes.map,
    usage: {
      limits: config.limits,
      zeroHoldSeconds: config.metrics.zeroHold,
      parkAfterSeconds: config.metrics.parkAfter,
      maxSkewSeconds: config.log.maxSkew,
      learningSeconds: config.keys.learning,
      ipv6Prefix: config.metrics.ipv6Prefix,
      newIp: config.metrics.newIp,
    },
    commitInterval: config.store.commitInterval,
    archive:
      config.record.archive === 'on'
        ? { path: resolve(config.record.path), sealEvery: config.record.sealEvery }
        : undefined,
    shared: config.shared.redis.url.length > 0,
    serving: {
      instance: instanceOf(config),
      shared: config.shared.redis.url.length > 0,
      keysFile: config.keys.file === '' ? '' : resolve(config.keys.file),
    },
  };
}

/** The format of `log` itself, for files that belong to no source. */
export const defaultFormat = (config: Config): FormatOptions => formatOf(config, config.log);

function formatOf(
  config: Config,
  source: Pick<
    SourceConfig,
    | 'format'
    | 'fields'
    | 'pattern'
    | 'container'
    | 'timezone'
    | 'trustedProxies'
    | 'maxLineBytes'
    | 'journald'
  >,
): FormatOptions {
  return {
    format: source.format,
    container: source.journald ? 'none' : source.container,
    fields: { ...DEFAULT_FIELDS, ...source.fields },
    pattern: source.pattern === '' ? undefined : source.pattern,
    endpoints: config.endpoints,
    timezone: source.timezone,
    trustedProxies: source.trustedProxies.flatMap((text) => text.split(',')).map((text) => text.trim()),
    maxLineBytes: source.maxLineBytes,
  };
}

function sourceProblems(config: Config): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  const named = sourcesOf(config);
  const reading = named.filter(({ path }) => path?.includes(STANDARD_INPUT)).map(({ name }) => name);
  if (reading.length > 1)
    problems.push(
      `log.sources: ${reading.join(' and ')} read standard input (-); only one source can do that`,
    );
  // `once` reads files of no source in the format of `log` itself.
  const sources = named.length > 0 ? named : [{ ...config.log, name: 'default' }];
  for (const source of sources) {
    const path = source.name === 'default' ? 'log' : `log.sources (${source.name})`;
    if (names.has(source.name))
      problems.push(`${path}: two sources are called ${source.name}; give each its own name`);
    names.add(source.name);
    if (!hasNamedFields(source.format) && Object.keys(source.fields).length > 0)
      problems.push(
        `${path}.fields: format ${source.format} has fixed fields; ${
          source.format === 'pattern'
            ? 'remove log.fields and name the groups of log.pattern like the fields'
            : 'remove log.fields, or describe the line with format pattern'
        }`,
      );
    for (const field of Object.keys(source.fields))
      if (!(FIELD_NAMES as readonly string[]).includes(field))
        problems.push(
          `${path}.fields.${field}: there is no such field; the fields are ${FIELD_NAMES.join(', ')}`,
        );
    try {
      compileFormat(formatOf(config, source));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const place = error.option.startsWith('endpoints') ? '' : `${path}.`;
      problems.push(`${place}${error.message}`);
    }
  }
  return [...new Set(problems)];
}

/** Another text when the file at the path was changed or replaced, also behind a symlink; '' = it is not there. */
export function fileVersion(path: string): string {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs].join(' ');
  } catch {
    return '';
  }
}

/** When the file was last written, seconds since the epoch; NaN = there is none. */
export function fileModified(path: string): number {
  const found = path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
  return found ? found.mtimeMs / 1000 : Number.NaN;
}

const isEmptyFile = (path: string): boolean => {
  const found = path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === 0;
};

function readKeys(path: string): { entries: KeyEntry[]; problems: string[] } {
  if (path === '') return { entries: [], problems: [] };
  try {
    const { entries, problems } = parseKeysFile(readFile(path));
    return { entries, problems: problems.map((problem) => keysProblemText(path, problem)) };
  } catch (error) {
    return { entries: [], problems: [unreadable('keys.file', path, error)] };
  }
}

function readWeb(path: string): { web: WebConfig; problems: string[] } {
  if (path === '') return { web: OPEN_WEB, problems: [] };
  try {
    const { web, problems } = parseWebConfig(path, readFile(path));
    const unreadableFiles = [web.tls?.certFile, web.tls?.keyFile, web.tls?.clientCaFile].flatMap((file) => {
      if (!file) return [];
      try {
        readFile(file);
        return [];
      } catch (error) {
        return [unreadable('tls_server_config', file, error)];
      }
    });
    return { web, problems: [...problems.map(problemText), ...unreadableFiles] };
  } catch (error) {
    return { web: OPEN_WEB, problems: [unreadable('web.config.file', path, error)] };
  }
}

const readFile = (path: string): string => readFileSync(path, 'utf8');

const unreadable = (option: string, path: string, error: unknown): string =>
  `${option}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}); see to the path and its permissions`;
