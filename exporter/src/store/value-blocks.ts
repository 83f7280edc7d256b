import type { SeriesValues } from '../usage/changes.ts';
import type { Connection } from './database.ts';
import type { Cell, Table } from './tables.ts';
import type { Writer } from './writer.ts';

/** Series in one row: as many as leave the row in one page of SQLite, which is written as a whole anyway. */
const SERIES = 160;
const COLUMN_BYTES = SERIES * Float64Array.BYTES_PER_ELEMENT;
const BYTES = 3 * COLUMN_BYTES + SERIES;

/** What a series is in `states`: 0 = it has no value yet. */
const SHOWN = 1;
const PARKED = 2;

/** What the series from number `block * SERIES` on are worth: SeriesValues in columns of fixed length. */
class ValueBlock {
  readonly block: number;
  readonly bytes: Uint8Array;
  private readonly value: Float64Array;
  private readonly held: Float64Array;
  private readonly movedAt: Float64Array;
  private readonly states: Uint8Array;

  constructor(block: number, stored: Uint8Array = new Uint8Array(BYTES)) {
    this.block = block;
    // Copied: SQLite's bytes need not lie where a Float64Array may begin.
    this.bytes = new Uint8Array(stored);
    const { buffer } = this.bytes;
    this.value = new Float64Array(buffer, 0, SERIES);
    this.held = new Float64Array(buffer, COLUMN_BYTES, SERIES);
    this.movedAt = new Float64Array(buffer, 2 * COLUMN_BYTES, SERIES);
    this.states = new Uint8Array(buffer, 3 * COLUMN_BYTES);
  }

  /** How many of its series have a value. */
  get size(): number {
    return this.states.reduce((sum, state) => sum + Number(state > 0), 0);
  }

  /** Takes over entry i, which is of a series of this block. */
  put({ series, value, held, parked, movedAt }: SeriesValues, i: number): void {
    const place = series[i] % SERIES;
    this.value[place] = value[i];
    this.held[place] = held[i];
    this.movedAt[place] = movedAt[i];
    this.states[place] = parked[i] === 1 ? PARKED : SHOWN;
  }

  /** Writes what it has into `values`, from entry `from` on; returns the entry behind that. */
  read({ series, value, held, parked, movedAt }: SeriesValues, from: number): number {
    let i = from;
    for (let place = 0; place < SERIES; place++) {
      if (this.states[place] === 0) continue;
      series[i] = this.block * SERIES + place;
      value[i] = this.value[place];
      held[i] = this.held[place];
      movedAt[i] = this.movedAt[place];
      parked[i++] = this.states[place] === PARKED ? 1 : 0;
    }
    return i;
  }
}

const valueBlocks: Table<ValueBlock> = {
  name: 'value_blocks',
  columns: ['block', 'cells'],
  identity: 1,
  write: ({ block, bytes }) => [block, bytes],
  read: ([block, bytes]) => new ValueBlock(block as number, bytes as Uint8Array),
};

/** Blocks that are remembered as they are stored, 4 KB each: under a steady load the next commit has the same ones. */
const REMEMBERED = 256;

/** Puts values into their blocks: a row a series costs ten times as much. */
export class ValueBlocks {
  private recent = new Map<number, ValueBlock>();

  /** To be called inside a transaction; forget() when that fails. */
  write(writer: Writer, values: SeriesValues): void {
    const { series } = values;
    const blocks = new Map<number, ValueBlock>();
    for (const block of new Set(series.map(blockOf)))
      blocks.set(block, this.recent.get(block) ?? new ValueBlock(block));
    const unknown = [...blocks.keys()].filter((block) => !this.recent.has(block));
    for (const stored of storedBlocks(writer, unknown)) blocks.set(stored.block, stored);
    for (let i = 0; i < series.length; i++) blocks.get(blockOf(series[i]))!.put(values, i);
    writer.upsert(valueBlocks, blocks.values());
    this.recent = blocks.size <= REMEMBERED ? blocks : new Map();
  }

  forget(): void {
    this.recent = new Map();
  }
}

function storedBlocks(writer: Writer, numbers: number[]): ValueBlock[] {
  if (numbers.length === 0) return [];
  const sql = `SELECT ${valueBlocks.columns} FROM ${valueBlocks.name} WHERE block IN (SELECT value FROM json_each(?))`;
  return writer.query(sql, [JSON.stringify(numbers)]).map(valueBlocks.read);
}

/** All values, by series. */
export function readValues(db: Connection): SeriesValues {
  const sql = `SELECT ${valueBlocks.columns} FROM ${valueBlocks.name} ORDER BY block`;
  const blocks = (db.prepare(sql).raw().all() as Cell[][]).map(valueBlocks.read);
  const count = blocks.reduce((sum, { size }) => sum + size, 0);
  const values = {
    series: new Uint32Array(count),
    value: new Float64Array(count),
    held: new Float64Array(count),
    parked: new Uint8Array(count),
    movedAt: new Float64Array(count),
  };
  let read = 0;
  for (const block of blocks) read = block.read(values, read);
  return values;
}

const blockOf = (series: number): number => Math.floor(series / SERIES);
