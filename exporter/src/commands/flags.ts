import type { Command } from 'commander';
import { OPTIONS } from '../config/options.ts';
import type { SettingsInput } from './settings.ts';

/** Values of the options given on the command line, by flag without its dashes. */
export type Flags = Record<string, string | string[] | undefined>;

/** Gives a command every option of the schema, and --config.file, which names the file with the others. */
export function withOptions(command: Command): Command {
  command.option('--config.file <path>', 'YAML file with any of the options below [env ATENDER_CONFIG_FILE]');
  for (const { flag, variable, doc, kind, preset } of OPTIONS) {
    const preview = typeof preset === 'object' || preset === '' ? '' : `, default ${preset}`;
    const text = `${doc} [env ${variable}${preview}]`;
    if (kind === 'list') command.option(`${flag} <value>`, text, append);
    else command.option(`${flag} <${kind === 'structure' ? 'yaml' : 'value'}>`, text);
  }
  return command;
}

/** What the command line and the environment say; the file is read later, and again at each reload. */
export function inputOf(flags: Flags): SettingsInput {
  const named = flags['config.file'] ?? (process.env.ATENDER_CONFIG_FILE || undefined);
  const given: SettingsInput['flags'] = {};
  for (const { path, flag } of OPTIONS) {
    // Commander makes camel case of what follows a dash.
    const value = flags[flag.slice(2).replace(/-([a-z])/g, (_, letter) => letter.toUpperCase())];
    if (value !== undefined) given[path] = value;
  }
  return { file: Array.isArray(named) ? named[0] : named, flags: given, env: process.env };
}

/** For an option that may be given several times. */
export const append = (value: string, earlier: string[] | undefined): string[] => [...(earlier ?? []), value];
