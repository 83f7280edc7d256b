import { API_VERSION } from '../parse/api-version.ts';

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

/** Path segments whose scope has another name. Documented: `/kb` belongs to `knowledge`. */
const SURFACE_OF_SEGMENT: Record<string, string> = { kb: 'knowledge' };

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

/** A configured rule: requests whose method and template fit need `scope`. */
export interface ScopeRule {
  /** In upper case; `*` = any. */
  method: string;
  /** The endpoint template, e.g. `/v1/reports/:id`; `*` at its end stands for any rest. */
  path: string;
  scope: string;
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
/** The first segment after the version, before which stand two at most: letters first, so `:id` is none. */
const SURFACE = new RegExp(
  `^(?:/(?!${API_VERSION}/)[^/]+){0,2}/${API_VERSION}/([a-z][a-z0-9_-]*)(?:/|$)`,
  'i',
);

/**
 * The scope a request needs: the first rule that fits, else `<surface>:read` for GET, HEAD and OPTIONS and
 * `<surface>:write` for everything else. undefined when the path has no version or no surface.
 */
export function scopeOf(
  method: string,
  template: string,
  rules: readonly ScopeRule[] = [],
): string | undefined {
  const verb = method.toUpperCase();
  const rule = rules.find((candidate) => fits(candidate, verb, template));
  if (rule) return rule.scope;
  const segment = SURFACE.exec(template)?.[1]?.toLowerCase();
  if (segment === undefined) return undefined;
  const surface = Object.hasOwn(SURFACE_OF_SEGMENT, segment) ? SURFACE_OF_SEGMENT[segment] : segment;
  return `${surface}:${READING.has(verb) ? 'read' : 'write'}`;
}

function fits(rule: ScopeRule, verb: string, template: string): boolean {
  if (rule.method !== '*' && rule.method.toUpperCase() !== verb) return false;
  return rule.path.endsWith('*') ? template.startsWith(rule.path.slice(0, -1)) : template === rule.path;
}

/** Every single scope that words of the keys file grant: bundles opened, `write` with the `read` it implies. */
export function grantedScopes(words: readonly string[], bundles = BUNDLES): Set<string> {
  const granted = new Set<string>();
  for (const scope of words.flatMap((word) => (Object.hasOwn(bundles, word) ? bundles[word] : [word]))) {
    granted.add(scope);
    if (scope.endsWith(':write')) granted.add(`${scope.slice(0, -':write'.length)}:read`);
  }
  return granted;
}

/** A scope that was granted, needed, or both. */
export interface ScopeLine {
  scope: string;
  granted: boolean;
  /** Seconds since the epoch; 0 = never needed. */
  lastUsed: number;
}

/**
 * Granted words against last uses by scope: needed without a grant first, then the latest needed, then what was
 * never needed; a `read` that `write` implies only if needed.
 */
export function scopeLines(words: readonly string[], uses: ReadonlyMap<string, number>): ScopeLine[] {
  const granted = grantedScopes(words);
  const unneeded = [...granted].filter(
    (scope) => scope.endsWith(':write') || !granted.has(scope.replace(/:read$/, ':write')),
  );
  return [...new Set([...uses.keys(), ...unneeded])]
    .map((scope) => ({ scope, granted: granted.has(scope), lastUsed: uses.get(scope) ?? 0 }))
    .sort(
      (a, b) =>
        Number(a.granted) - Number(b.granted) || b.lastUsed - a.lastUsed || (a.scope < b.scope ? -1 : 1),
    );
}
