import { isDeepStrictEqual } from 'node:util';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { nearest } from '../text/suggestion.ts';
import { parseYamlDocument, withoutNulls, type YamlPath } from '../yaml/document.ts';
import { type Config, configSchema, OPTIONS, type SourceConfig } from './options.ts';

/** Where option values may come from; the later one wins: file, environment, command line. */
export interface ConfigInput {
  /** Path of the YAML file; undefined = none. */
  file: string | undefined;
  /** By option path, as given on the command line. */
  flags: Record<string, string | string[]>;
  /** What is empty there counts as not set, as where a compose file passes on what nobody set. */
  env: Record<string, string | undefined>;
  /** Reads a file; throws what the file system throws. */
  readFile: (path: string) => string;
}

/** One thing wrong: where it was written, which option, what is wrong and what to do. */
export interface OptionError {
  /** `exporter.yaml:12`, `--log.format`, `ATENDER_LOG_FORMAT`. */
  place: string;
  /** Path of the option, e.g. `log.sources[1].format`; '' = the file as a whole. */
  path: string;
  message: string;
}

/**
 * `rest` is what can still be checked of a configuration that cannot be used: all of it but the wrong options,
 * undefined when nothing can be made of it.
 */
export type Loaded =
  | { config: Config; rest: Config; problems: [] }
  | { config: undefined; rest: Config | undefined; problems: OptionError[] };

/** Reads and checks every option. Never throws; all problems are found at once. */
export function loadConfig(input: ConfigInput): Loaded {
  const file = readConfigFile(input);
  if (file.problems.length > 0) return { config: undefined, rest: undefined, problems: file.problems };
  const places = new Map<string, string>();
  const raw = file.data;
  const problems: OptionError[] = [];
  for (const { path, flag, variable, kind } of OPTIONS) {
    const fromFlag = input.flags[path];
    const fromEnv = input.env[variable] || undefined;
    const text = fromFlag ?? fromEnv;
    if (text === undefined) continue;
    const place = fromFlag === undefined ? variable : flag;
    places.set(path, place);
    try {
      set(raw, path.split('.'), readText(text, kind));
    } catch (error) {
      problems.push({ place, path, message: `is not YAML: ${firstLine(error)}` });
    }
  }
  const parsed = configSchema.safeParse(raw, { reportInput: true });
  if (parsed.success && problems.length === 0)
    return { config: parsed.data, rest: parsed.data, problems: [] };
  const wrong: YamlPath[] = [];
  for (const issue of parsed.error?.issues ?? []) {
    const path = pathText(issue.path);
    const override = [...places].find(([option]) => path === option || path.startsWith(`${option}[`));
    for (const { message, at } of messagesOf(issue)) {
      problems.push({ place: override?.[1] ?? file.placeOf(at), path, message });
      wrong.push(at);
    }
  }
  for (const path of wrong) remove(raw, path);
  return { config: undefined, rest: configSchema.safeParse(raw).data, problems };
}

/** `exporter.yaml:12: log.format: …`, as check-config and the log print it. */
export function problemText({ place, path, message }: OptionError): string {
  return [place, path, message].filter((part) => part !== '').join(': ');
}

/** The sources to follow: the named ones, and `default` when `log.path` names files. */
export function sourcesOf({ log }: Config): SourceConfig[] {
  const { format, fields, pattern, container, timezone, trustedProxies } = log;
  const { readFrom, maxLineBytes, staleAfter } = log;
  const inherited = {
    ...{ format, fields, pattern, container, timezone, trustedProxies },
    ...{ readFrom, maxLineBytes, staleAfter },
  };
  const own: typeof log.sources = log.path.length > 0 ? [{ name: 'default', path: log.path }] : [];
  return [...own, ...log.sources].map((source) => {
    const filled = { ...inherited, ...defined(source) } as SourceConfig;
    // Names for the fields of another format are not meant for this one.
    const foreign = filled.format !== format && source.fields === undefined && !hasNamedFields(filled.format);
    return foreign ? { ...filled, fields: {} } : filled;
  });
}

/** Whether lines of a format name their fields, so that `log.fields` can map them. */
export const hasNamedFields = (format: SourceConfig['format']): boolean =>
  format === 'json' || format === 'logfmt';

/** Options that are read once, at start. */
const NEEDS_RESTART = [
  'store.path',
  'record.archive',
  'record.path',
  'record.sealEvery',
  'web.listenAddress',
  ...OPTIONS.map(({ path }) => path).filter((path) => /^(shared|instance)\./.test(path)),
];

/**
 * What a reload may take over: the new configuration with the options that need a restart left as they
 * were, and the names of those that differ.
 */
export function reloadable(running: Config, next: Config): { config: Config; needsRestart: string[] } {
  const config = structuredClone(next);
  const needsRestart = NEEDS_RESTART.filter(
    (path) => !isDeepStrictEqual(get(running, path), get(next, path)),
  );
  for (const path of needsRestart) set(config, path.split('.'), get(running, path));
  return { config, needsRestart };
}

function readConfigFile({ file, readFile }: ConfigInput) {
  const nothing = { data: {}, placeOf: () => '', problems: [] as OptionError[] };
  if (file === undefined) return nothing;
  const wrong = (place: string, message: string) => ({
    ...nothing,
    problems: [{ place, path: '', message }],
  });
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    return wrong(file, `cannot be read: ${firstLine(error)}; see to the path and its permissions`);
  }
  const document = parseYamlDocument(text);
  const problems = document.errors.map(({ line, message }) =>
    line === undefined
      ? { place: file, path: '', message: `cannot be used: ${firstLine(message)}; write the values out` }
      : { place: `${file}:${line}`, path: '', message: `is not YAML: ${message}` },
  );
  if (problems.length > 0) return { ...nothing, problems };
  const data = withoutNulls(document.data ?? {});
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return wrong(`${file}:1`, 'is not a mapping; begin with a section such as `log:`');
  const placeOf = (path: YamlPath): string => {
    const line = document.lineOf(path);
    return line === undefined ? file : `${file}:${line}`;
  };
  return { data: data as Record<string, unknown>, placeOf, problems: [] };
}

function readText(text: string | string[], kind: 'text' | 'list' | 'structure'): unknown {
  if (kind === 'list') return [text].flat().flatMap(listOf);
  const one = Array.isArray(text) ? (text.at(-1) ?? '') : text;
  return kind === 'structure' ? parseYaml(one) : one;
}

/**
 * The parts of a text between commas, without blanks around them. A comma inside braces or brackets, as in the glob
 * `{a,b}.log`, does not separate, nor does one behind a backslash, which stands for a comma.
 */
function listOf(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith('\\,', at)) part += text[++at];
    else if (text[at] === ',') {
      parts.push(part);
      part = '';
    } else {
      const end = closingOf(text, at);
      part += text.slice(at, end + 1);
      at = end;
    }
  }
  const named = [...parts, part].map((one) => one.trim());
  return named.length === 1 ? named : named.filter(Boolean);
}

/** Where the brace or bracket at `at` is closed; `at` itself when there is none, or it is never closed. */
function closingOf(text: string, at: number): number {
  const [open, close] = ['{}', '[]'].find(([first]) => first === text[at]) ?? '';
  let depth = 0;
  for (let end = at; open !== undefined && end < text.length; end++) {
    if (text[end] === open) depth++;
    else if (text[end] === close && --depth === 0) return end;
  }
  return at;
}

/** What an issue says, in words, and where it lies; an unknown option gets the nearest known one. */
function messagesOf(issue: z.core.$ZodIssue): { message: string; at: YamlPath }[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const at = [...issue.path, key];
      const near = nearest(key, knownNames(issue.path));
      const remedy = near === undefined ? '; --help lists all' : `; did you mean ${near}?`;
      return { message: `there is no option ${pathText(at)}${remedy}`, at };
    });
  return [{ message: wordsOf(issue), at: issue.path }];
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `is not one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type')
    return issue.input === undefined ? 'is missing' : (NOT_OF_TYPE[issue.expected] ?? issue.message);
  return issue.message.replace(/^Invalid input: /, '');
}

const NOT_OF_TYPE: Record<string, string> = {
  array: 'is no list; write [value, …], or one value a line behind a dash',
  object: 'is no mapping; write its options below it, one a line',
  record: 'is no mapping; write its entries below it, one `name: value` a line',
  string: 'is no text; put it in quotes',
};

function knownNames(path: YamlPath): string[] {
  const prefix = pathText(path);
  if (prefix.startsWith('log.sources'))
    return ['name', 'path', 'journald', ...Object.keys(configSchema.shape.log.unwrap().shape)];
  const below = OPTIONS.map((option) => option.path)
    .filter((option) => prefix === '' || option.startsWith(`${prefix}.`))
    .map((option) => option.slice(prefix === '' ? 0 : prefix.length + 1));
  return [...new Set(below.map((option) => option.split('.')[0]))];
}

/** `log.sources[1].format` */
function pathText(path: YamlPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

const defined = (source: object): object =>
  Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined));

const get = (tree: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], tree);

function set(tree: object, [name, ...rest]: string[], value: unknown): void {
  const node = tree as Record<string, unknown>;
  if (rest.length === 0) node[name] = value;
  else {
    if (typeof node[name] !== 'object' || node[name] === null) node[name] = {};
    set(node[name] as object, rest, value);
  }
}

/** Takes out what lies at a path; of a list that has something wrong in it, the list. */
function remove(tree: object, path: YamlPath): void {
  let node = tree as Record<PropertyKey, unknown>;
  for (const [depth, name] of path.entries()) {
    const next = node[name];
    const last = depth === path.length - 1;
    if (last || typeof path[depth + 1] === 'number' || typeof next !== 'object' || next === null) {
      delete node[name];
      return;
    }
    node = next as Record<PropertyKey, unknown>;
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0];
