/**
 * One of several signer processes: records parts of one upload in a database, one at a time. Arguments: URL, first,
 * step, last.
 */
import { createSqlTracker } from '../../../src/signer/node.js';
import { uploadOf } from './tracker-suite.js';

const [url, first, step, last] = process.argv.slice(2) as [string, string, string, string];
const tracker = await createSqlTracker({ url });
for (let chunk = Number(first); chunk <= Number(last); chunk += Number(step)) {
  await tracker.note(uploadOf(), [chunk]);
  // repeated, as by a browser whose response was lost
  await tracker.note(uploadOf(), [chunk]);
}
await tracker.close();
