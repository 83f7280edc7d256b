import english from '../../src/locales/en-US/atender-keyusage-panel.json';
import { ROLE_TEXTS } from '../../src/roles/role-texts.ts';
import type { RoleName } from '../../src/roles/roles.ts';

type Values = Record<string, string | number>;

/** The English text of a translation key, with its values filled in. */
export function textOf(key: string, values: Values = {}): string {
  const [section = '', ...rest] = key.split('.');
  const text = (english as Record<string, Record<string, string>>)[section]?.[rest.join('.')];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]));
}

/** A text about the query of a role. */
export const textOfRole = (key: string, role: RoleName, values: Values = {}): string =>
  textOf(key, {
    refId: role,
    title: ROLE_TEXTS[role].title(),
    without: ROLE_TEXTS[role].without(),
    ...values,
  });
