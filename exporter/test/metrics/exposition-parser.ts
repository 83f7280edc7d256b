/** A strict reader of both exposition formats, written from their specifications and not from our renderer. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  type: string;
  help: string;
  samples: Sample[];
}

/** Throws on anything the formats do not allow: unknown escapes, duplicate series or labels, split families. */
export function parseExposition(text: string, format: 'text' | 'openmetrics'): Family[] {
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current: Family | undefined;
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const lines = text.slice(0, -1).split('\n');
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('no # EOF at the end');
  for (const line of lines) {
    if (line === '# EOF') throw new Error('# EOF before the end');
    const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (meta) {
      const [, what, name, rest] = meta;
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`family ${name} comes twice`);
        current = { name, type: '', help: '', samples: [] };
        families.set(name, current);
      }
      if (current.samples.length > 0) throw new Error(`${what} of ${name} after its samples`);
      if (what === 'HELP') current.help = rest;
      else current.type = rest;
      continue;
    }
    if (line.startsWith('#')) throw new Error(`unknown comment: ${line}`);
    const sample = parseSample(line);
    const expected = current && namesOf(current, format);
    if (!expected?.includes(sample.name)) throw new Error(`${sample.name} is not of family ${current?.name}`);
    const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(identity)) throw new Error(`series comes twice: ${line}`);
    seen.add(identity);
    current!.samples.push(sample);
  }
  return [...families.values()];
}

function namesOf({ name, type }: Family, format: 'text' | 'openmetrics'): string[] {
  if (type === 'histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  if (type === 'counter' && format === 'openmetrics') return [`${name}_total`];
  if (type === 'summary') return [name, `${name}_sum`, `${name}_count`];
  return [name];
}

function parseSample(line: string): Sample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (!name) throw new Error(`no metric name: ${line}`);
  let at = name.length;
  const labels: Record<string, string> = {};
  if (line[at] === '{') {
    at++;
    while (line[at] !== '}') {
      const label = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(line.slice(at))?.[0];
      if (!label || line.slice(at + label.length, at + label.length + 2) !== '="')
        throw new Error(`no label: ${line}`);
      if (Object.hasOwn(labels, label)) throw new Error(`label ${label} comes twice: ${line}`);
      at += label.length + 2;
      let value = '';
      for (; line[at] !== '"'; at++) {
        if (at >= line.length) throw new Error(`label value without end: ${line}`);
        if (line[at] !== '\\') value += line[at];
        else {
          const escaped = { '\\': '\\', '"': '"', n: '\n' }[line[++at]];
          if (escaped === undefined) throw new Error(`unknown escape: ${line}`);
          value += escaped;
        }
      }
      labels[label] = value;
      at++;
      if (line[at] === ',') at++;
      else if (line[at] !== '}') throw new Error(`neither comma nor brace: ${line}`);
    }
    at++;
  }
  const number = line.slice(at);
  if (!/^ (?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/.test(number))
    throw new Error(`no value: ${line}`);
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) };
}
