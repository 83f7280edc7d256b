import { describe, expect, test } from '@jest/globals';
import { reader, request } from './reading.ts';

const line = request({ keyId: 'key_crm', userAgent: 'x'.repeat(40) });
const read = { outcome: 'accepted', key: 'key_crm', status: 200 };

describe('cri', () => {
  const cri = (tag: string, text: string, stream = 'stdout') =>
    `2016-10-06T00:17:09.669794202Z ${stream} ${tag} ${text}`;

  test('is peeled off a whole line', () => {
    expect(reader({ container: 'cri' })(cri('F', line))).toMatchObject(read);
    expect(reader({ container: 'cri' })(cri('F:x', line))).toMatchObject(read);
  });

  test('joins parts to one record, each stream its own', () => {
    const parse = reader({ container: 'cri' });
    const error = request({ keyId: 'other', status: 500 });
    expect(parse(cri('P', line.slice(0, 30))).outcome).toBe('incomplete');
    expect(parse(cri('P', error.slice(0, 10), 'stderr')).outcome).toBe('incomplete');
    expect(parse(cri('P', line.slice(30, 60))).outcome).toBe('incomplete');
    expect(parse(cri('F', line.slice(60)))).toMatchObject(read);
    expect(parse(cri('F', error.slice(10), 'stderr'))).toMatchObject({ key: 'other', status: 500 });
    expect(parse(cri('F', line))).toMatchObject(read);
  });

  test('ends a record with an empty last part, and is blank around nothing', () => {
    const parse = reader({ container: 'cri' });
    parse(cri('P', line));
    expect(parse(cri('F', ''))).toMatchObject(read);
    expect(parse(cri('F', '')).outcome).toBe('blank');
    expect(parse('2016-10-06T00:17:09Z stdout F').outcome).toBe('blank');
    expect(parse(' ').outcome).toBe('blank');
  });

  test('tells a record that outgrows the limit once, at its end, and goes on', () => {
    const parse = reader({ container: 'cri', maxLineBytes: line.length });
    expect(parse(cri('P', line)).outcome).toBe('incomplete');
    expect(parse(cri('P', 'x')).outcome).toBe('incomplete');
    expect(parse(cri('P', line)).outcome).toBe('incomplete');
    expect(parse(cri('F', 'x')).outcome).toBe('too_long');
    expect(parse(cri('P', line.slice(0, 9))).outcome).toBe('incomplete');
    expect(parse(cri('F', line.slice(9)))).toMatchObject(read);
  });

  test.each([
    [line],
    ['2016-10-06T00:17:09Z stdout'],
    ['2016-10-06T00:17:09Z stdout X text'],
    ['2016-10-06T00:17:09Z stdin F text'],
    ['2016-10-06T00:17:09Z stdout FULL text'],
    ['yesterday stdout F text'],
  ])('%j is no cri line', (text) => {
    expect(reader({ container: 'cri' })(text).outcome).toBe('wrapper');
  });
});

describe('docker', () => {
  const docker = (log: unknown, stream: unknown = 'stdout') =>
    JSON.stringify({ log, stream, time: '2026-05-04T10:11:12.345678901Z' });

  test('is peeled off, with the escapes of both layers decoded', () => {
    const inner = request({ keyId: 'a"é\n\ud83d\ude00' });
    const escaped = inner.replace('é', '\\u00e9').replace('\ud83d\ude00', '\\ud83d\\ude00');
    for (const text of [inner, escaped])
      for (const end of ['\n', '\r\n']) {
        const key = reader({ container: 'docker' })(docker(text + end)).key ?? '';
        expect(Buffer.from(key, 'latin1').toString()).toBe('a"é\n\ud83d\ude00');
      }
  });

  test('joins the parts of a line, each stream its own', () => {
    const parse = reader({ container: 'docker' });
    expect(parse(docker(line.slice(0, 50))).outcome).toBe('incomplete');
    expect(parse(docker(`${request({ keyId: 'e' })}\n`, 'stderr'))).toMatchObject({ key: 'e' });
    expect(parse(docker(`${line.slice(50)}\n`))).toMatchObject(read);
    expect(parse(docker(`${line}\n`, undefined))).toMatchObject(read);
  });

  test('peels other formats too', () => {
    const parse = reader({ container: 'docker', format: 'logfmt' });
    expect(parse(docker('timestamp=1777889472 endpoint=/v1 status=200 keyId="a b"\n'))).toMatchObject({
      key: 'a b',
    });
  });

  test('is blank around an empty line', () => {
    expect(reader({ container: 'docker' })(docker('\n')).outcome).toBe('blank');
  });

  test('tells a record that outgrows the limit once, at its end', () => {
    const parse = reader({ container: 'docker', maxLineBytes: line.length });
    expect(parse(docker(line)).outcome).toBe('incomplete');
    expect(parse(docker('x')).outcome).toBe('incomplete');
    expect(parse(docker('x\n')).outcome).toBe('too_long');
    expect(parse(docker(`${line}\n`))).toMatchObject(read);
  });

  test.each([
    ['not json'],
    ['[]'],
    ['{}'],
    [docker(7)],
    [docker(null)],
    [docker('x\n', 'stdin')],
    [docker('x\n', 7)],
    [docker('x\n').slice(0, -1)],
  ])('%j is no docker line', (text) => {
    expect(reader({ container: 'docker' })(text).outcome).toBe('wrapper');
  });
});
