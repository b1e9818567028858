/** Counts the calls of the platform that one page makes, and the time that these need in the page’s thread. */

/** By name of the call: the number of calls, and their milliseconds. */
export type CallCounts = Record<string, { calls: number; ms: number }>;

/**
 * A script for a page, to run before all others. It wraps the platform's functions and counts in `window.callCounts`. Only
 * the time until a function returns counts, not that of its promise.
 */
export const COUNT_CALLS = `(() => {
  const counts = (window.callCounts = {});
  const measure = (name, call) => {
    const count = (counts[name] ??= { calls: 0, ms: 0 });
    const begun = performance.now();
    try { return call(); } finally { count.calls++; count.ms += performance.now() - begun; }
  };
  const wrapMethod = (target, method, name, isCounted = () => true) => {
    const original = target[method];
    target[method] = function (...args) {
      return isCounted.call(this, ...args) ? measure(name, () => original.apply(this, args)) : original.apply(this, args);
    };
  };
  const wrapGetter = (target, property, name, isCounted = () => true) => {
    const { get, ...rest } = Object.getOwnPropertyDescriptor(target, property);
    Object.defineProperty(target, property, {
      ...rest,
      get() { return isCounted.call(this) ? measure(name, () => get.call(this)) : get.call(this); },
    });
  };
  const seen = new WeakSet();
  wrapGetter(Blob.prototype, 'size', 'size of a file, first time', function () {
    if (!(this instanceof File) || seen.has(this)) return false;
    return Boolean(seen.add(this));
  });
  wrapGetter(File.prototype, 'lastModified', 'lastModified of a file');
  wrapMethod(Blob.prototype, 'slice', 'slice of a Blob');
  wrapMethod(Blob.prototype, 'arrayBuffer', 'read of a Blob');
  wrapMethod(LockManager.prototype, 'request', 'lock');
  for (const method of ['put', 'add', 'delete']) wrapMethod(IDBObjectStore.prototype, method, 'write to IndexedDB');
  wrapMethod(window, 'fetch', 'call of the signer', (url) => String(url).includes('/sign'));
  wrapMethod(XMLHttpRequest.prototype, 'open', 'XHR: open');
  wrapMethod(XMLHttpRequest.prototype, 'send', 'XHR: send');
  wrapMethod(FormData.prototype, 'append', 'form field');
  wrapMethod(EventTarget.prototype, 'dispatchEvent', 'event dispatched', (event) => event.type.startsWith('mule-'));
})();`;
