import type { KeyEntry } from '../keys/key.ts';
import type { ScopeRule } from '../keys/scopes.ts';
import type { SourceOptions } from '../log/file-tailer.ts';
import type { FormatOptions } from '../parse/format.ts';
import type { SpoolOptions } from '../record/spool.ts';
import type { Serving } from '../store/store.ts';
import type { UsageOptions } from '../usage/usage.ts';

/** Everything the ingestion thread needs to know; plain data, it crosses the thread boundary. */
export interface IngestionSettings {
  sources: (SourceOptions & { format: FormatOptions })[];
  keys: KeyEntry[];
  scopeRules: ScopeRule[];
  usage: UsageOptions;
  /** Seconds between commits while lines arrive. */
  commitInterval: number;
  /** undefined = no archive of single requests is kept. */
  archive: SpoolOptions | undefined;
  /** Publications carry the IP address rows that sharing needs. */
  shared: boolean;
  /** What commands beside the exporter have to know of it; absent = nothing is noted. */
  serving?: Serving;
}
