import { hostname, userInfo } from 'node:os';
import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import { QuestionError } from '../history/key-choice.ts';
import { isOfTenant, keyLabel } from '../keys/key-labels.ts';
import { type KeyRegistry, registryOf } from '../keys/registry.ts';
import { maskKey } from '../parse/masking.ts';
import type { ForgottenEntry, ForgottenKey } from '../store/forgetting.ts';
import { ANOTHER_EXPORTER } from '../store/lock.ts';
import { openStore, openStoreForReading } from '../store/sqlite.ts';
import type { Loaded, Store } from '../store/store.ts';
import { keyLine } from '../text/key-name.ts';
import { count, counted } from '../text/numbers.ts';
import { terminalText } from '../text/terminal-text.ts';
import { FAMILIES } from '../usage/changes.ts';
import type { Settings } from './settings.ts';

export interface ForgetFlags {
  tenant: string;
  yes?: boolean;
  history?: boolean;
}

type Candidate = ForgottenKey & { key: number };

/**
 * `key forget`: removes unregistered keys from the store, named or by patterns with * and ?. Without `yes` it only
 * shows them, beside a running exporter too. Throws QuestionError and StoreError.
 */
export function forgetKeysOf(
  patterns: readonly string[],
  { tenant, yes = false, history = false }: ForgetFlags,
  settings: Settings,
  out: NodeJS.WritableStream,
): void {
  const path = settings.config.store.path;
  const reader = openStoreForReading(path);
  let chosen: Choice;
  try {
    if (history) return void out.write(historyText(reader.forgotten()));
    requireKeysFile(settings, reader.serving()?.keysFile ?? '');
    chosen = choose(reader.load(), patterns, tenant, registryOf(settings.ingestion));
    out.write(choiceText(chosen, settings.config.limits.keys));
    if (reader.serving()?.shared || settings.sharing) out.write(SHARED);
  } finally {
    reader.close();
  }
  if (chosen.keys.length === 0) return;
  if (!yes)
    return void out.write('Nothing was removed. Stop the exporter and repeat with --yes to remove them.\n');
  if (patterns.length === 0)
    throw new QuestionError('key forget --yes: name the keys, or a pattern such as "10.0.*"');
  const store = openAlone(path);
  try {
    // An exporter may have written between the look and the lock.
    const { keys } = choose(store.load(), patterns, tenant, registryOf(settings.ingestion));
    store.forgetKeys(keys, { at: Date.now() / 1000, by: who() });
    out.write(`${counted(keys.length, 'key')} removed; \`key forget --history\` lists them.\n`);
  } finally {
    store.close();
  }
}

interface Choice {
  keys: Candidate[];
  /** Registered keys that a pattern matches: they stay. */
  registered: { id: string; tenant: string }[];
  /** Unregistered keys in the store. */
  unregistered: number;
}

/** The unregistered keys that the patterns match, most requests last. Throws QuestionError for a name without key. */
function choose(
  { changes }: Loaded,
  patterns: readonly string[],
  tenant: string,
  registry: KeyRegistry,
): Choice {
  const matches = patterns.map(matcherOf);
  const real = changes.keys.filter(({ id }) => id !== NO_KEY && id !== OTHER);
  const isRegistered = (row: { id: string; tenant: string }): boolean =>
    registry.entriesLabelled(row.id).length > 0 ||
    registry.labelled(row.id, row.tenant) !== undefined ||
    registry.ownerOf(row) !== undefined;
  const found = real.filter(
    (row) =>
      isOfTenant(row.tenant, tenant) && (matches.length === 0 || matches.some((isMatch) => isMatch(row.id))),
  );
  for (const [i, pattern] of patterns.entries())
    if (!/[*?]/.test(pattern) && !found.some(({ id }) => matches[i](id)))
      throw new QuestionError(`there is no key ${JSON.stringify(maskKey(pattern))} in the store`, true);
  const requests = requestsByKey(changes);
  const uses = new Map(changes.keyUsage.map((row) => [row.key, row]));
  return {
    keys: found
      .filter((row) => !isRegistered(row))
      .map(({ key, id, tenant: of }) => ({
        ...{ key, id, tenant: of, requests: requests.get(key) ?? 0 },
        ...{ firstUsed: uses.get(key)?.firstUsed ?? 0, lastUsed: uses.get(key)?.lastUsed ?? 0 },
      }))
      .sort((a, b) => a.requests - b.requests || a.key - b.key),
    registered: patterns.length === 0 ? [] : found.filter(isRegistered),
    unregistered: real.filter((row) => !isRegistered(row)).length,
  };
}

function requestsByKey({ series, values }: Loaded['changes']): Map<number, number> {
  const keys = new Map(
    series.flatMap((row) => (row.family === FAMILIES.requests ? [[row.series, row.key] as const] : [])),
  );
  const requests = new Map<number, number>();
  for (const [i, number] of values.series.entries()) {
    const key = keys.get(number);
    if (key !== undefined) requests.set(key, (requests.get(key) ?? 0) + values.value[i]);
  }
  return requests;
}

/** Matches a key by its label, or by its name as the log had it. */
function matcherOf(pattern: string): (label: string) => boolean {
  const isGlob = /[*?]/.test(pattern);
  if (!isGlob) {
    const masked = maskKey(pattern);
    return (label) => label === masked || label === keyLabel(masked);
  }
  const source = pattern
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 's');
  return (label) => expression.test(label) || expression.test(nameOf(label));
}

function nameOf(label: string): string {
  try {
    return decodeURIComponent(label);
  } catch {
    return label;
  }
}

/** Without its keys file every key would look unregistered. */
function requireKeysFile({ config }: Settings, keysFile: string): void {
  if (keysFile !== '' && config.keys.file === '')
    throw new QuestionError(
      `keys.file: the exporter of this store uses ${keysFile}; name it with --keys.file, so that registered keys are kept`,
    );
}

function openAlone(path: string): Store {
  try {
    return openStore(path);
  } catch (error) {
    if (!(error as Error).message.includes(ANOTHER_EXPORTER)) throw error;
    throw new QuestionError(
      `store ${path}: an exporter is using it; stop the exporter, repeat this command, then start it again`,
    );
  }
}

function who(): string {
  let user = process.env.SUDO_USER ?? '';
  try {
    user ||= userInfo().username;
  } catch {
    user = String(process.getuid?.() ?? '');
  }
  return `${user}@${hostname()}`;
}

const SHARED =
  'Facts are shared: Redis keeps what was published of these keys until it expires. Repeat this on each exporter that has them.\n';

function choiceText({ keys, registered, unregistered }: Choice, limit: number): string {
  const requests = keys.reduce((sum, key) => sum + key.requests, 0);
  return [
    ...keys.map((key) => `${forgottenLine(key)}\n`),
    ...registered.map(
      ({ id, tenant }) =>
        `${keyLine(terminalText(id), terminalText(tenant))}  kept: it is in the keys file\n`,
    ),
    keys.length === 0
      ? 'No unregistered key matches.\n'
      : `${counted(keys.length, 'unregistered key')} with ${counted(requests, 'request')}; ` +
        `${count(unregistered)} of ${count(limit)} places for unregistered keys are taken.\n`,
  ].join('');
}

const historyText = (entries: readonly ForgottenEntry[]): string =>
  entries.length === 0
    ? 'No key was ever forgotten.\n'
    : entries
        .map((entry) => `${iso(entry.at)}  ${terminalText(entry.by)}  ${forgottenLine(entry)}\n`)
        .join('');

const forgottenLine = ({ id, tenant, requests, firstUsed, lastUsed }: ForgottenKey): string =>
  `${keyLine(terminalText(id), terminalText(tenant))}  ${counted(requests, 'request')}` +
  `${lastUsed > 0 ? `, ${iso(firstUsed)} to ${iso(lastUsed)}` : ''}`;

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
