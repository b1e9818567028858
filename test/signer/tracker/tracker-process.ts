/**
 * One of several signer processes on one database. Arguments: URL of the database, task, number of this process.
 * Prints the IDs of the uploads that it has claimed, as JSON.
 */
import { createSqlTracker } from '../../../src/signer/node.js';
import { uploadOf } from './tracker-suite.js';

const [url, task, processNumber] = process.argv.slice(2) as [string, string, string];
const tracker = await createSqlTracker({ url, now: () => 5_000 });
/** The test notes the uploads at 1,000. */
const ABANDONED_BEFORE = 2_000;
const COUNT = 40;
/** Each process handles the uploads in its own order. */
const order = Array.from({ length: COUNT }, (_, index) => (index * [7, 11, 13][Number(processNumber) % 3]!) % COUNT);
const upload = (index: number) => uploadOf({ uploadId: `u${index}`, key: `k${index}`, marks: [`m${index}`] });

const claimed: string[] = [];
const TASKS: Record<string, (index: number) => Promise<unknown>> = {
  async sweep(index) {
    // process 1 also acts as the owner, who resumes every second upload
    if (processNumber === '1' && index % 2 === 0) await tracker.note(upload(index), [1]);
    if (await tracker.claim('p', `u${index}`, ABANDONED_BEFORE)) claimed.push(`u${index}`);
  },
  async end(index) {
    if (processNumber === '0') await tracker.note(upload(index), []);
    if (processNumber === '1') await tracker.forget('p', `u${index}`, 'complete', upload(index));
    await tracker.note(upload(index), [1, 2]);
  },
  async flood(index) {
    await tracker.note(uploadOf({ uploadId: `invented-${processNumber}-${index}` }), [1]);
    await tracker.forget('p', `ended-${processNumber}-${index}`, 'aborted', uploadOf());
  },
};
for (const index of order) await TASKS[task]!(index);
await tracker.close();
process.stdout.write(JSON.stringify(claimed));
