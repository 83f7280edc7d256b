import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { compileFormat, createLineParser, type FormatOptions } from '../parse/format.ts';
import type { LineParser } from '../parse/log-record.ts';
import { CHUNKS, SharedChunks } from './shared-chunks.ts';

/** What the thread is started with: `signal` counts the messages sent to `port`. */
export interface ParseThreadStart {
  memory: SharedArrayBuffer;
  signal: Int32Array;
  port: MessagePort;
}

export type ToParseThread =
  | { type: 'formats'; formats: FormatOptions[] }
  | { type: 'block'; round: number; bytes: SharedArrayBuffer; format: number; maxLineBytes: number };

const { memory, signal, port } = workerData as ParseThreadStart;
const chunks = new SharedChunks(memory);
const blocks = new WeakMap<SharedArrayBuffer, Buffer>();
let parsers: LineParser[] = [];

for (;;) {
  const seen = Atomics.load(signal, 0);
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) take(next.message);
  Atomics.wait(signal, 0, seen);
}

function take(message: ToParseThread): void {
  if (message.type === 'formats')
    parsers = message.formats.map((format) => createLineParser(compileFormat(format)));
  else parse(message.round, bufferOf(message.bytes), parsers[message.format], message.maxLineBytes);
}

/** The first chunk is left to the thread that accounts: it begins there at once. */
function parse(round: number, bytes: Buffer, parser: LineParser, maxLineBytes: number): void {
  for (let chunk = 1; chunk < CHUNKS; chunk++) {
    if (!chunks.claim(round, chunk)) continue;
    try {
      chunks.parse(round, chunk, parser, bytes, maxLineBytes);
    } catch (error) {
      chunks.fail(round, chunk);
      throw error;
    }
  }
}

/** One buffer a block's memory: what looks at bytes in words keeps a view of each. */
function bufferOf(bytes: SharedArrayBuffer): Buffer {
  const known = blocks.get(bytes) ?? Buffer.from(bytes);
  blocks.set(bytes, known);
  return known;
}
