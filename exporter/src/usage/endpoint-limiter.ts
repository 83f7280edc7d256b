import { OTHER } from '../health/pseudo-keys.ts';
import { UNMATCHED } from '../keys/key.ts';
import type { LogRecord } from '../parse/log-record.ts';
import { type EndpointRow, FAMILIES } from './changes.ts';
import { SpanTable } from './interning.ts';
import type { KeyUsage } from './key-usage.ts';
import { methodName } from './names.ts';
import type { SeriesTable } from './series.ts';

/**
 * Which endpoint series a request counts in. A listed template has a place at once, a guessed one after a
 * response other than 401 and 404 to any key, until then its requests are `__unmatched__`, as are those that name
 * no endpoint. What is over a limit
 * is `__other__`. Both have `__other__` as method too, so that they are one series a key and status.
 */
export class EndpointLimiter {
  /** Endpoints by number. */
  readonly all: EndpointRow[] = [];
  /** Requests whose endpoint found no room. */
  overflowed = 0;
  private readonly limits: { endpointsPerKey: number; series: number };
  private readonly series: SeriesTable;
  private readonly templates = new SpanTable();
  private readonly method = Buffer.alloc(16);
  private other = -1;
  private unmatched = -1;
  /** Keys with a status that was answered at least once, and how many of those have an overflow series. */
  private pairs = 0;
  private overflowing = 0;
  private committedCount = 0;

  constructor(limits: { endpointsPerKey: number; series: number }, series: SeriesTable) {
    this.limits = limits;
    this.series = series;
  }

  /** The series of the endpoint family for a request of a key. */
  seriesOf(record: LogRecord, usage: KeyUsage): number {
    const { template, templateStart, templateEnd, bytes, methodStart, methodEnd } = record;
    const endpoint = this.templates.find(template, templateStart, templateEnd, bytes, methodStart, methodEnd);
    if (endpoint >= 0) {
      const series = this.series.find(usage.key, endpoint, record.status);
      if (series >= 0) return series;
    }
    return this.place(record, usage, endpoint);
  }

  /** True for `__other__` and `__unmatched__`. */
  isCatchAll(endpoint: number): boolean {
    return endpoint === this.other || endpoint === this.unmatched;
  }

  newRows(): EndpointRow[] {
    return this.all.slice(this.committedCount);
  }

  markCommitted(): void {
    this.committedCount = this.all.length;
  }

  restore(rows: EndpointRow[]): void {
    for (const row of rows) {
      this.all[row.endpoint] = row;
      if (row.template === OTHER) this.other = row.endpoint;
      else if (row.template === UNMATCHED) this.unmatched = row.endpoint;
      else this.index(row);
    }
    this.committedCount = this.all.length;
  }

  /** A restored series of a key, of either request family. */
  restoreSeries(usage: KeyUsage, endpoint: number, value: number): void {
    if (endpoint < 0) {
      if (value > 0) this.pairs++;
      return;
    }
    usage.counted = true;
    if (endpoint === this.other) this.overflowing++;
    else if (endpoint !== this.unmatched) usage.endpoints.add(endpoint);
  }

  private place(record: LogRecord, usage: KeyUsage, spelled: number): number {
    const { key } = usage;
    const { status } = record;
    let endpoint = spelled;
    if (endpoint < 0) {
      endpoint = this.find(record);
      const known = endpoint >= 0 ? this.series.find(key, endpoint, status) : -1;
      if (known >= 0) return known;
    }
    const total = this.series.total(key, status);
    if (this.series.value[total] === 0) this.pairs++;
    usage.counted = true;
    const nameless = record.templateEnd === record.templateStart;
    if (endpoint < 0 && !record.templateListed && (nameless || status === 401 || status === 404)) {
      if (this.unmatched < 0) this.unmatched = this.add(OTHER, UNMATCHED);
      return this.catchAll(this.unmatched, key, status);
    }
    const crowded = usage.endpoints.size >= this.limits.endpointsPerKey && !usage.endpoints.has(endpoint);
    if (crowded || !this.hasRoom()) {
      this.overflowed++;
      if (this.other < 0) this.other = this.add(OTHER, OTHER);
      return this.catchAll(this.other, key, status);
    }
    if (endpoint < 0) {
      const { template, templateStart, templateEnd } = record;
      endpoint = this.add(methodOf(record), template.toString('latin1', templateStart, templateEnd));
      this.index(this.all[endpoint]);
    }
    usage.endpoints.add(endpoint);
    return this.series.makeEndpoint(key, endpoint, status);
  }

  /** The endpoint by the method's usual spelling; other ones are not remembered. */
  private find(record: LogRecord): number {
    const length = this.method.write(methodOf(record), 'latin1');
    const { template, templateStart, templateEnd } = record;
    return this.templates.find(template, templateStart, templateEnd, this.method, 0, length);
  }

  /** Whether one more series leaves every key and status room for its overflow series. */
  private hasRoom(): boolean {
    const { counts } = this.series;
    const used = counts[FAMILIES.requests] + counts[FAMILIES.endpoint];
    return used + 1 + (this.pairs - this.overflowing) <= this.limits.series;
  }

  private catchAll(endpoint: number, key: number, status: number): number {
    const series = this.series.find(key, endpoint, status);
    if (series >= 0) return series;
    if (endpoint === this.other) this.overflowing++;
    return this.series.makeEndpoint(key, endpoint, status);
  }

  private add(method: string, template: string): number {
    return this.all.push({ endpoint: this.all.length, method, template }) - 1;
  }

  private index({ endpoint, method, template }: EndpointRow): void {
    const bytes = Buffer.from(template, 'latin1');
    const length = this.method.write(method, 'latin1');
    this.templates.add(bytes, 0, bytes.length, this.method, 0, length, endpoint);
  }
}

const methodOf = ({ bytes, methodStart, methodEnd }: LogRecord): string =>
  methodName(bytes, methodStart, methodEnd);
