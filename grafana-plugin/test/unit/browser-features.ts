/** What browsers have and jsdom does not. */

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
  // React would otherwise schedule by a channel, which keeps the process from ending.
  setImmediate,
  clearImmediate,
  ResizeObserver: NoResizeObserver,
  IntersectionObserver: NoResizeObserver,
  // Icons are files of a Grafana server.
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
