import type { DataFrameDTO } from '@grafana/data';

/** What the host shows: data, options and surroundings of one panel. */
export interface Scene {
  frames: DataFrameDTO[];
  /** RefIds of the panel's queries; without them the frames tell. */
  refIds?: string[];
  errors?: { refId?: string; message: string }[];
  state?: 'Done' | 'Loading' | 'Error';
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  /** When the queries were asked; the end of the shown time unless that is in the future. */
  asked?: number;
  options?: Record<string, unknown>;
  fieldConfig?: unknown;
  variables?: Record<string, string>;
  title?: string;
  width: number;
  height: number;
  mode?: 'dark' | 'light';
  direction?: 'ltr' | 'rtl';
  /** Of the dashboard; UTC unless it says otherwise. */
  timeZone?: string;
}
