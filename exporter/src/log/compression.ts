import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { type ContentForm, FORM_BYTES, ForeignContent, formOf } from './content-form.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** How a file is compressed that can be read. */
export type Compression = 'gzip' | 'zstd';

const CHUNK_BYTES = 256 * 1024;

type Decompressor = ReturnType<typeof zlib.createGunzip>;
/** Node.js has it from 22.15 on. */
const { createZstdDecompress } = zlib as unknown as {
  createZstdDecompress?: (options: { chunkSize: number }) => Decompressor;
};

/** Whether this Node.js can decompress the form. */
export const canDecompress = (form: ContentForm | undefined): form is Compression =>
  form === 'gzip' || (form === 'zstd' && createZstdDecompress !== undefined);

/**
 * The decompressed bytes, in chunks; a file may hold several members or frames. Throws what reading throws, and errors of
 * zlib: Z_BUF_ERROR or ZSTD_CUT_OFF = cut off, other codes that begin with Z_ or ZSTD_ = damaged.
 */
export async function* decompressed(
  compression: Compression,
  raw: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  if (compression === 'gzip') {
    yield* through(zlib.createGunzip({ chunkSize: CHUNK_BYTES }), raw);
    return;
  }
  // Node.js ends quietly behind the first frame, and where a frame is cut off.
  const frames = new ZstdFrames(raw);
  while (await frames.begin())
    yield* through(createZstdDecompress!({ chunkSize: CHUNK_BYTES }), frames.frame());
}

/** The same for what must be lines of text once it is decompressed; throws ForeignContent where it is not. */
export async function* decompressedText(
  compression: Compression,
  raw: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let begin = Buffer.alloc(0);
  let told = false;
  const tell = (): void => {
    const form = formOf(begin);
    if (form) throw new ForeignContent(form, compression);
    told = true;
  };
  for await (const chunk of decompressed(compression, raw)) {
    if (told) yield chunk;
    else {
      begin = Buffer.concat([begin, chunk]);
      if (begin.length < FORM_BYTES) continue;
      tell();
      yield begin;
    }
  }
  if (told) return;
  tell();
  yield begin;
}

async function* through(
  plain: Decompressor,
  raw: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const source = Readable.from(raw, { objectMode: false });
  source.on('error', (error) => plain.destroy(error));
  // It may fail before a chunk is asked for; the one who asks then gets the error.
  plain.on('error', () => {});
  try {
    yield* source.pipe(plain) as AsyncIterable<Buffer>;
  } finally {
    plain.destroy();
    source.destroy();
  }
}
