import { FormatError } from './fields.ts';
import { maskText } from './masking.ts';
import { equals } from './spans.ts';
import { surfaceSpan } from './surface.ts';
import { MOST_SEGMENTS, type Segments } from './target.ts';
import { hashStep } from './wanted-fields.ts';

/** Longest template in bytes. */
export const LONGEST_TEMPLATE = 256;

/** A configured route as it is exposed. */
export interface ListedRoute {
  /** undefined = any. */
  method: Uint8Array | undefined;
  template: Buffer;
  surfaceStart: number;
  surfaceEnd: number;
}

interface Literal {
  bytes: Uint8Array;
  node: RouteNode;
}

/** What can follow after the segments read so far. */
interface RouteNode {
  literals: Map<number, Literal[]>;
  parameter: RouteNode | undefined;
  /** Routes that end here. */
  ends: ListedRoute[];
  /** Routes whose last segment `*` takes all that is left. */
  rests: ListedRoute[];
}

const emptyNode = (): RouteNode => ({ literals: new Map(), parameter: undefined, ends: [], rests: [] });

const ROUTE = /^(?:([A-Za-z]{1,16})\s+)?(\/\S*)$/;
const PARAMETER = /^(?:\{([A-Za-z_][\w-]*)\}|:([A-Za-z_][\w-]*))$/;
const LITERAL = /^[\w.~!$&'()+,;=@%-][\w.~!$&'()+,;=:@%-]*$/;

/**
 * The configured routes: `GET /v1/contacts/{id}`, `/v1/contacts/:id`, `/v1/files/*`. The method may be left out.
 * A `*` stands for one segment, as the last one for all that are left, at least one. They are matched on the
 * raw segments, from the left; a literal wins over a parameter, a parameter over a last `*`, and a route with
 * the request's method over one without any.
 */
export class Routes {
  readonly size: number;
  private readonly root = emptyNode();

  /** Throws FormatError naming the route that cannot be understood. */
  constructor(routes: readonly string[]) {
    this.size = routes.length;
    routes.forEach((route, i) => {
      this.add(route, `endpoints[${i}]`);
    });
  }

  /** The route that fits a path with these segments, all of them; undefined when none does. */
  find(bytes: Buffer, segments: Segments, methodStart: number, methodEnd: number): ListedRoute | undefined {
    return descend(this.root, 0, bytes, segments, methodStart, methodEnd);
  }

  private add(route: string, option: string): void {
    if (maskText(route) !== route)
      throw new FormatError(option, 'has a raw key in it; write a parameter such as {id} instead');
    const parts = ROUTE.exec(route.trim());
    if (!parts)
      throw new FormatError(option, `${JSON.stringify(route)} is no route; write "GET /v1/contacts/{id}"`);
    const names = parts[2].split('/').filter((name) => name !== '');
    if (names.length > MOST_SEGMENTS)
      throw new FormatError(option, `has more than ${MOST_SEGMENTS} segments; end it with /* earlier`);
    let node = this.root;
    let rest = false;
    const shown = names.map((name, i) => {
      const parameter = PARAMETER.exec(name);
      rest = name === '*' && i === names.length - 1;
      if (rest) return name;
      if (parameter || name === '*') {
        node.parameter ??= emptyNode();
        node = node.parameter;
        return parameter ? `:${parameter[1] ?? parameter[2]}` : name;
      }
      if (!LITERAL.test(name))
        throw new FormatError(
          option,
          `segment ${JSON.stringify(name)} of ${JSON.stringify(route)} is neither plain nor a whole parameter; write {name}, :name or *, and no query`,
        );
      node = addLiteral(node, Buffer.from(name));
      return name;
    });
    const template = Buffer.from(`/${shown.join('/')}`);
    if (template.length > LONGEST_TEMPLATE)
      throw new FormatError(option, `is longer than ${LONGEST_TEMPLATE} bytes; shorten it with *`);
    const method = parts[1] === undefined ? undefined : Buffer.from(parts[1].toUpperCase());
    (rest ? node.rests : node.ends).push({ method, template, ...surfaceSpan(template) });
  }
}

/** Goes as deep as the longest route and visits every node at most once. */
function descend(
  node: RouteNode,
  i: number,
  bytes: Buffer,
  segments: Segments,
  methodStart: number,
  methodEnd: number,
): ListedRoute | undefined {
  if (i === segments.count) return withMethod(node.ends, bytes, methodStart, methodEnd);
  const literal = literalAt(node, bytes, segments.starts[i], segments.ends[i]);
  let route = literal && descend(literal, i + 1, bytes, segments, methodStart, methodEnd);
  if (route === undefined && node.parameter)
    route = descend(node.parameter, i + 1, bytes, segments, methodStart, methodEnd);
  return route ?? withMethod(node.rests, bytes, methodStart, methodEnd);
}

function addLiteral(node: RouteNode, bytes: Buffer): RouteNode {
  const known = literalAt(node, bytes, 0, bytes.length);
  if (known) return known;
  const literal = { bytes, node: emptyNode() };
  const hash = bytes.reduce(hashStep, 0);
  node.literals.set(hash, [...(node.literals.get(hash) ?? []), literal]);
  return literal.node;
}

function literalAt(node: RouteNode, bytes: Buffer, start: number, end: number): RouteNode | undefined {
  if (node.literals.size === 0) return undefined;
  let hash = 0;
  for (let p = start; p < end; p++) hash = hashStep(hash, bytes[p]);
  const candidates = node.literals.get(hash);
  if (candidates === undefined) return undefined;
  for (let i = 0; i < candidates.length; i++)
    if (equals(bytes, start, end, candidates[i].bytes)) return candidates[i].node;
  return undefined;
}

function withMethod(
  routes: ListedRoute[],
  bytes: Buffer,
  start: number,
  end: number,
): ListedRoute | undefined {
  let any: ListedRoute | undefined;
  for (const route of routes) {
    if (route.method === undefined) any ??= route;
    else if (start >= 0 && equals(bytes, start, end, route.method)) return route;
  }
  return any;
}
