import { type ScopeUse, writeScopes } from '../usage/scope-uses.ts';
import { usesOfCounters } from './counter-uses.ts';
import type { Connection } from './database.ts';
import { type Cell, series } from './tables.ts';
import { readValues, ValueBlocks } from './value-blocks.ts';
import { Writer } from './writer.ts';

/** In the header of every store, so that no other SQLite database is taken for one: "AtEx" in ASCII. */
export const APPLICATION_ID = 0x41744578;

/**
 * The tables, as one migration a version: entry i takes the store from version i to i + 1. What was released
 * is never edited; a change is a new entry.
 */
export const MIGRATIONS: readonly (string | ((db: Connection) => void))[] = [
  `
  PRAGMA application_id = ${APPLICATION_ID};
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  INSERT INTO meta VALUES ('commits', '0');
  CREATE TABLE positions (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, path TEXT NOT NULL, dev TEXT NOT NULL, ino TEXT NOT NULL,
    head_length INTEGER NOT NULL, head_hash TEXT NOT NULL, tail_length INTEGER NOT NULL, tail_hash TEXT NOT NULL,
    offset INTEGER NOT NULL, size INTEGER NOT NULL, skipping INTEGER NOT NULL, phase TEXT NOT NULL,
    modified_ms REAL NOT NULL);
  CREATE TABLE source_counters (
    source TEXT NOT NULL, counter TEXT NOT NULL, reason TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (source, counter, reason)) WITHOUT ROWID;
  CREATE TABLE keys (key INTEGER PRIMARY KEY, id TEXT NOT NULL, tenant TEXT NOT NULL);
  CREATE TABLE endpoints (endpoint INTEGER PRIMARY KEY, method TEXT NOT NULL, template TEXT NOT NULL);
  CREATE TABLE series (
    series INTEGER PRIMARY KEY, family INTEGER NOT NULL, key INTEGER NOT NULL, endpoint INTEGER NOT NULL,
    status INTEGER NOT NULL);
  CREATE TABLE series_values (
    series INTEGER PRIMARY KEY, value REAL NOT NULL, held REAL, parked INTEGER NOT NULL, moved_at REAL NOT NULL);
  CREATE TABLE histograms (key INTEGER PRIMARY KEY, counts BLOB NOT NULL, sum REAL NOT NULL, held INTEGER NOT NULL);
  CREATE TABLE key_usage (
    key INTEGER PRIMARY KEY, first_used REAL NOT NULL, last_used REAL NOT NULL, last_rejected REAL NOT NULL,
    last_new_ip REAL NOT NULL, recent_new_ips TEXT NOT NULL, windows BLOB NOT NULL);
  CREATE TABLE ips (
    key INTEGER NOT NULL, ip BLOB NOT NULL, first REAL NOT NULL, last REAL NOT NULL,
    PRIMARY KEY (key, ip)) WITHOUT ROWID;
  CREATE TABLE sketches (key INTEGER PRIMARY KEY, registers BLOB NOT NULL);
  CREATE TABLE surfaces (
    key INTEGER NOT NULL, surface TEXT NOT NULL, first REAL NOT NULL, noticed REAL NOT NULL,
    PRIMARY KEY (key, surface)) WITHOUT ROWID;
  CREATE TABLE scopes (
    key INTEGER NOT NULL, scope TEXT NOT NULL, last_used REAL NOT NULL, PRIMARY KEY (key, scope)) WITHOUT ROWID;
  CREATE TABLE days (
    key INTEGER NOT NULL, day INTEGER NOT NULL, requests REAL NOT NULL, PRIMARY KEY (key, day)) WITHOUT ROWID;
  `,
  // By day first: what a commit writes and what a report over all keys reads lies together.
  `
  DROP TABLE days;
  CREATE TABLE days (
    day INTEGER NOT NULL, key INTEGER NOT NULL, requests INTEGER NOT NULL, client_errors INTEGER NOT NULL,
    server_errors INTEGER NOT NULL, unauthorized INTEGER NOT NULL, forbidden INTEGER NOT NULL,
    throttled INTEGER NOT NULL, bytes INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL,
    peak INTEGER NOT NULL, PRIMARY KEY (day, key)) WITHOUT ROWID;
  CREATE TABLE day_sums (
    day INTEGER PRIMARY KEY, requests INTEGER NOT NULL, client_errors INTEGER NOT NULL,
    server_errors INTEGER NOT NULL, unauthorized INTEGER NOT NULL, forbidden INTEGER NOT NULL,
    throttled INTEGER NOT NULL, bytes INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL,
    peak INTEGER NOT NULL);
  CREATE TABLE day_figures (
    day INTEGER NOT NULL, key INTEGER NOT NULL, figures BLOB NOT NULL, PRIMARY KEY (day, key)) WITHOUT ROWID;
  `,
  `
  CREATE TABLE segments (segment INTEGER PRIMARY KEY, length INTEGER NOT NULL, closed INTEGER NOT NULL);
  `,
  // Who a store is to those who hear of its counts: where it lies, and whose it is, may change.
  `
  INSERT INTO meta VALUES ('id', lower(hex(randomblob(16))));
  `,
  blocksOfValues,
  scopesWithTheirKeys,
  // Days that are over are added up by quarter: a review of all keys would read each day of each of them.
  `
  CREATE TABLE quarters (
    quarter INTEGER NOT NULL, key INTEGER NOT NULL, sum BLOB NOT NULL, days BLOB NOT NULL,
    PRIMARY KEY (quarter, key)) WITHOUT ROWID;
  `,
  // Read of all keys at once: the days as JSON, which needs no code of ours, and rows that share pages. Added up anew.
  `
  DROP TABLE quarters;
  CREATE TABLE quarters (
    quarter INTEGER NOT NULL, key INTEGER NOT NULL, sum BLOB NOT NULL, days TEXT NOT NULL,
    PRIMARY KEY (quarter, key));
  DELETE FROM meta WHERE name = 'quarters_to';
  `,
  // Files beside it that are still to be told, for whoever goes on after a kill.
  'ALTER TABLE positions ADD COLUMN unsure_since_ms REAL NOT NULL DEFAULT 0',
  usesNoted,
  // Absence is claimed no further back than this. An older store that holds days reaches back as far as they do.
  (db) => db.prepare("INSERT INTO meta VALUES ('recorded_from', ?)").run([String(Date.now() / 1000)]),
  // Up to where the journal of a source is read.
  `
  CREATE TABLE journal_cursors (source TEXT PRIMARY KEY, cursor TEXT NOT NULL, done INTEGER NOT NULL) WITHOUT ROWID;
  `,
  // Keys that a person removed from the store: lines are added, never changed.
  `
  CREATE TABLE forgotten_keys (
    entry INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, by TEXT NOT NULL, id TEXT NOT NULL,
    tenant TEXT NOT NULL, requests INTEGER NOT NULL, first_used REAL NOT NULL, last_used REAL NOT NULL);
  CREATE TRIGGER forgotten_keys_stay BEFORE DELETE ON forgotten_keys
    BEGIN SELECT RAISE(ABORT, 'the list of forgotten keys is append-only'); END;
  CREATE TRIGGER forgotten_keys_same BEFORE UPDATE ON forgotten_keys
    BEGIN SELECT RAISE(ABORT, 'the list of forgotten keys is append-only'); END;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** A row for many series in the place of one for each. */
function blocksOfValues(db: Connection): void {
  db.exec('CREATE TABLE value_blocks (block INTEGER PRIMARY KEY, cells BLOB NOT NULL)');
  const rows = db.prepare('SELECT series, value, held, parked, moved_at FROM series_values').raw().all() as (
    | number
    | null
  )[][];
  const column = (i: number, absent = 0): number[] => rows.map((row) => row[i] ?? absent);
  new ValueBlocks().write(new Writer(db), {
    series: Uint32Array.from(column(0)),
    value: Float64Array.from(column(1)),
    held: Float64Array.from(column(2, Number.NaN)),
    parked: Uint8Array.from(column(3)),
    movedAt: Float64Array.from(column(4)),
  });
  db.exec('DROP TABLE series_values');
}

/** What is different with nearly every line of a key lies in the key's own row. */
function scopesWithTheirKeys(db: Connection): void {
  db.exec("ALTER TABLE key_usage ADD COLUMN scopes BLOB NOT NULL DEFAULT x''");
  const uses = new Map<number, ScopeUse[]>();
  const sql = 'SELECT key, scope, last_used FROM scopes ORDER BY key, scope';
  for (const [key, scope, lastUsed] of db.prepare(sql).raw().all() as [number, string, number][])
    uses.set(key, [...(uses.get(key) ?? []), { scope, lastUsed }]);
  const update = db.prepare('UPDATE key_usage SET scopes = ? WHERE key = ?');
  for (const [key, ofKey] of uses) update.run([writeScopes(ofKey), key]);
  db.exec('DROP TABLE scopes');
}

/** Requests ahead of the clock were counted and left no time of use: their keys looked as if nobody had used them. */
function usesNoted(db: Connection): void {
  const rows = db.prepare('SELECT series, family, key, endpoint, status FROM series').raw().all() as Cell[][];
  const update = db.prepare(
    `UPDATE key_usage SET first_used = iif(last_used > 0, first_used, ?), last_used = iif(last_used > 0, last_used, ?),
      last_rejected = iif(last_rejected > 0, last_rejected, ?) WHERE key = ? AND (last_used = 0 OR last_rejected = 0)`,
  );
  for (const use of usesOfCounters(rows.map(series.read), readValues(db)).values())
    update.run([use.firstUsed, use.lastUsed, use.lastRejected, use.key]);
}
