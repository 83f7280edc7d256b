import type { IpColumns } from '../ingest/publication.ts';
import type { Seen } from './contribution.ts';

/** An address that is seen again and again is published this often, seconds. */
const SEEN_AGAIN = 30;

/** An address that was published, as last seen. */
interface PublishedIp extends Seen {
  /** It was seen since it was published. */
  again: boolean;
}

/** The addresses of one key, each as 4 or 16 bytes, a byte a character. */
interface OfKey {
  fresh: Map<string, Seen>;
  told: Map<string, PublishedIp>;
}

/**
 * Addresses that were seen and are to be published. One that was published lately and was only seen again waits its
 * time: no window is shorter than an hour, so nothing is shown differently. Most sightings are of that kind, so they
 * make no new objects.
 */
export class PendingIps {
  private readonly keys = new Map<number, OfKey>();
  /** Addresses that are remembered as published; beyond, one is published whenever it is seen. */
  private readonly most: number;
  private toldSince = 0;
  private toldSize = 0;
  /** Addresses to be published. */
  size = 0;

  constructor(most: number) {
    this.most = most;
  }

  add({ key, ip, first, last }: IpColumns): void {
    for (let i = 0; i < key.length; i++) {
      const { fresh, told } = this.of(key[i]);
      const address = addressAt(ip, i * 16);
      const known = told.get(address);
      if (known && known.first === first[i]) {
        known.last = last[i];
        known.again = true;
        continue;
      }
      if (!fresh.has(address)) this.size++;
      fresh.set(address, { first: first[i], last: last[i] });
    }
  }

  /** Keys with addresses to be published at `now`, seconds: when it is time, those that waited too. */
  *due(now: number): Generator<number> {
    if (now - this.toldSince >= SEEN_AGAIN) this.tellAgain(now);
    for (const [key, { fresh }] of this.keys) if (fresh.size > 0) yield key;
  }

  /** Addresses of a key to be published, which are taken as published. */
  take(key: number): Map<string, Seen> {
    const of = this.keys.get(key);
    if (!of || of.fresh.size === 0) return NONE;
    const taken = of.fresh;
    of.fresh = new Map();
    this.size -= taken.size;
    for (const [address, { first, last }] of taken) {
      if (of.told.has(address)) this.toldSize--;
      else if (this.toldSize >= this.most) continue;
      of.told.set(address, { first, last, again: false });
      this.toldSize++;
    }
    return taken;
  }

  clear(): void {
    this.keys.clear();
    this.size = this.toldSize = 0;
  }

  /** Those that were not seen again are forgotten. */
  private tellAgain(now: number): void {
    this.toldSince = now;
    for (const [key, { fresh, told }] of this.keys) {
      for (const [address, { first, last, again }] of told)
        if (!again) {
          told.delete(address);
          this.toldSize--;
        } else if (!fresh.has(address)) {
          fresh.set(address, { first, last });
          this.size++;
        }
      if (fresh.size + told.size === 0) this.keys.delete(key);
    }
  }

  private of(key: number): OfKey {
    let of = this.keys.get(key);
    if (!of) {
      of = { fresh: new Map(), told: new Map() };
      this.keys.set(key, of);
    }
    return of;
  }
}

const NONE: Map<string, Seen> = new Map();

/** An address of 16 bytes as text; the 4 bytes of an IPv4 one that is mapped into IPv6. */
function addressAt(bytes: Uint8Array, at: number): string {
  let address = '';
  for (let i = at + (isMapped(bytes, at) ? 12 : 0); i < at + 16; i++)
    address += String.fromCharCode(bytes[i]);
  return address;
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 255 && bytes[at + 11] === 255;
}
