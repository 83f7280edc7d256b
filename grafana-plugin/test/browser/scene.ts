import type { DataFrameDTO } from '@grafana/data';

/** Data, options and environment of one panel. */
export interface Scene {
  frames: DataFrameDTO[];
  /** RefIds of the queries; default: those of the frames. */
  refIds?: string[];
  errors?: { refId?: string; message: string }[];
  state?: 'Done' | 'Loading' | 'Error';
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  /** Time of the request; default: `to`. */
  asked?: number;
  options?: Record<string, unknown>;
  fieldConfig?: unknown;
  variables?: Record<string, string>;
  title?: string;
  width: number;
  height: number;
  mode?: 'dark' | 'light';
  direction?: 'ltr' | 'rtl';
  /** Time zone of the dashboard; default UTC. */
  timeZone?: string;
}
