import { hostname } from 'node:os';
import type { Config } from '../config/options.ts';
import type { SharingSettings } from '../shared/sharing.ts';

/**
 * How facts are shared with other exporters; `settings` is undefined where they are not, or when something is wrong.
 * `read` throws what the file system throws. Problems name the option and the remedy, and never quote a credential.
 */
export function sharingSettings(
  config: Config,
  read: (path: string) => string,
): { settings: SharingSettings | undefined; problems: string[] } {
  const { redis, interval, ipsPerKey } = config.shared;
  if (redis.url.length === 0) return { settings: undefined, problems: [] };
  const problems = urlProblems(redis.url);
  if (redis.mode === 'standalone' && redis.url.length > 1)
    problems.push('shared.redis.url: several addresses are for a cluster; set shared.redis.mode to cluster');
  if (redis.mode === 'cluster' && redis.database !== 0)
    problems.push('shared.redis.database: a cluster has database 0 only; leave it out');
  const file = (option: string, path: string): string => {
    if (path === '') return '';
    try {
      return read(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'error';
      problems.push(
        `shared.redis.${option}: ${path} cannot be read (${code}); see to the path and its permissions`,
      );
      return '';
    }
  };
  const password = file('passwordFile', redis.passwordFile).replace(/\r?\n$/, '');
  const [ca, cert, key] = [
    file('caFile', redis.caFile),
    file('certFile', redis.certFile),
    file('keyFile', redis.keyFile),
  ];
  problems.push(...tlsProblems(redis));
  const instance =
    config.instance.id ||
    hostname()
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 64);
  const { url: urls, mode, username, database, timeout } = redis;
  return {
    settings: {
      redis: { urls, mode, username, password, database, ca, cert, key, timeout },
      instance,
      keyPrefix: redis.keyPrefix,
      interval,
      ipsPerKey,
      newIp: config.metrics.newIp,
      keys: config.limits.keys * 2,
    },
    problems,
  };
}

/** What is given for TLS where there is none would be left out without a word, and the password sent in plain text. */
function tlsProblems({ url, caFile, certFile, keyFile }: Config['shared']['redis']): string[] {
  if ((certFile === '') !== (keyFile === ''))
    return ['shared.redis.certFile: a client certificate needs its key; set shared.redis.keyFile too'];
  const encrypted = url.some((text) => text.startsWith('rediss:'));
  return encrypted || (caFile === '' && certFile === '')
    ? []
    : ['shared.redis.url: certificates are for TLS; write rediss:// instead of redis://'];
}

function urlProblems(urls: string[]): string[] {
  const problems = urls.flatMap((text, i) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^rediss?:/.test(text) || url.hostname === '')
      return [
        `shared.redis.url: address ${i + 1} is not of the form redis://host:port or rediss://host:port`,
      ];
    if (url.username !== '' || url.password !== '')
      return [
        `shared.redis.url: address ${i + 1} holds credentials; use shared.redis.username and shared.redis.passwordFile`,
      ];
    if (!['', '/'].includes(url.pathname) || url.search !== '')
      return [`shared.redis.url: address ${i + 1} holds more than host and port; use shared.redis.database`];
    return [];
  });
  const protocols = new Set(urls.map((url) => url.split(':')[0]));
  if (problems.length === 0 && protocols.size > 1)
    problems.push('shared.redis.url: some addresses use TLS and some do not; use rediss:// for all or none');
  return problems;
}
