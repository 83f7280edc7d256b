import type { Coverage } from '../history/coverage.ts';
import type { KeyEntry } from '../keys/key.ts';
import type { ScopeRule } from '../keys/scopes.ts';
import type { EndpointName } from './endpoints.ts';

/** What answers depend on beside the question. */
export interface ApiSettings {
  storePath: string;
  recordPath: string;
  keys: readonly KeyEntry[];
  scopeRules: readonly ScopeRule[];
  coverage: Coverage;
}

export interface Asked {
  number: number;
  endpoint: EndpointName;
  /** Checked against the endpoint's parameters. */
  question: Record<string, unknown>;
  /** Only when different from the question before. */
  settings: ApiSettings | undefined;
}

export interface Answered {
  number: number;
  status: number;
  /** JSON. */
  body: string;
  /** For the exporter's log; '' = none. */
  problem: string;
}
