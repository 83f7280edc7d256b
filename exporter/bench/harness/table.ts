export interface Table {
  columns: string[];
  rows: string[][];
  /** Text below the table. */
  note?: string;
}

/** The table in Markdown, with columns of even width, so that a terminal shows it as well. */
export function tableText({ columns, rows, note }: Table): string {
  const widths = columns.map((column, i) =>
    Math.max(3, ...[column, ...rows.map((row) => row[i] ?? '')].map((cell) => cell.length)),
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`;
  const lines = [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
  return [...lines, ...(note ? ['', note] : [])].join('\n');
}
