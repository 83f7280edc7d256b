import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Debian's place for it; it is not on PATH. */
const WRITER = '/lib/systemd/systemd-journal-remote';
const BOOT = '0123456789abcdef0123456789abcdef';

/** Fields of one entry; several values make several fields. */
export type EntryFields = Record<string, string | Buffer | (string | Buffer)[]>;

/** An entry in systemd's export format, at a time in microseconds since the epoch. */
export function exported(fields: EntryFields, microseconds = Date.now() * 1000, boot = BOOT): Buffer {
  const parts: Buffer[] = [
    Buffer.from(
      `__REALTIME_TIMESTAMP=${microseconds}\n__MONOTONIC_TIMESTAMP=${microseconds % 1e15}\n_BOOT_ID=${boot}\n`,
    ),
  ];
  for (const [name, values] of Object.entries(fields))
    for (const value of [values].flat()) {
      const bytes = Buffer.from(value as string);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes.length));
      const plain = typeof value === 'string' && !value.includes('\n');
      parts.push(
        plain
          ? Buffer.from(`${name}=${value}\n`)
          : Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]),
      );
    }
  return Buffer.concat([...parts, Buffer.from('\n')]);
}

/** Appends entries to a journal file, which is made if it is missing. */
export function writeEntries(directory: string, entries: Buffer[], name = 'system'): void {
  const { status, stderr } = spawnSync(WRITER, ['-o', join(directory, `${name}.journal`), '-'], {
    input: Buffer.concat(entries),
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`systemd-journal-remote: ${stderr}`);
}

/** A program that goes on writing to one journal file, as journald does. */
export class JournalWriter {
  private readonly child: ChildProcess;

  constructor(directory: string, name = 'system') {
    this.child = spawn(WRITER, ['-o', join(directory, `${name}.journal`), '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  async write(entries: Buffer[]): Promise<void> {
    if (!this.child.stdin!.write(Buffer.concat(entries))) await once(this.child.stdin!, 'drain');
  }

  /** Resolves when everything is in the file. */
  async close(): Promise<void> {
    this.child.stdin!.end();
    await once(this.child, 'close');
  }
}
