import { API_VERSION } from '../parse/api-version.ts';

/** Path segments whose scope has another name. Documented: `/kb` belongs to `knowledge`. */
const SURFACE_OF_SEGMENT: Record<string, string> = { kb: 'knowledge' };

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
