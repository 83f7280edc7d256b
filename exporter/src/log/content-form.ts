/** What the first bytes of a file tell that it holds instead of lines of text. */
export type ContentForm = keyof typeof FORMS;

const FORMS = {
  gzip: 'gzip-compressed',
  zstd: 'zstd-compressed',
  xz: 'xz-compressed',
  bzip2: 'bzip2-compressed',
  lz4: 'lz4-compressed',
  lzma: 'lzma-compressed',
  lzip: 'lzip-compressed',
  compress: 'compressed with compress (.Z)',
  zip: 'a zip archive',
  sevenZip: 'a 7z archive',
  utf16: 'UTF-16 text',
  utf32: 'UTF-32 text',
} as const;

const TOOLS: Partial<Record<ContentForm, string>> = {
  gzip: 'gunzip -c',
  zstd: 'zstd -dc',
  xz: 'xz -dc',
  bzip2: 'bzip2 -dc',
  lz4: 'lz4 -dc',
  lzma: 'xz -dc',
  lzip: 'lzip -dc',
  compress: 'uncompress -c',
  zip: 'unzip -p',
  sevenZip: '7z x -so',
};

/** First bytes, hex; where two begin alike the longer one comes first. */
const BEGINNINGS: [hex: string, form: ContentForm][] = [
  ['fffe0000', 'utf32'],
  ['0000feff', 'utf32'],
  ['fffe', 'utf16'],
  ['feff', 'utf16'],
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['fd377a585a00', 'xz'],
  ['04224d18', 'lz4'],
  ['4c5a495001', 'lzip'],
  ['1f9d', 'compress'],
  ['504b0304', 'zip'],
  ['377abcaf271c', 'sevenZip'],
];
/** `BZh`, a digit, and the first block's number or that of the end. */
const BZIP2 = /^425a683[1-9](?:314159265359|177245385090)/;
/** Skippable frames of zstd: 0x184D2A50 to 0x184D2A5F. */
const ZSTD_SKIPPABLE = /^5[0-9a-f]2a4d18/;
/** Properties, a dictionary size that ends in zeros, and an unknown length. */
const LZMA = /^5d0000[0-9a-f]{2}00f{16}/;

/** Bytes that tell a form. */
export const FORM_BYTES = 64;
/** UTF-16 without a byte order mark shows in this many characters of ASCII. */
const UTF16_CHARACTERS = 8;

/** The form of a content that begins with `head`; undefined = lines of text, as far as the first bytes tell. */
export function formOf(head: Uint8Array): ContentForm | undefined {
  const begin = Buffer.from(head.buffer, head.byteOffset, Math.min(FORM_BYTES, head.length));
  const hex = begin.toString('hex');
  const known = BEGINNINGS.find(([first]) => hex.startsWith(first));
  if (known) return known[1];
  if (BZIP2.test(hex)) return 'bzip2';
  if (ZSTD_SKIPPABLE.test(hex)) return 'zstd';
  if (LZMA.test(hex)) return 'lzma';
  return isUtf16(begin) ? 'utf16' : undefined;
}

/** Whether nearly every second byte, and no other, is a NUL. */
function isUtf16(begin: Buffer): boolean {
  const nuls = [0, 0];
  const pairs = begin.length >> 1;
  for (let at = 0; at < 2 * pairs; at++) if (begin[at] === 0) nuls[at & 1]++;
  const [even, odd] = nuls;
  return pairs >= UTF16_CHARACTERS && Math.min(even, odd) === 0 && Math.max(even, odd) >= 0.8 * pairs;
}

/** A file whose content is not lines of text. Its message names the form and the remedy, not the file. */
export class ForeignContent extends Error {
  readonly form: ContentForm;
  readonly code = 'FOREIGN';

  /** `inside`: the compression that was taken off before this form was found. */
  constructor(form: ContentForm, inside = '') {
    super(messageOf(form, inside));
    this.form = form;
  }
}

function messageOf(form: ContentForm, inside: string): string {
  const is = `${inside === '' ? 'is' : `is ${inside}-compressed and holds what is`} ${FORMS[form]}`;
  const tool = TOOLS[form];
  if (tool === undefined)
    return `${is}, which is not read; write the log in UTF-8, or convert the file: iconv -f ${form === 'utf16' ? 'UTF-16' : 'UTF-32'} -t UTF-8 FILE`;
  const remedy = form === 'gzip' ? 'give it a name that ends in .gz' : 'compress logs with gzip';
  return `${is}, which is not read; ${remedy}, or decompress it: ${inside === '' ? tool : `${tool} twice`} FILE`;
}
