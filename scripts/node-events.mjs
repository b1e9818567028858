/**
 * Reporter for Node's test runner: appends the events that `node-counts.ts` counts to the file that `MULE_TEST_EVENTS`
 * names, one line of JSON each. It writes synchronously, because with --test-force-exit the runner can exit before an
 * asynchronous write ends. Node loads reporters before tsx is registered, so this file is plain JavaScript.
 */
import { appendFileSync } from 'node:fs';

const EVENTS = new Set(['test:enqueue', 'test:pass', 'test:fail', 'test:plan']);

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (!EVENTS.has(type)) continue;
    const { file, name, nesting, skip, todo, details } = data;
    const { cause, failureType, message } = details?.error ?? {};
    const event = {
      type: type.slice('test:'.length),
      file,
      name,
      nesting,
      isSuite: details?.type === 'suite',
      isSkipped: Boolean(skip ?? todo),
      failureType,
      reason: cause?.message ?? (cause ? String(cause) : message),
    };
    appendFileSync(process.env.MULE_TEST_EVENTS, `${JSON.stringify(event)}\n`);
  }
  yield '';
}
