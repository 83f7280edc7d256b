import { createReadStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';

/** Standard input of the process, from any thread: in a worker, process.stdin is something else. */
export function standardInput(): Readable {
  if (isatty(0)) return new ReadStream(0);
  const stat = fstatSync(0);
  if (stat.isFIFO() || stat.isSocket()) return new Socket({ fd: 0, readable: true, writable: false });
  return createReadStream('', { fd: 0, autoClose: false });
}

/** True when standard input is a file: what it holds was there at the start. */
export function standardInputIsFile(): boolean {
  return fstatSync(0).isFile();
}
