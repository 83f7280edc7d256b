/** Surfaces of the API that Atender's scopes are made of (documentation of May 2026). */
export const SURFACES = [
  'knowledge',
  'conversations',
  'contacts',
  'tags',
  'analytics',
  'users',
  'settings',
  'search',
  'bulk',
  'webhooks',
  'channels',
  'automations',
  'agents',
  'snippets',
  'sla',
  'attachments',
  'notifications',
  'teams',
  'csat',
  'status',
] as const;

const READS = SURFACES.map((surface) => `${surface}:read`);

/**
 * What each bundle is taken to contain. Atender names the bundles but does not list them: these are our
 * assumption, used only to compare granted with used scopes, never to judge a request.
 */
export const BUNDLES: Record<string, readonly string[]> = {
  basic: ['knowledge:read', 'conversations:read', 'contacts:read', 'tags:read', 'status:read'],
  read_all: READS,
  integration: [
    ...['contacts', 'conversations', 'tags', 'webhooks', 'attachments', 'bulk'].map(
      (name) => `${name}:write`,
    ),
    ...['knowledge', 'search', 'channels', 'users', 'status'].map((name) => `${name}:read`),
  ],
  full_access: SURFACES.map((surface) => `${surface}:write`),
};

/** Every single scope that words of the keys file grant: bundles opened, `write` with the `read` it implies. */
export function grantedScopes(words: readonly string[], bundles = BUNDLES): Set<string> {
  const granted = new Set<string>();
  for (const scope of words.flatMap((word) => (Object.hasOwn(bundles, word) ? bundles[word] : [word]))) {
    granted.add(scope);
    if (scope.endsWith(':write')) granted.add(`${scope.slice(0, -':write'.length)}:read`);
  }
  return granted;
}

/** A change of one granted word. `by` has the words that take its place; empty = it can be taken away. */
export interface ScopeChange {
  word: string;
  by: readonly string[];
}

/**
 * How granted words can become narrower: the one decision that every output shows. What is granted after all changes
 * still covers each used scope that is covered now. Gives nothing when no use is known. A use that no word grants shows
 * that the words grant more than is known of them: bundles and unknown words then stay as they are.
 */
export function scopeAdvice(
  words: readonly string[],
  used: Iterable<string>,
  bundles = BUNDLES,
): ScopeChange[] {
  const distinct = [...new Set(words)];
  const granted = grantedScopes(distinct, bundles);
  const uses = new Set(used);
  const needed = new Set([...uses].filter((scope) => granted.has(scope)));
  if (needed.size === 0) return [];
  const unexplained = needed.size < uses.size;
  const allowed = grantedScopes([...needed], {});
  const hasExcess = (word: string) =>
    !(unexplained && isVague(word, bundles)) &&
    [...grantedScopes([word], bundles)].some((scope) => !allowed.has(scope));
  // Nothing exact is taken away because a bundle is assumed to cover it.
  const exact = distinct.filter((word) => !hasExcess(word) && !isVague(word, bundles));
  const covered = grantedScopes(exact, {});
  return distinct.filter(hasExcess).map((word) => {
    const own = grantedScopes([word], bundles);
    const missing = [...needed].filter((scope) => own.has(scope) && !covered.has(scope));
    const by = fewest(new Set(missing));
    for (const scope of grantedScopes(by, {})) covered.add(scope);
    return { word, by };
  });
}

/** What the word grants is our assumption, or not known at all. */
const isVague = (word: string, bundles: typeof BUNDLES): boolean =>
  Object.hasOwn(bundles, word) || !/^[^:]+:[^:]+$/.test(word);

/** As few words as grant these scopes: `write` implies `read`. */
export const fewest = (scopes: ReadonlySet<string>): string[] =>
  [...scopes]
    .filter((scope) => !scope.endsWith(':read') || !scopes.has(`${scope.slice(0, -':read'.length)}:write`))
    .sort();

/** "replace conversations:write by conversations:read", "take away tags:read". */
export function scopeChangeText({ word, by }: ScopeChange, bundles = BUNDLES): string {
  const bundle = Object.hasOwn(bundles, word) ? 'bundle ' : '';
  if (by.length === 0) return `take away ${bundle}${word}`;
  return `replace ${bundle}${word} by${bundle === '' ? '' : ':'} ${by.join(', ')}`;
}

/** A scope that was granted, needed, or both. */
export interface ScopeLine {
  scope: string;
  granted: boolean;
  /** A request needed it. */
  used: boolean;
  /** Seconds since the epoch; 0 = never needed, or when is not known. */
  lastUsed: number;
}

/**
 * Granted words against last uses by scope: needed without a grant first, then the latest needed, then what was
 * never needed; a `read` that `write` implies only if needed. A use at 0 or NaN is a use at an unknown time.
 */
export function scopeLines(words: readonly string[], uses: ReadonlyMap<string, number>): ScopeLine[] {
  const granted = grantedScopes(words);
  const unneeded = [...granted].filter(
    (scope) => scope.endsWith(':write') || !granted.has(scope.replace(/:read$/, ':write')),
  );
  return [...new Set([...uses.keys(), ...unneeded])]
    .map((scope) => ({
      scope,
      granted: granted.has(scope),
      used: uses.has(scope),
      lastUsed: uses.get(scope) || 0,
    }))
    .sort(
      (a, b) =>
        Number(a.granted) - Number(b.granted) ||
        Number(b.used) - Number(a.used) ||
        b.lastUsed - a.lastUsed ||
        (a.scope < b.scope ? -1 : 1),
    );
}

/** The advice about a key whose scope uses are these lines. */
export const adviceOf = (words: readonly string[], lines: readonly ScopeLine[]): ScopeChange[] =>
  scopeAdvice(
    words,
    lines.flatMap(({ scope, used }) => (used ? [scope] : [])),
  );
