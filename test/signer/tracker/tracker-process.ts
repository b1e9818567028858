/**
 * One of several signer processes on one database. Arguments: URL, task, its number.
 * Prints the upload IDs that it claimed, as JSON.
 */
import { createSqlTracker } from '../../../src/signer/node.js';
import { uploadOf } from './tracker-suite.js';

const [url, task, self] = process.argv.slice(2) as [string, string, string];
const tracker = await createSqlTracker({ url, now: () => 5_000 });
const COUNT = 40;
/** Each process handles the uploads in its own order. */
const order = Array.from({ length: COUNT }, (_, index) => (index * [7, 11, 13][Number(self) % 3]!) % COUNT);
const upload = (index: number) => uploadOf({ uploadId: `u${index}`, key: `k${index}`, marks: [`m${index}`] });

const claimed: string[] = [];
const TASKS: Record<string, (index: number) => Promise<unknown>> = {
  async sweep(index) {
    // between two concurrent sweeps, an owner continues every other upload
    if (self === '1' && index % 2 === 0) await tracker.note(upload(index), [1]);
    if (await tracker.claim('p', `u${index}`, 2_000)) claimed.push(`u${index}`);
  },
  async end(index) {
    if (self === '0') await tracker.note(upload(index), []);
    if (self === '1') await tracker.forget('p', `u${index}`, 'complete', upload(index));
    await tracker.note(upload(index), [1, 2]);
  },
  async flood(index) {
    await tracker.note(uploadOf({ uploadId: `made-up-${self}-${index}` }), [1]);
    await tracker.forget('p', `ended-${self}-${index}`, 'aborted', uploadOf());
  },
};
for (const index of order) await TASKS[task]!(index);
await tracker.close();
process.stdout.write(JSON.stringify(claimed));
