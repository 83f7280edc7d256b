import { isIP } from 'node:net';

/** Host and port as server.listen() takes them; host '' = every interface. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** Reads `host:port`, `[v6]:port` or `:port`. Throws when the text is none of them. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535)
    throw new Error(`web.listenAddress ${JSON.stringify(text)} is not of the form host:port`);
  return { host: match[1] ?? match[2], port };
}

/** True for addresses that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address) || address === '::1';
}

/**
 * Whether a request may be addressed to this host (the Host header, port included). A page of another site
 * can point its own name at this address (DNS rebinding), so on loopback only names of loopback, the listen
 * address and the allowed names hold. Elsewhere any address holds, and any name unless some are configured.
 */
export function hostAllowed(
  hostHeader: string | undefined,
  bound: { loopback: boolean; listenHost: string },
  allowedHosts: readonly string[],
): boolean {
  const name = nameIn(hostHeader);
  if (name === undefined) return false;
  if (name === 'localhost' || isLoopback(name)) return true;
  if (bound.listenHost !== '' && name === bound.listenHost.toLowerCase()) return true;
  if (allowedHosts.some((allowed) => name === nameIn(allowed))) return true;
  return !bound.loopback && (allowedHosts.length === 0 || isIP(name) !== 0);
}

/** Whether a POST comes from this very host: browsers say where a request comes from, other clients nothing. */
export function originAllowed(origin: string | undefined, hostHeader: string | undefined): boolean {
  if (origin === undefined) return true;
  return (
    /^https?:\/\//i.test(origin) &&
    origin.replace(/^https?:\/\//i, '').toLowerCase() === hostHeader?.toLowerCase()
  );
}

/** The name in `name`, `name:port` or `[v6]:port`, in lower case; undefined when it is none of them. */
function nameIn(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/?#@[\]]+?)\.?)(?::\d{1,5})?$/.exec((host ?? '').toLowerCase());
  return match?.[1] ?? match?.[2];
}
