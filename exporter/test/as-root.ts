import { spawnSync } from 'node:child_process';
import { expect } from '@jest/globals';

/** Runs a command that only root may, such as mount. */
export function asRoot(...command: string[]): void {
  const [program, ...args] = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command];
  expect(String(spawnSync(program, args).stderr)).toBe('');
}
