/** Browser features that jsdom lacks. */

import { clearImmediate, setImmediate } from 'node:timers';
import { TextDecoder, TextEncoder } from 'node:util';
import { MessageChannel, MessagePort } from 'node:worker_threads';

class NoResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}

Object.assign(globalThis, {
  TextDecoder,
  TextEncoder,
  MessageChannel,
  MessagePort,
  // Otherwise React schedules through a MessageChannel, which keeps the process alive.
  setImmediate,
  clearImmediate,
  ResizeObserver: NoResizeObserver,
  IntersectionObserver: NoResizeObserver,
  // Icons come from a Grafana server.
  fetch: () =>
    Promise.resolve({ ok: true, status: 200, text: () => Promise.resolve('<svg/>'), headers: new Map() }),
  matchMedia: () => ({
    matches: false,
    addEventListener() {},
    removeEventListener() {},
    addListener() {},
    removeListener() {},
  }),
});
HTMLCanvasElement.prototype.getContext = (() => ({ measureText: () => ({ width: 50 }) })) as never;
Element.prototype.scrollTo = () => {};
