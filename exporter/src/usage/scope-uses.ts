import { ByteReader, ByteWriter } from './bytes.ts';
import type { KeyUsage } from './key-usage.ts';

/** Event time of the last request that used a scope, seconds. */
export interface ScopeUse {
  scope: string;
  lastUsed: number;
}

const writer = new ByteWriter();

/** When which key last used which scope, by a number for each such use. */
export class ScopeUses {
  private last = new Float64Array(256);
  private made = 0;

  /** The number of a key's use of a scope. */
  of(usage: KeyUsage, scope: string): number {
    const known = usage.scopes.get(scope);
    if (known !== undefined) return known;
    const use = this.made++;
    usage.scopes.set(scope, use);
    if (use === this.last.length) {
      const larger = new Float64Array(use * 2);
      larger.set(this.last);
      this.last = larger;
    }
    return use;
  }

  use(use: number, at: number): void {
    if (at > this.last[use]) this.last[use] = at;
  }

  /** All scopes a key has used. */
  usesOf({ scopes }: KeyUsage): ScopeUse[] {
    return Array.from(scopes, ([scope, use]) => ({ scope, lastUsed: this.last[use] }));
  }

  /** The same as bytes. */
  encode({ scopes }: KeyUsage): Uint8Array {
    writer.begin();
    for (const [scope, use] of scopes) writeUse(scope, this.last[use]);
    return writer.end();
  }

  restore(usage: KeyUsage, bytes: Uint8Array): void {
    for (const { scope, lastUsed } of readScopes(bytes)) this.use(this.of(usage, scope), lastUsed);
  }
}

/** Uses of scopes as KeyUsageRow has them. */
export function writeScopes(uses: ScopeUse[]): Uint8Array {
  writer.begin();
  for (const { scope, lastUsed } of uses) writeUse(scope, lastUsed);
  return writer.end();
}

function writeUse(scope: string, lastUsed: number): void {
  writer.text(scope);
  writer.float(lastUsed);
}

/** What writeScopes wrote. */
export function readScopes(bytes: Uint8Array): ScopeUse[] {
  const reader = new ByteReader(bytes);
  const uses: ScopeUse[] = [];
  while (reader.left > 0) uses.push({ scope: reader.text(), lastUsed: reader.float() });
  return uses;
}
