/** A cell that begins like this would be run as a formula by a spreadsheet; some also take the wide forms of East Asia. */
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/;
/** Where cells are separated by semicolons, or by tabs when pasted, one also begins in the middle of a quoted one. */
const FORMULA_WITHIN = /([\t\r\n;])(?=[^\S\t\r\n]*[=+\-@＝＋－＠])/g;

/**
 * One line of CSV (RFC 4180), CRLF at its end; null is an empty cell. Text that a spreadsheet would take for a formula
 * gets an apostrophe in front (OWASP, "CSV injection"); what might separate cells in some country is quoted.
 */
export const csvLine = (cells: readonly (string | number | null)[]): string =>
  `${cells.map(cell).join(',')}\r\n`;

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = value.replace(FORMULA, "'$&").replace(FORMULA_WITHIN, "$1'");
  return /[",;\t\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
