import { surfaceSegment } from './segments.ts';
import { Segments } from './target.ts';

const SLASH = 47;
const STAR = 42;
const COLON = 58;
const NONE = { surfaceStart: -1, surfaceEnd: -1 };

/** Where the surface lies in an endpoint template; -1 = it has none, as pseudo-endpoints, `*` and `/v1/:id`. */
export function surfaceSpan(template: Buffer): { surfaceStart: number; surfaceEnd: number } {
  if (template[0] !== SLASH) return NONE;
  const segments = new Segments();
  segments.split(template, 0, template.length);
  const i = surfaceSegment(template, segments);
  const first = i < segments.count ? template[segments.starts[i]] : STAR;
  if (first === STAR || first === COLON) return NONE;
  return { surfaceStart: segments.starts[i], surfaceEnd: segments.ends[i] };
}

/** The surface of an endpoint template; '' = it has none. */
export function surfaceOf(template: string): string {
  const { surfaceStart, surfaceEnd } = surfaceSpan(Buffer.from(template));
  return surfaceStart < 0 ? '' : template.slice(surfaceStart, surfaceEnd);
}
