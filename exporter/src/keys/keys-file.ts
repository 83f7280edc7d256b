import type { core } from 'zod';
import { THRESHOLD_KINDS } from '../health/thresholds.ts';
import { nearest } from '../text/suggestion.ts';
import { parseYamlDocument, withoutNulls, type YamlDocument } from '../yaml/document.ts';
import { entryConflicts } from './entry-conflicts.ts';
import type { KeyEntry } from './key.ts';
import { quoted } from './key-fields.ts';
import { type KeyFields, keySchema, keysFileSchema } from './key-schema.ts';
import type { KeysFileError, Path } from './keys-file-error.ts';
import { holdsRawKey, maskedFormIn, withoutRawKeys } from './raw-keys.ts';
import { DEFAULT_TIER, TIERS } from './tiers.ts';

/** One thing wrong in the keys file. Never quotes a raw key. */
export interface KeysFileProblem {
  /** Where in the document, e.g. `keys[3].tier`; '' = the file as a whole. */
  path: string;
  /** From 1 on. */
  line: number;
  message: string;
  /** What to do about it. */
  remedy: string;
}

/**
 * Reads the text of a keys file. Either entries or problems, never both: all problems at once, in the
 * order of their lines. Never throws.
 */
export function parseKeysFile(source: string): { entries: KeyEntry[]; problems: KeysFileProblem[] } {
  const document = parseYamlDocument(source);
  const syntax = [...document.errors, ...document.warnings].map(({ line, message }) => ({
    path: '',
    line: line ?? 1,
    message: withoutRawKeys(message),
    remedy:
      line === undefined
        ? 'write the values out'
        : 'see to quotes and indentation; a value with : or # in it needs quotes',
  }));
  const { errors, entries } = syntax.length > 0 ? NOTHING : read(document.data);
  const found = errors.map((error) => located(error, document));
  const problems = [...syntax, ...found, ...rawKeyLines(source, found)].sort((a, b) => a.line - b.line);
  return { entries: problems.length > 0 ? [] : entries, problems };
}

/** `keys.yaml:12: keys[3].tier: … — …`, as check-config and the log print it. */
export function problemText(file: string, problem: KeysFileProblem): string {
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${file}:${problem.line}: ${path}${problem.message}; ${problem.remedy}`;
}

const NOTHING: { errors: KeysFileError[]; entries: KeyEntry[] } = { errors: [], entries: [] };

function read(data: unknown): { errors: KeysFileError[]; entries: KeyEntry[] } {
  if (data === null || data === undefined)
    return {
      errors: [{ path: [], message: 'the file is empty', remedy: 'write `keys: []` if there are no keys' }],
      entries: [],
    };
  const raw = rawKeys(data, []);
  const parsed = keysFileSchema.safeParse(withoutNulls(data, keepsNulls));
  const wrong = parsed.success ? [] : parsed.error.issues.flatMap(errorsOf);
  const across = entryConflicts(data);
  const entries = parsed.success ? parsed.data.keys.map(entryOf) : [];
  return { errors: [...raw, ...besides(raw, [...wrong, ...across])], entries };
}

/** A raw key is wrong in one way only, whatever else may be said of it. */
const besides = (raw: KeysFileError[], others: KeysFileError[]): KeysFileError[] => {
  const paths = new Set(raw.map(({ path }) => JSON.stringify(path)));
  return others.filter(({ path }) => !paths.has(JSON.stringify(path)));
};

/** Every place that holds a raw key, in names of fields as well. */
function rawKeys(value: unknown, path: Path): KeysFileError[] {
  if (typeof value === 'string') return holdsRawKey(value) ? [rawKey(path, value)] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = [...path, Array.isArray(value) ? Number(name) : name];
    return [...(holdsRawKey(name) ? [rawKey(place, name)] : []), ...rawKeys(inner, place)];
  });
}

const RAW_KEY = 'a raw key stands here; it must never be written down';
const rawKey = (path: Path, text: string): KeysFileError => ({
  path,
  message: RAW_KEY,
  remedy: `rotate the key, and write its masked form, ${maskedFormIn(text)} (\`atender-exporter mask\` prints it)`,
});

/** Raw keys that are no value: in comments, or in a file that is no YAML. */
function rawKeyLines(source: string, found: KeysFileProblem[]): KeysFileProblem[] {
  const known = new Set(found.filter(({ message }) => message === RAW_KEY).map(({ line }) => line));
  return source.split('\n').flatMap((text, i) => {
    if (!holdsRawKey(text) || known.has(i + 1)) return [];
    return [{ ...rawKey([], text), path: '', line: i + 1 }];
  });
}

/** A limit of null means unlimited. */
const keepsNulls = (field: string): boolean => field === 'limits';

function errorsOf(issue: core.$ZodIssue): KeysFileError[] {
  const path = issue.path as Path;
  if (issue.code === 'custom')
    return [{ path, message: issue.message, remedy: String(issue.params?.remedy ?? 'see the example file') }];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((name) => {
      const known = fieldsAt(path);
      const near = nearest(name, known);
      return {
        path: [...path, name],
        message: path.at(-1) === 'thresholds' ? 'is no kind of threshold' : 'is no known field',
        remedy: near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`,
      };
    });
  if (issue.code === 'invalid_type') {
    const wanted = { array: 'a list', object: 'a map of fields' }[issue.expected as string] ?? 'a value';
    return [{ path, message: `must be ${wanted}`, remedy: 'see the example file for its form' }];
  }
  return [{ path, message: issue.message, remedy: 'see the example file' }];
}

function fieldsAt(path: Path): string[] {
  if (path.length === 0) return ['keys'];
  if (path.at(-1) === 'thresholds') return THRESHOLD_KINDS;
  if (path.at(-1) === 'limits') return ['perMinute', 'perDay', 'burst'];
  return Object.keys(keySchema.shape);
}

function entryOf(fields: KeyFields): KeyEntry {
  const fingerprints = fields.fingerprints ?? [];
  const sandbox = [fields.id, ...fingerprints].some((name) => name.startsWith('sa_test_'));
  const environment = fields.environment ?? (sandbox ? 'sandbox' : 'production');
  const state = fields.state ?? 'active';
  const tier = fields.tier ?? DEFAULT_TIER;
  const custom = { perMinute: fields.limits?.perMinute ?? null, perDay: fields.limits?.perDay ?? null };
  return {
    id: fields.id,
    fingerprints,
    name: fields.name ?? '',
    description: fields.description ?? '',
    tenantId: fields.tenantId ?? '',
    environment,
    state,
    owner: fields.owner ?? '',
    tier,
    limits: tier === 'custom' ? { ...custom, burst: fields.limits?.burst ?? 0 } : { ...TIERS[tier] },
    scopes: fields.scopes ?? [],
    scopesChangedAt: fields.scopesChangedAt ?? null,
    createdAt: fields.createdAt ?? null,
    rotatedAt: fields.rotatedAt ?? null,
    rotateEvery: fields.rotateEvery ?? null,
    replaces: fields.replaces ?? '',
    realtime: fields.realtime ?? (state === 'active' && environment === 'production'),
    thresholds: { ...fields.thresholds },
    allowedNetworks: fields.allowedNetworks ?? [],
    learning: fields.learning ?? null,
    retention: fields.retention ?? null,
    legalHold: fields.legalHold ?? false,
  };
}

/** Turns a path into words and finds its line. */
function located({ path, message, remedy }: KeysFileError, document: YamlDocument): KeysFileProblem {
  return {
    path: words(path),
    line: document.lineOf(path) ?? 1,
    message: withoutRawKeys(message),
    remedy: withoutRawKeys(remedy),
  };
}

function words(path: Path): string {
  const parts = path.map((part, i) =>
    typeof part === 'number'
      ? `[${part}]`
      : `${i === 0 ? '' : '.'}${/^[\w-]{1,60}$/.test(part) ? part : quoted(part)}`,
  );
  return withoutRawKeys(parts.join(''));
}
