/** One text for a key of a tenant, to look it up by. No two keys share it, whatever their ids and tenants hold. */
export const keyName = (id: string, tenant: string): string => `${id.length}:${id}${tenant}`;

/** What is known of a key on one line for people, such as `CRM · n_crm · acme`. Empty parts are left out. */
export const keyLine = (...parts: string[]): string => parts.filter((part) => part !== '').join(' · ');
