/**
 * One of several signer processes that record parts of the same upload in a database, each part in its own call.
 * Arguments: URL of the database, first part number, step, last part number.
 */
import { createSqlTracker } from '../../../src/signer/node.js';
import { uploadOf } from './tracker-suite.js';

const [url, first, step, last] = process.argv.slice(2) as [string, string, string, string];
const tracker = await createSqlTracker({ url });
for (let chunk = Number(first); chunk <= Number(last); chunk += Number(step)) {
  await tracker.note(uploadOf(), [chunk]);
  // a browser repeats a notification whose response was lost
  await tracker.note(uploadOf(), [chunk]);
}
await tracker.close();
