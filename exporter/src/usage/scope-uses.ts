import type { ScopeRow } from './changes.ts';
import type { KeyUsage } from './key-usage.ts';

/** When which key last used which scope, by a number for each such use. Seconds of event time. */
export class ScopeUses {
  private last = new Float64Array(256);
  private readonly rows: { key: number; scope: string }[] = [];
  private changed: number[] = [];
  private readonly isChanged: boolean[] = [];

  /** The number of a key's use of a scope. */
  of(usage: KeyUsage, scope: string): number {
    const known = usage.scopes.get(scope);
    if (known !== undefined) return known;
    const use = this.rows.push({ key: usage.key, scope }) - 1;
    this.isChanged.push(false);
    usage.scopes.set(scope, use);
    if (use === this.last.length) {
      const larger = new Float64Array(use * 2);
      larger.set(this.last);
      this.last = larger;
    }
    return use;
  }

  lastUsed(use: number): number {
    return this.last[use];
  }

  use(use: number, at: number): void {
    if (at <= this.last[use]) return;
    this.last[use] = at;
    if (this.isChanged[use]) return;
    this.isChanged[use] = true;
    this.changed.push(use);
  }

  changedRows(): ScopeRow[] {
    return this.changed.map((use) => {
      const { key, scope } = this.rows[use];
      return { key, scope, lastUsed: this.last[use] };
    });
  }

  settle(): void {
    for (const use of this.changed) this.isChanged[use] = false;
    this.changed = [];
  }

  restore(usage: KeyUsage, { scope, lastUsed }: ScopeRow): void {
    this.last[this.of(usage, scope)] = lastUsed;
  }
}
