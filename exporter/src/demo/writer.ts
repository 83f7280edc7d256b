import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import type { DemoRequest } from './scenario.ts';

/** A request as a line of the default json format, newline included. Its texts need no JSON escapes. */
export function lineOf(request: DemoRequest): string {
  const { keyId, tenantId, method, endpoint, status, ip, durationMs, bytes, userAgent, requestId } = request;
  return (
    `{"timestamp":"${isoTime(request.at)}","keyId":"${keyId}","tenantId":"${tenantId}","method":"${method}",` +
    `"endpoint":"${endpoint}","status":${status},"ip":"${ip}","durationMs":${durationMs},"bytes":${bytes},` +
    `"userAgent":"${userAgent}","requestId":"${requestId}"}\n`
  );
}

export function linesOf(requests: readonly DemoRequest[]): string {
  let text = '';
  for (const request of requests) text += lineOf(request);
  return text;
}

let minute = Number.NaN;
let minuteText = '';

/** The ISO form; requests of the same minute share the work. */
function isoTime(at: number): string {
  const passed = at % 60_000;
  if (at - passed !== minute) {
    minute = at - passed;
    minuteText = new Date(minute).toISOString().slice(0, 'yyyy-mm-ddThh:mm:'.length);
  }
  const digits = String(100_000 + passed);
  return `${minuteText}${digits.slice(1, 3)}.${digits.slice(3)}Z`;
}

/** A log file that is appended to and, on demand, rotated by rename: requests.log → requests.log.1 → … */
export class RequestLog {
  readonly path: string;
  private readonly keep: number;
  private file: number;
  /** Bytes in the current file. */
  size: number;

  /** `keep` = how many rotated files stay. Ends a line that an earlier run left unfinished. */
  constructor(path: string, keep: number) {
    this.path = path;
    this.keep = keep;
    this.file = openSync(path, 'a+');
    this.size = statSync(path).size;
    if (this.size > 0 && !this.tail(1).endsWith('\n')) this.append('\n');
  }

  append(text: string): void {
    if (text === '') return;
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.file, bytes, done);
    this.size += bytes.length;
  }

  rotate(): void {
    closeSync(this.file);
    rmSync(`${this.path}.${this.keep}`, { force: true });
    for (let n = this.keep - 1; n >= 1; n--)
      if (existsSync(`${this.path}.${n}`)) renameSync(`${this.path}.${n}`, `${this.path}.${n + 1}`);
    if (this.keep > 0) renameSync(this.path, `${this.path}.1`);
    else rmSync(this.path);
    this.file = openSync(this.path, 'a+');
    this.size = 0;
  }

  /** When the last request in the file happened, milliseconds since the epoch; undefined when there is none. */
  lastRequest(): number | undefined {
    const lines = this.tail(64 * 1024)
      .trimEnd()
      .split('\n');
    for (const line of lines.reverse()) {
      const at = Date.parse(/^\{"timestamp":"([^"]+)"/.exec(line)?.[1] ?? '');
      if (!Number.isNaN(at)) return at;
    }
    return undefined;
  }

  close(): void {
    closeSync(this.file);
  }

  private tail(length: number): string {
    const bytes = Buffer.alloc(Math.min(length, this.size));
    readSync(this.file, bytes, 0, bytes.length, this.size - bytes.length);
    return bytes.toString();
  }
}
