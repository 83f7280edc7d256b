/** The address of a key's page. Browsers resolve `.` and `..` in paths, encoded or not, so those go elsewhere. */
export function keyAddress(id: string, tenant: string): string {
  const parameters = new URLSearchParams();
  const inPath = id !== '.' && id !== '..';
  if (!inPath) parameters.set('id', id);
  if (tenant !== '') parameters.set('tenant', tenant);
  const query = parameters.size > 0 ? `?${parameters}` : '';
  return `/keys/${inPath ? encodeURIComponent(id) : ''}${query}`;
}
