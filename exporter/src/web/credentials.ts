import { createHmac, randomBytes } from 'node:crypto';
import { verify } from '@node-rs/bcrypt';

/** accepted and refused are about the credentials; busy = too many others are being checked right now. */
export type Verdict = 'accepted' | 'refused' | 'busy';

/** Hash checks at a time. One leaves the other threads of libuv's pool to compression and files. */
const RUNNING = 1;
/** Checks waiting from one client address, and from all together. */
const WAITING_PER_CLIENT = 4;
const WAITING = 64;
/** Verdicts remembered, so that a scraper's password, right or wrong, costs one check. */
const REMEMBERED = 1_000;

interface Check {
  client: string;
  run: () => void;
}

/**
 * Basic-auth credentials against bcrypt hashes. A check takes some 50 ms of a thread of libuv's pool, never
 * of the HTTP thread; verdicts are remembered under a keyed hash; unknown users cost what known ones cost.
 */
export class Credentials {
  private readonly users: ReadonlyMap<string, string>;
  private readonly secret = randomBytes(32);
  private readonly verdicts = { accepted: new Set<string>(), refused: new Set<string>() };
  private readonly underway = new Map<string, Promise<Verdict>>();
  private readonly waiting: Check[] = [];
  private running = 0;

  /** Bcrypt hashes by user name. */
  constructor(users: Record<string, string>) {
    this.users = new Map(Object.entries(users));
  }

  get configured(): boolean {
    return this.users.size > 0;
  }

  /** `client` is who asks: the share of the queue is by it. */
  async check(authorization: string | undefined, client: string): Promise<Verdict> {
    const claim = parseBasic(authorization);
    if (claim === undefined) return 'refused';
    const mark = createHmac('sha256', this.secret).update(JSON.stringify(claim)).digest('base64');
    if (this.verdicts.accepted.has(mark)) return 'accepted';
    if (this.verdicts.refused.has(mark)) return 'refused';
    const same = this.underway.get(mark);
    if (same !== undefined) return same;
    if (!this.hasRoom(client)) return 'busy';
    const verdict = this.verified(claim, client).then((accepted): Verdict => {
      this.underway.delete(mark);
      const kind = accepted ? 'accepted' : 'refused';
      remember(this.verdicts[kind], mark);
      return kind;
    });
    this.underway.set(mark, verdict);
    return verdict;
  }

  private hasRoom(client: string): boolean {
    const own = this.waiting.filter((check) => check.client === client).length;
    return this.waiting.length < WAITING && own < WAITING_PER_CLIENT;
  }

  private async verified({ user, password }: Claim, client: string): Promise<boolean> {
    await this.turn(client);
    const hash = this.users.get(user);
    // An unknown user is checked against somebody's hash: how long an answer takes tells nobody who exists.
    const [anyHash] = this.users.values();
    try {
      return (await verify(password, hash ?? anyHash)) && hash !== undefined;
    } catch {
      return false;
    } finally {
      this.running--;
      this.waiting.shift()?.run();
    }
  }

  private async turn(client: string): Promise<void> {
    if (this.running >= RUNNING) await new Promise<void>((run) => this.waiting.push({ client, run }));
    this.running++;
  }
}

interface Claim {
  user: string;
  password: string;
}

/** RFC 7617: base64 of `user:password` in UTF-8. bcrypt ends a password at NUL, so one with NUL is none. */
function parseBasic(authorization: string | undefined): Claim | undefined {
  const match = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization ?? '');
  if (!match) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0 || text.includes('\0')) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function remember(marks: Set<string>, mark: string): void {
  marks.add(mark);
  if (marks.size > REMEMBERED) marks.delete(marks.values().next().value as string);
}
