import { RedisConnection, type RedisSettings } from './redis-connection.ts';
import { RedisKeys } from './redis-keys.ts';

/** An instance that published so lately is not gone, seconds. */
const ALIVE = 60;

/** Something about the command's target that a person has to mend; the message names the remedy. */
export class ForgetError extends Error {}

/**
 * Retires an instance that is gone for good: what it counted by day stays and is added up as before, and it may not
 * publish again. A command that was cut short can be repeated. Throws ForgetError when the instance is unknown or still publishes, and what the connection throws.
 */
export async function forgetInstance(
  redis: RedisSettings,
  keyPrefix: string,
  instance: string,
): Promise<void> {
  const connection = new RedisConnection(redis);
  const redisKeys = new RedisKeys(keyPrefix);
  try {
    await ready(connection, redis.timeout);
    // Of Redis, as instances are noted: the clock here may differ from theirs.
    const [now] = ((await connection.command('TIME')) as string[]).map(Number);
    const last = Number(await connection.command('ZSCORE', redisKeys.instances, instance));
    const forgotten = (await connection.command('SISMEMBER', redisKeys.forgotten, instance)) === 1;
    if (last === 0 && !forgotten) {
      const known = (await connection.command('ZRANGE', redisKeys.instances, 0, -1)) as string[];
      throw new ForgetError(
        `there is no instance ${instance}; known are ${known.length > 0 ? known.join(', ') : 'none'}`,
      );
    }
    if (now - last < ALIVE)
      throw new ForgetError(
        `instance ${instance} published ${Math.max(0, Math.round(now - last))} s ago; stop it, wait a minute and repeat`,
      );
    await connection.command('SADD', redisKeys.forgotten, instance);
    await connection.command('ZREM', redisKeys.instances, instance);
  } finally {
    connection.close();
  }
}

async function ready(connection: RedisConnection, timeout: number): Promise<void> {
  const until = performance.now() + timeout * 1000;
  while (!connection.ready) {
    if (performance.now() > until)
      throw new ForgetError(
        `Redis cannot be reached: ${connection.absence}; see to the options of shared.redis`,
      );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
