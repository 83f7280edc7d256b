import type { StandardEditorProps } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Field, Input } from '@grafana/ui';
import React from 'react';
import { UNESCAPED } from '../../components/unescaped.ts';
import { ROLE_TEXTS } from '../../roles/role-texts.ts';
import { ROLE_NAMES, type RoleMapping, type RoleName } from '../../roles/roles.ts';

/** Assigns queries to roles if their refIds differ from the role names. */
export function RolesEditor({ value = {}, onChange, context }: StandardEditorProps<RoleMapping>) {
  const refIds = new Set(context.data.map(({ refId }) => refId));
  const changed = (role: RoleName, refId: string) => {
    const { [role]: _, ...rest } = value;
    onChange(refId.trim() === '' ? rest : { ...rest, [role]: refId.trim() });
  };
  return (
    <>
      {ROLE_NAMES.map((role) => {
        const { title, without } = ROLE_TEXTS[role];
        return (
          <Field
            key={role}
            label={title()}
            description={
              refIds.has(value[role] ?? role)
                ? undefined
                : t('roles-editor.without', 'Without it, {{without}}.', {
                    without: without(),
                    ...UNESCAPED,
                  })
            }
          >
            <Input
              id={`role-${role}`}
              defaultValue={value[role] ?? ''}
              placeholder={role}
              onBlur={(event) => changed(role, event.currentTarget.value)}
            />
          </Field>
        );
      })}
    </>
  );
}
