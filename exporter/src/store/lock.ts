import Database from 'libsql';
import { codeOf, failed, refusal } from './store-errors.ts';

/** What the error says when the lock is held. */
export const ANOTHER_EXPORTER = 'another exporter is using it';

/** The right to write a store, held by one process at a time. */
export interface Lock {
  release(): void;
}

/**
 * Takes `<path>.lock` for as long as the process lives; the operating system gives it back however the process
 * ends. Throws StoreError when another process holds it.
 */
export function acquireLock(path: string): Lock {
  const file = `${path}.lock`;
  let lock: Database.Database | undefined;
  try {
    lock = new Database(file);
    // Without a journal on disk a full disk does not stand in the way.
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock?.close();
    if (/BUSY/.test(codeOf(cause)))
      throw refusal(path, ANOTHER_EXPORTER, 'stop that one, or give this one its own --store.path', cause);
    if (/NOTADB|CORRUPT/.test(codeOf(cause)))
      throw refusal(path, `its lock ${file} is some other file`, 'move that file away', cause);
    throw failed(path, `its lock ${file} cannot be taken`, cause);
  }
  const held = lock;
  return {
    release() {
      // Closing alone does not end the transaction while the engine still holds statements.
      held.exec('ROLLBACK');
      held.close();
    },
  };
}
