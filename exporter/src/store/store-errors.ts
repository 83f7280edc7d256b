/** An error whose message names the file, what is wrong and the remedy. `fatal`: trying again cannot help. */
export class StoreError extends Error {
  readonly fatal: boolean;
  constructor(message: string, options: { fatal: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'StoreError';
    this.fatal = options.fatal;
  }
}

/** The store is not taken as it is; trying again cannot help unless the cause is one that passes. */
export function refusal(path: string, what: string, remedy: string, cause?: unknown): StoreError {
  return new StoreError(`store ${path}: ${what}; ${remedy}`, { fatal: !passes(cause), cause });
}

/** What the file holds cannot be trusted. It is left as it is. */
export function damaged(path: string, what: string, cause?: unknown): StoreError {
  return new StoreError(
    `store ${path}: damaged, ${what}; restore it from a copy and remove ${path}-wal, or move both away to begin again from nothing`,
    { fatal: true, cause },
  );
}

/** What an error of SQLite or the file system means for a store that is being opened or read. */
export function failed(path: string, doing: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  if (isDamage(cause)) return damaged(path, reasonOf(cause), cause);
  return refusal(path, `${doing} (${reasonOf(cause)})`, remedyFor(cause), cause);
}

/** SQLite's or the system's name of the error, '' when it has none. */
export function codeOf(error: unknown): string {
  const code = String((error as { code?: unknown } | undefined)?.code ?? '');
  if (code === '' && CANNOT_OPEN.test(String(error))) return 'SQLITE_CANTOPEN';
  const number = UNNAMED.exec(code)?.[1];
  return (number && KINDS[Number(number) & 255]) || code;
}

/** libsql has no name for some of SQLite's errors; the low byte of their number is the kind (sqlite.org/rescode.html). */
const UNNAMED = /^UNKNOWN_SQLITE_ERROR_(\d+)$/;
const KINDS: Record<number, string> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
};

/** libsql tells a file that cannot be opened by SQLite's number (sqlite.org/rescode.html#cantopen) in its text alone. */
const CANNOT_OPEN = /Unable to open connection to local database .*: 14"/;

export const reasonOf = (error: unknown): string => {
  const code = codeOf(error);
  if (CANNOT_OPEN.test(String(error))) return `it cannot be opened, ${code}`;
  return [error instanceof Error ? error.message : String(error), code].filter(Boolean).join(', ');
};

export function remedyFor(error: unknown): string {
  const code = codeOf(error);
  // SHMSIZE: the file beside the store that SQLite shares memory through finds no room.
  if (/FULL|SHMSIZE|ENOSPC|EDQUOT/.test(code)) return 'free space on its disk';
  if (/READONLY|CANTOPEN|EROFS|EACCES|EPERM/.test(code))
    return 'make the file and its directory writable for the exporter';
  if (isDamage(error)) return 'stop the exporter and restore the store from a copy';
  if (/BUSY|LOCKED/.test(code)) return 'see which other program holds it open';
  return 'see to its disk';
}

const isDamage = (error: unknown): boolean => /CORRUPT|NOTADB|SQLITE_ERROR$/.test(codeOf(error));

/** Full disks, failing reads and writes, missing permissions and locks come and go. */
const passes = (error: unknown): boolean =>
  /FULL|ENOSPC|EDQUOT|IOERR|EIO|READONLY|CANTOPEN|EROFS|EACCES|EPERM|BUSY|LOCKED/.test(codeOf(error));
