import { appendFileSync } from 'node:fs';

/** One request as the default json format writes it; every field can be overridden, undefined leaves it out. */
export function requestLine(fields: Record<string, unknown> = {}): string {
  const request = {
    timestamp: new Date().toISOString(),
    keyId: 'key_test',
    method: 'GET',
    endpoint: '/v1/contacts',
    status: 200,
    ip: '192.0.2.10',
    durationMs: 12.5,
    ...fields,
  };
  return `${JSON.stringify(request)}\n`;
}

/** Appends `count` requests to a file. */
export function writeRequests(path: string, count: number, fields: Record<string, unknown> = {}): void {
  let lines = '';
  for (let i = 0; i < count; i++) lines += requestLine(fields);
  appendFileSync(path, lines);
}
