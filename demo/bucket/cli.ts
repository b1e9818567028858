import { parseArgs } from 'node:util';
import { PROFILES } from './behaviour.js';
import type { Profile } from './behaviour.js';
import { startBucket } from './index.js';

/**
 * Runs the bucket as a separate process and prints `{"url", "pid"}` as one line of JSON once it answers.
 * Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the region from AWS_REGION.
 */
const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    port: { type: 'string', default: '0' },
    bucket: { type: 'string', multiple: true, default: ['demo'] },
    profile: { type: 'string', default: 'default' },
  },
});
const {
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_REGION: region = 'us-east-1',
} = process.env;
if (!values.dir || !accessKeyId || !secretAccessKey || !Object.hasOwn(PROFILES, values.profile)) {
  console.error(
    `usage: AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… cli.ts --dir DIR [--port N] [--bucket NAME]… [--profile ${Object.keys(PROFILES).join('|')}]`,
  );
  process.exit(2);
}
const bucket = await startBucket({
  dir: values.dir,
  port: Number(values.port),
  buckets: values.bucket,
  credentials: { accessKeyId, secretAccessKey },
  region,
  profile: values.profile as Profile,
});
console.log(JSON.stringify({ url: bucket.url, pid: process.pid }));
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void bucket.close().then(() => process.exit(0)));
