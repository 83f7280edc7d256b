import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  blockBytes,
  decodeBlock,
  emptyColumns,
  encodeBlock,
  sameColumns,
} from '../../src/record/spool-format.ts';

/** Few different values, so that columns of one value come up. */
const u32 = fc.constantFrom(0, 1, 7, 0xffffffff);
const request = fc.record({
  time: fc.constantFrom(0, 1.7e12, 1.7e12 + 1),
  identity: u32,
  endpoint: u32,
  agent: u32,
  ip0: u32,
  ip1: u32,
  ip2: u32,
  ip3: u32,
  bytes: u32,
  duration: fc.constantFrom(Number.NaN, 0.5, 12.5),
  status: fc.constantFrom(200, 404),
  idLength: fc.constantFrom(0, 3, 128),
  family: fc.constantFrom(0, 4, 6),
});

test('any block of requests is read as it was written, wherever in a buffer it lies', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), fc.nat(9), (requests, at) => {
      const columns = emptyColumns();
      let idBytes = 0;
      for (const [i, fields] of requests.entries()) {
        for (const [name, value] of Object.entries(fields)) columns[name as 'time'][i] = value;
        columns.ids.fill(i + 1, idBytes, idBytes + fields.idLength);
        idBytes += fields.idLength;
      }
      const rows = requests.length;
      const same = sameColumns(columns, rows);
      const length = blockBytes(rows, idBytes, same);
      const out = Buffer.alloc(at + length + 3, 0xee);
      encodeBlock(columns, rows, idBytes, same, out, at);
      const read = decodeBlock(out.subarray(at, at + length));
      expect(read.rows).toBe(rows);
      for (const name of Object.keys(requests[0]) as 'time'[])
        expect([...read.columns[name]]).toEqual([...columns[name].subarray(0, rows)]);
      expect([...read.columns.ids]).toEqual([...columns.ids.subarray(0, idBytes)]);
      expect([...out.subarray(at + length)]).toEqual([0xee, 0xee, 0xee]);
    }),
    { numRuns: 300 },
  );
});
