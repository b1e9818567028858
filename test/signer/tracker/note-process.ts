/** A signer process of many: notes parts of one upload in a database, one by one. Arguments: URL, first, step, last. */
import { createSqlTracker } from '../../../src/signer/node.js';
import { uploadOf } from './tracker-suite.js';

const [url, first, step, last] = process.argv.slice(2) as [string, string, string, string];
const tracker = await createSqlTracker({ url });
for (let chunk = Number(first); chunk <= Number(last); chunk += Number(step)) {
  await tracker.note(uploadOf(), [chunk]);
  // told again, as a browser does whose answer was lost
  await tracker.note(uploadOf(), [chunk]);
}
await tracker.close();
