import type { RequestHandler } from 'express';

/** How a reload went: everything that is wrong with the new configuration, a line each; none = it holds. */
export interface ReloadResult {
  ok: boolean;
  problems: string[];
}

/** POST /-/reload: one reload at a time; requests that come meanwhile share the next one. */
export function reloads(onReload: () => Promise<ReloadResult>): RequestHandler {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<ReloadResult> | undefined;
  return async (_, response) => {
    next ??= last.then(() => {
      next = undefined;
      const running = onReload();
      last = running.catch(() => {});
      return running;
    });
    const { ok, problems } = await next;
    const text = ok ? 'Reloaded.' : `Nothing was changed:\n${problems.join('\n')}`;
    response
      .status(ok ? 200 : 500)
      .type('text/plain')
      .set('Cache-Control', 'no-store')
      .send(`${text}\n`);
  };
}
