import type Database from 'libsql';
import type { Cell, Table } from './tables.ts';

/**
 * Rows in one statement. A statement a row costs some fifteen times as much, nearly all of it in crossing over
 * to SQLite; the small sizes are for what is left over.
 */
const SIZES = [256, 16, 1] as const;

/** Upserts rows, many to a statement. Statements are prepared once a connection. */
export class Writer {
  private readonly db: Database.Database;
  private readonly statements = new Map<string, Database.Statement>();

  constructor(db: Database.Database) {
    this.db = db;
  }

  upsert<Row>(table: Table<Row>, rows: Iterable<Row>): void {
    let cells: Cell[] = [];
    const width = table.columns.length;
    for (const row of rows) {
      for (const cell of table.write(row)) cells.push(cell);
      if (cells.length === SIZES[0] * width) {
        this.statement(table, SIZES[0]).run(cells);
        cells = [];
      }
    }
    let from = 0;
    for (const size of SIZES)
      for (; cells.length - from >= size * width; from += size * width)
        this.statement(table, size).run(cells.slice(from, from + size * width));
  }

  /** Removes the rows of a table whose column has the value. */
  remove(table: string, column: string, value: number): void {
    this.prepared(`remove ${table}`, () => `DELETE FROM ${table} WHERE ${column} = ?`).run([value]);
  }

  /** Rows as a query gives them. */
  query(sql: string, parameters: Cell[]): Cell[][] {
    return this.prepared(sql, () => sql)
      .raw()
      .all(parameters) as Cell[][];
  }

  /** Replaces a value in `meta`; false when it is not `last`. */
  replaceMeta(name: string, last: string, next: string): boolean {
    const sql = () => 'UPDATE meta SET value = ? WHERE name = ? AND value = ?';
    return this.prepared('meta', sql).run([next, name, last]).changes === 1;
  }

  /** Puts a value into `meta`. */
  putMeta(name: string, value: string): void {
    this.prepared('put meta', () => 'INSERT OR REPLACE INTO meta VALUES (?, ?)').run([name, value]);
  }

  private statement<Row>(table: Table<Row>, size: number): Database.Statement {
    return this.prepared(`${table.name} ${size}`, () => upsertSql(table, size));
  }

  private prepared(name: string, sql: () => string): Database.Statement {
    let statement = this.statements.get(name);
    if (!statement) {
      statement = this.db.prepare(sql());
      this.statements.set(name, statement);
    }
    return statement;
  }
}

function upsertSql<Row>({ name, columns, identity, merge }: Table<Row>, size: number): string {
  const row = `(${columns.map(() => '?').join(', ')})`;
  const values = Array(size).fill(row).join(', ');
  const set = columns
    .slice(identity)
    .map((column) => `${column} = ${merge?.[column] ?? `excluded.${column}`}`);
  return (
    `INSERT INTO ${name} (${columns.join(', ')}) VALUES ${values} ` +
    `ON CONFLICT (${columns.slice(0, identity).join(', ')}) DO UPDATE SET ${set.join(', ')}`
  );
}
