import { missingMessage, missingServers } from './servers.mjs';

/** Jest's global set-up: a missing server fails the run before the first test. */
export default function requireServers() {
  const missing = missingServers();
  if (missing.length > 0) throw new Error(missingMessage(missing));
}
