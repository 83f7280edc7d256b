import { hexByte } from './numbers.ts';
import { BYTE_KINDS, DIGITS, LOWER, MARKS, UPPER } from './target.ts';

/** Tokens of one host that begin alike. */
export interface SecretKind {
  /** Who gives them out, and what they are. */
  owner: string;
  prefixes: readonly string[];
  /** Bytes behind the prefix at least; shorter ones are words. */
  least: number;
  /** Whether so many behind the prefix are letters and digits; else `-`, `_` and `.` are as good. */
  plain?: true;
}

/** The one definition of the tokens that are known by their beginning; docs/log-formats.md lists them. */
export const SECRETS: readonly SecretKind[] = [
  { owner: 'AWS access keys', prefixes: ['AKIA', 'ASIA', 'ABIA', 'ACCA'], least: 16, plain: true },
  { owner: 'AWS Bedrock', prefixes: ['ABSK', 'bedrock-api-key-'], least: 24, plain: true },
  { owner: 'Google API keys', prefixes: ['AIza'], least: 30 },
  { owner: 'Google OAuth', prefixes: ['ya29.', 'GOCSPX-'], least: 20 },
  { owner: 'Alibaba Cloud', prefixes: ['LTAI'], least: 16, plain: true },
  { owner: 'GitHub', prefixes: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'], least: 20 },
  {
    owner: 'GitLab',
    prefixes: [
      ...['glpat-', 'gldt-', 'glrt-', 'glrtr-', 'glcbt-', 'glptt-', 'glft-', 'glffct-', 'glimt-', 'glagent-'],
      ...['gloas-', 'glsoat-', 'glwt-', 'GR1348941'],
    ],
    least: 16,
  },
  {
    owner: 'Slack',
    prefixes: ['xoxa-', 'xoxb-', 'xoxe-', 'xoxe.xox', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'],
    least: 8,
  },
  {
    owner: 'Stripe',
    prefixes: [
      'sk_live_',
      'sk_test_',
      'sk_prod_',
      'rk_live_',
      'rk_test_',
      'rk_prod_',
      'pk_live_',
      'pk_test_',
    ],
    least: 10,
    plain: true,
  },
  { owner: 'Stripe webhooks', prefixes: ['whsec_'], least: 20 },
  {
    owner: 'OpenAI, Anthropic, OpenRouter',
    prefixes: ['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-ant-', 'sk-or-'],
    least: 20,
  },
  { owner: 'Keys that begin with sk-', prefixes: ['sk-'], least: 20, plain: true },
  { owner: 'Keys that begin with pk_, sk_ or rk_', prefixes: ['pk_', 'sk_', 'rk_'], least: 24, plain: true },
  { owner: 'SendGrid', prefixes: ['SG.'], least: 20 },
  { owner: 'Brevo', prefixes: ['xkeysib-', 'xsmtpsib-'], least: 20 },
  { owner: 'Mailgun', prefixes: ['key-', 'pubkey-'], least: 32, plain: true },
  { owner: 'Twilio', prefixes: ['SK'], least: 32, plain: true },
  { owner: 'npm', prefixes: ['npm_'], least: 30, plain: true },
  { owner: 'PyPI', prefixes: ['pypi-'], least: 30 },
  { owner: 'RubyGems', prefixes: ['rubygems_'], least: 40, plain: true },
  { owner: 'Hugging Face', prefixes: ['hf_', 'api_org_'], least: 30, plain: true },
  { owner: 'Replicate', prefixes: ['r8_'], least: 30, plain: true },
  { owner: 'Groq', prefixes: ['gsk_'], least: 30, plain: true },
  { owner: 'Perplexity', prefixes: ['pplx-'], least: 30, plain: true },
  { owner: 'xAI', prefixes: ['xai-'], least: 30, plain: true },
  { owner: 'Shopify', prefixes: ['shpat_', 'shpca_', 'shppa_', 'shpss_', 'shptka_'], least: 20, plain: true },
  { owner: 'DigitalOcean', prefixes: ['dop_v1_', 'doo_v1_', 'dor_v1_'], least: 20, plain: true },
  { owner: 'Facebook', prefixes: ['EAAC', 'EAAM', 'EAAG', 'EAAB'], least: 30, plain: true },
  { owner: 'Square', prefixes: ['EAAA', 'sq0atp-', 'sq0csp-', 'sq0idp-'], least: 20 },
  { owner: 'Atlassian', prefixes: ['ATATT3', 'ATCTT3', 'ATBB'], least: 20 },
  { owner: 'Grafana', prefixes: ['glsa_', 'glc_'], least: 20 },
  { owner: 'HashiCorp Vault', prefixes: ['hvs.', 'hvb.', 'hvr.'], least: 20 },
  { owner: 'Databricks', prefixes: ['dapi'], least: 32, plain: true },
  { owner: 'Doppler', prefixes: ['dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.'], least: 20 },
  { owner: 'Linear, Notion, Postman', prefixes: ['lin_api_', 'lin_oauth_', 'ntn_', 'PMAK-'], least: 20 },
  { owner: 'New Relic', prefixes: ['NRAK-', 'NRII-', 'NRJS-', 'NRAA-'], least: 16 },
  { owner: 'PlanetScale', prefixes: ['pscale_tkn_', 'pscale_oauth_', 'pscale_pw_'], least: 20 },
  { owner: 'Pulumi', prefixes: ['pul-'], least: 30, plain: true },
  { owner: 'Sentry', prefixes: ['sntrys_', 'sntryu_'], least: 20 },
  { owner: 'Heroku, Fly.io', prefixes: ['HRKU-', 'fo1_', 'fm1a_', 'fm1r_', 'fm2_'], least: 20 },
  { owner: 'Docker', prefixes: ['dckr_pat_', 'dckr_oat_'], least: 20 },
  { owner: 'Dynatrace', prefixes: ['dt0c01.', 'dt0s01.', 'dt0s02.'], least: 20 },
  { owner: 'Figma', prefixes: ['figd_'], least: 30 },
  {
    owner: 'Sourcegraph, EasyPost, Shippo',
    prefixes: ['sgp_', 'EZAK', 'EZTK', 'shippo_live_', 'shippo_test_'],
    least: 30,
  },
  { owner: 'SonarQube', prefixes: ['squ_', 'sqp_', 'sqa_'], least: 30, plain: true },
  { owner: 'age', prefixes: ['AGE-SECRET-KEY-1'], least: 20, plain: true },
  { owner: '1Password', prefixes: ['ops_eyJ'], least: 20 },
  { owner: 'OpenShift', prefixes: ['sha256~'], least: 30 },
];

/** Shorter is no secret that is known by its shape. */
export const SHORTEST_SECRET = 13;
/** From so many on a run of bytes that looks drawn is a secret; hexadecimal ones, as digests are, from HEX on. */
const RANDOM = 32;
const HEX = 64;
const DASH = 45;
const EQUALS = 61;
/** A signature is longer. */
const SIGNATURE = 24;
const UNDERSCORE = 95;
const POINT = 46;
const PERCENT = 37;
const LOWER_E = 101;

interface Start {
  bytes: Buffer;
  least: number;
  plain: boolean;
}

/** By first byte. */
const STARTS: (Start[] | undefined)[] = new Array(256).fill(undefined);
for (const { prefixes, least, plain = false } of SECRETS)
  for (const prefix of prefixes) {
    const start = { bytes: Buffer.from(prefix), least, plain };
    const first = start.bytes[0];
    STARTS[first] = [...(STARTS[first] ?? []), start];
  }

/** Bytes that tokens are made of; any other one ends a token. */
const TOKEN = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  const kind = BYTE_KINDS[c];
  if (kind === DIGITS || kind === LOWER || kind === UPPER || kind === MARKS) TOKEN[c] = 1;
}
for (const c of Buffer.from(':@')) TOKEN[c] = 0;

/** Whether a path segment, percent-decoded, is or holds a secret by its shape. docs/log-formats.md says which. */
export function holdsSecret(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < SHORTEST_SECRET) return false;
  let from = start;
  for (let p = start; p <= end; p++) {
    if (p < end && TOKEN[bytes[p]] === 1) continue;
    if (p - from >= SHORTEST_SECRET && isSecretToken(bytes, from, p)) return true;
    if (bytes[p] === EQUALS && end - p > SIGNATURE && isSignature(bytes, from, p)) return true;
    from = p + 1;
  }
  return false;
}

/** `sig`, as a shared access signature of Azure names what signs it. */
const isSignature = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start === 3 &&
  (bytes[start] | 32) === 115 &&
  (bytes[start + 1] | 32) === 105 &&
  (bytes[start + 2] | 32) === 103;

function isSecretToken(bytes: Uint8Array, start: number, end: number): boolean {
  const starts = STARTS[bytes[start]];
  if (starts !== undefined)
    for (let i = 0; i < starts.length; i++) if (isStart(starts[i], bytes, start, end)) return true;
  if (end - start < RANDOM || isUuid(bytes, start, end)) return false;
  if (bytes[start] === LOWER_E && isJwt(bytes, start, end)) return true;
  // The parts between points by themselves: file names have points, tokens have them between their parts.
  let from = start;
  for (let p = start; p <= end; p++) {
    if (p < end && bytes[p] !== POINT) continue;
    if (p - from >= RANDOM && isRandom(bytes, from, p)) return true;
    from = p + 1;
  }
  return false;
}

function isStart(
  { bytes: prefix, least, plain }: Start,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const { length } = prefix;
  if (end - start < length + least) return false;
  for (let i = 1; i < length; i++) if (bytes[start + i] !== prefix[i]) return false;
  let digits = 0;
  let upper = 0;
  for (let p = start + length; p < end; p++) {
    const kind = BYTE_KINDS[bytes[p]];
    if (plain && p < start + length + least && kind === MARKS) return false;
    if (kind === DIGITS) digits++;
    else if (kind === UPPER) upper++;
  }
  // Words behind the prefix are small letters and marks.
  return digits > 0 || upper > 0 || plain;
}

const isUuid = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start === 36 && bytes[start + 8] === DASH && bytes[start + 13] === DASH && bytes[start + 18] === DASH;

/** Three parts, or the five of an encrypted one, of which the first is the beginning of a JSON object in base64. */
function isJwt(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start + 1] !== 121 || (bytes[start + 2] !== 74 && bytes[start + 2] !== 65)) return false;
  let points = 0;
  for (let p = start; p < end; p++) if (bytes[p] === POINT) points++;
  return points >= 2;
}

/**
 * Whether 32 bytes or more look drawn: hexadecimal ones from 64 on; else letters and digits that alternate, or mixed
 * case that does, or so many different ones as words do not have. Words, also with dates between them, are none.
 */
function isRandom(bytes: Uint8Array, from: number, end: number): boolean {
  const start = behindWord(bytes, from, end);
  if (end - start < RANDOM) return false;
  const length = end - start;
  let digits = 0;
  let upper = 0;
  let lower = 0;
  let hex = 0;
  let turns = 0;
  let digitTurns = 0;
  let before = 0;
  seen.fill(0);
  for (let p = start; p < end; p++) {
    const c = bytes[p];
    const kind = BYTE_KINDS[c];
    seen[c & 127]++;
    if (kind === DIGITS) digits++;
    else if (kind === UPPER) upper++;
    else if (kind === LOWER) lower++;
    if (kind === DIGITS || ((c | 32) >= 97 && (c | 32) <= 102)) hex++;
    if (before !== 0 && before !== MARKS && kind !== MARKS && kind !== before) {
      if (kind === DIGITS || before === DIGITS) digitTurns++;
      // A capital and the small letters behind it are a word.
      if (!(before === UPPER && kind === LOWER)) turns++;
    }
    before = kind;
  }
  const letters = upper + lower;
  const marks = length - letters - digits;
  if (letters === 0) return false;
  if (hex === length - marks) return marks === 0 && hex >= HEX && digits > 0 && entropy(length) > 3;
  const mixed = upper > 0 && lower > 0;
  if (digits >= 3 && digitTurns * 8 >= length) return true;
  if (mixed && turns * 4 >= length) return true;
  // An unbroken run so long is no slug.
  if (marks === 0 && !mixed) return digitTurns >= 3;
  if (marks === 0) return entropy(length) > 4.2 && (digits > 0 || turns * 5 >= length);
  return mixed && digits > 0 && marks <= 3 && entropy(length) > 4.5;
}

/** Behind the word that names the kind of an id, as in `user_…`; `from` when there is none. */
function behindWord(bytes: Uint8Array, from: number, end: number): number {
  let p = from;
  while (p < end && p - from < 12 && BYTE_KINDS[bytes[p]] === LOWER) p++;
  return p > from + 1 && (bytes[p] === UNDERSCORE || bytes[p] === DASH) ? p + 1 : from;
}

const seen = new Uint16Array(128);

/** Bits a byte of the bytes counted in `seen`. */
function entropy(length: number): number {
  let bits = 0;
  for (let c = 0; c < 128; c++) if (seen[c] > 0) bits -= (seen[c] / length) * Math.log2(seen[c] / length);
  return bits;
}

/** The same for a segment as it is written: percent-encoded, several times over if it is. */
export function holdsEncodedSecret(bytes: Uint8Array, start: number, end: number): boolean {
  const decoded = Buffer.from(bytes.subarray(start, end));
  let length = decoded.length;
  for (let times = 0; times < 8; times++) {
    if (holdsSecret(decoded, 0, length)) return true;
    let out = 0;
    for (let p = 0; p < length; p++) {
      const byte = decoded[p] === PERCENT ? hexByte(decoded, p + 1, length) : -1;
      decoded[out++] = byte < 0 ? decoded[p] : byte;
      if (byte >= 0) p += 2;
    }
    if (out === length) return false;
    length = out;
  }
  return false;
}

const SEGMENT = /[^\s/?#"'<>,;|\\()[\]{}]{13,}/g;

/** A text as it may be shown: `:secret` for every piece between slashes, quotes and blanks that is one by its shape. */
export const withoutSecrets = (text: string): string =>
  text.replace(SEGMENT, (piece) => {
    const bytes = Buffer.from(piece);
    return holdsEncodedSecret(bytes, 0, bytes.length) ? ':secret' : piece;
  });
