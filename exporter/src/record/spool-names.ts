import { NO_KEY } from '../health/pseudo-keys.ts';
import { UNMATCHED } from '../keys/key.ts';
import { withoutRawKeys } from '../keys/raw-keys.ts';
import { retentionClass } from '../keys/retention.ts';
import type { LogRecord } from '../parse/log-record.ts';
import { mayHoldRawKey } from '../parse/masking.ts';
import { SpanTable } from '../usage/interning.ts';
import { namesOf } from '../usage/line-names.ts';
import { methodName } from '../usage/names.ts';
import type { KeyRegistry } from '../usage/options.ts';
import { FRAMES, LONGEST_AGENT, NONE } from './spool-format.ts';

/** Spellings remembered of each kind: what comes beyond them is written again, under a further number. */
const REMEMBERED = 65_536;
/** Longer names are not remembered. */
const LONGEST_REMEMBERED = 512;
/** Bytes kept of an endpoint template. */
const LONGEST_TEMPLATE = 1_024;

export type FrameWriter = (kind: number, payload: Buffer) => void;

/** The numbers that names go by in one segment of the spool; a name that is new is written first. */
export class SpoolNames {
  private readonly write: FrameWriter;
  private readonly identities = new SpanTable();
  private readonly endpoints = new SpanTable();
  private readonly agents = new SpanTable();
  private identityCount = 0;
  private endpointCount = 0;
  private agentCount = 0;
  private noKey = -1;
  private registry: KeyRegistry;

  constructor(write: FrameWriter, registry: KeyRegistry) {
    this.write = write;
    this.registry = registry;
  }

  /** Nothing of the segment before is known any more. */
  clear(): void {
    this.identityCount = this.endpointCount = this.agentCount = 0;
    this.registryChanged(this.registry);
    this.endpoints.clear();
    this.agents.clear();
  }

  /** Names and retention of keys may be others from the next request on. */
  registryChanged(registry: KeyRegistry): void {
    this.registry = registry;
    this.identities.clear();
    this.noKey = -1;
  }

  identityOf(record: LogRecord): number {
    const { key, keyStart, keyEnd, bytes, tenantStart, tenantEnd } = record;
    if (keyEnd <= keyStart) {
      if (this.noKey < 0) this.noKey = this.identity(NO_KEY, '', retentionClass(undefined));
      return this.noKey;
    }
    const known = this.identities.find(key, keyStart, keyEnd, bytes, tenantStart, tenantEnd);
    if (known >= 0) return known;
    const { id, tenant, entry } = namesOf(record, this.registry);
    const number = this.identity(id, tenant, retentionClass(entry));
    if (makeRoom(this.identities, keyEnd - keyStart + (tenantEnd - tenantStart)))
      this.identities.add(key, keyStart, keyEnd, bytes, tenantStart, tenantEnd, number);
    return number;
  }

  endpointOf(record: LogRecord): number {
    const { template, templateStart, templateEnd, bytes, methodStart, methodEnd } = record;
    const known = this.endpoints.find(template, templateStart, templateEnd, bytes, methodStart, methodEnd);
    if (known >= 0) return known;
    const cutEnd = Math.min(templateEnd, templateStart + LONGEST_TEMPLATE);
    const text = template.toString('latin1', templateStart, cutEnd) || UNMATCHED;
    this.write(FRAMES.endpoint, json([methodName(bytes, methodStart, methodEnd), text]));
    const number = this.endpointCount++;
    if (makeRoom(this.endpoints, templateEnd - templateStart + (methodEnd - methodStart)))
      this.endpoints.add(template, templateStart, templateEnd, bytes, methodStart, methodEnd, number);
    return number;
  }

  agentOf({ bytes, userAgentStart, userAgentEnd }: LogRecord): number {
    if (userAgentEnd <= userAgentStart) return NONE;
    const known = this.agents.find(bytes, userAgentStart, userAgentEnd, bytes, -1, -1);
    if (known >= 0) return known;
    const whole = bytes.toString('utf8', userAgentStart, userAgentEnd);
    // Masked before it is cut, for a cut key is none any more.
    const masked = mayHoldRawKey(bytes, userAgentStart, userAgentEnd) ? withoutRawKeys(whole) : whole;
    this.write(FRAMES.agent, json(cut(masked, LONGEST_AGENT)));
    const number = this.agentCount++;
    if (makeRoom(this.agents, userAgentEnd - userAgentStart))
      this.agents.add(bytes, userAgentStart, userAgentEnd, bytes, -1, -1, number);
    return number;
  }

  private identity(id: string, tenant: string, retention: string): number {
    this.write(FRAMES.identity, json([id, tenant, retention]));
    return this.identityCount++;
  }
}

/** Whether a spelling of so many bytes is to be remembered; a full table begins anew. */
function makeRoom(table: SpanTable, length: number): boolean {
  if (length > LONGEST_REMEMBERED) return false;
  if (table.size >= REMEMBERED) table.clear();
  return true;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** The text up to so many bytes of UTF-8, no character halved. */
export function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && (encoded[end] & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end);
}
