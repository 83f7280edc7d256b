import { Connection, type RedisSettings } from './connection.ts';
import { BUCKETS, Places } from './places.ts';

/** An instance that published so lately is not gone, seconds. */
const ALIVE = 60;
const KEYS_AT_ONCE = 200;

/** Something about the command's target that a person has to mend; the message names the remedy. */
export class ForgetError extends Error {}

/**
 * Retires an instance that is gone for good: its totals are added to the retired ones, and it may not publish again.
 * Each Redis key is moved in one step, so a command that was cut short can be repeated. Returns how many totals were
 * moved. Throws ForgetError when the instance is unknown or still publishes, and what the connection throws.
 */
export async function forgetInstance(
  redis: RedisSettings,
  keyPrefix: string,
  instance: string,
  now: number,
): Promise<number> {
  const connection = new Connection(redis);
  const places = new Places(keyPrefix);
  try {
    await ready(connection, redis.timeout);
    const last = Number(await connection.command('ZSCORE', places.instances, instance));
    const forgotten = (await connection.command('SISMEMBER', places.forgotten, instance)) === 1;
    if (last === 0 && !forgotten) {
      const known = (await connection.command('ZRANGE', places.instances, 0, -1)) as string[];
      throw new ForgetError(
        `there is no instance ${instance}; known are ${known.length > 0 ? known.join(', ') : 'none'}`,
      );
    }
    if (now - last < ALIVE)
      throw new ForgetError(
        `instance ${instance} published ${Math.max(0, Math.round(now - last))} s ago; stop it, wait a minute and repeat`,
      );
    await connection.command('SADD', places.forgotten, instance);
    const moved = await moveTotals(connection, places, instance);
    await connection.command('ZREM', places.instances, instance);
    return moved;
  } finally {
    connection.close();
  }
}

async function moveTotals(connection: Connection, places: Places, instance: string): Promise<number> {
  let moved = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const names = (await connection.command('ZRANGE', places.changes(bucket), 0, -1)) as string[];
    for (let from = 0; from < names.length; from += KEYS_AT_ONCE) {
      const keys = names.slice(from, from + KEYS_AT_ONCE).map((name) => places.part(name, 'totals'));
      moved += Number(await connection.run('atenderForget', keys, [instance]));
    }
  }
  return moved;
}

async function ready(connection: Connection, timeout: number): Promise<void> {
  const until = performance.now() + timeout * 1000;
  while (!connection.ready) {
    if (performance.now() > until)
      throw new ForgetError(
        `Redis cannot be reached: ${connection.trouble || 'no answer'}; see to shared.redis.url`,
      );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
