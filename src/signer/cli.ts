#!/usr/bin/env node
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseSize } from '../limits.js';
import { createSigner } from './index.js';
import type { SignerOptions } from './index.js';
import { toNodeHandler } from './node.js';
import { OptionError } from './options.js';

const HELP = `Usage: mule-upload signer

Runs a signer for <mule-upload>, configured by environment variables:

  S3_BUCKET              the bucket (required)
  AWS_ACCESS_KEY_ID      (required)
  AWS_SECRET_ACCESS_KEY  (required)
  AWS_SESSION_TOKEN      of temporary credentials
  AWS_REGION             us-east-1 by default
  S3_ENDPOINT            URL of a store that is not Amazon's
  ALLOW_ANONYMOUS        true: anybody who reaches this port may upload (required,
                         since this signer knows no users; your own backend can
                         call createSigner with authorize instead)
  ORIGINS                origins of the pages that may call, separated by commas,
                         * for all of them; needed unless a proxy puts the signer
                         on the page's own origin
  MAX_SIZE               largest file, such as 10GB
  PART_SIZE              bytes per part, such as 16MiB
  SIGNER_SECRET          seals grants, 16 characters or more; separate several by
                         commas to rotate: the first seals, all open
  PORT                   8080 by default, 0 for a free one
  HOST                   127.0.0.1 by default

The page then has <mule-upload signer="http://127.0.0.1:8080">.
`;

const NO_ORIGINS =
  "ORIGINS is not set: browsers let no page call this signer unless a proxy puts it on the page's own origin; "
  + 'name the origins of your pages, such as ORIGINS=https://example.org';

/** What an option of `createSigner` is called here. */
const VARIABLES: Readonly<Record<string, string>> = {
  bucket: 'S3_BUCKET',
  region: 'AWS_REGION',
  endpoint: 'S3_ENDPOINT',
  'credentials.accessKeyId': 'AWS_ACCESS_KEY_ID',
  'credentials.secretAccessKey': 'AWS_SECRET_ACCESS_KEY',
  secret: 'SIGNER_SECRET',
  origins: 'ORIGINS',
  'policy.maxSize': 'MAX_SIZE',
  'policy.partSize': 'PART_SIZE',
};

type Variables = Readonly<Record<string, string | undefined>>;

function optionsFrom(env: Variables): SignerOptions {
  for (const name of ['S3_BUCKET', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    if (!env[name]) throw new TypeError(`${name} is not set`);
  }
  if (!/^(true|1)$/.test(env['ALLOW_ANONYMOUS'] ?? '')) {
    throw new TypeError('ALLOW_ANONYMOUS has to be true: this signer knows no users and lets anybody upload');
  }
  return {
    bucket: env['S3_BUCKET']!,
    region: env['AWS_REGION'] || undefined,
    endpoint: env['S3_ENDPOINT'] || undefined,
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID']!,
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY']!,
      ...(env['AWS_SESSION_TOKEN'] ? { sessionToken: env['AWS_SESSION_TOKEN'] } : {}),
    },
    allowAnonymous: true,
    secret: listFrom(env['SIGNER_SECRET']),
    origins: listFrom(env['ORIGINS']),
    policy: { maxSize: sizeFrom(env, 'MAX_SIZE'), partSize: sizeFrom(env, 'PART_SIZE') },
  };
}

function listFrom(text = ''): string[] | undefined {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
  return items.length > 0 ? items : undefined;
}

function sizeFrom(env: Variables, name: string): number | undefined {
  if (!env[name]) return undefined;
  try {
    return parseSize(env[name]);
  } catch (error) {
    throw new TypeError(`${name}: ${(error as Error).message}`);
  }
}

function portFrom({ PORT = '8080' }: Variables): number {
  const port = Number(PORT);
  if (!/^\d+$/.test(PORT) || port > 65_535) throw new TypeError(`PORT: "${PORT}" is no port from 0 to 65535`);
  return port;
}

function explain(error: unknown): string {
  if (error instanceof OptionError) return `${VARIABLES[error.option] ?? error.option}: ${error.detail}`;
  return error instanceof Error ? error.message : String(error);
}

const warn = (message: string): boolean => process.stderr.write(`mule-upload signer: ${message}\n`);

function fail(message: string, exitCode: number): never {
  warn(message);
  process.exit(exitCode);
}

function run(env: Variables): void {
  const options = optionsFrom(env);
  const host = env['HOST'] || '127.0.0.1';
  const port = portFrom(env);
  const server = createServer(toNodeHandler(createSigner(options)));
  server.on('error', (error: NodeJS.ErrnoException) =>
    fail(`cannot listen on ${host}:${port} (${error.code ?? error.message})`, 1),
  );
  server.listen(port, host, () => {
    if (!options.origins) warn(NO_ORIGINS);
    const bound = (server.address() as AddressInfo).port;
    const name = host.includes(':') ? `[${host}]` : host;
    process.stdout.write(`mule-upload signer for bucket ${options.bucket} on http://${name}:${bound}\n`);
  });

  const stop = () => {
    server.close();
    // Calls under way take milliseconds; whoever sends one slower than this is cut off.
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

const [command, ...rest] = process.argv.slice(2);
if (command === '--help' || command === '-h' || rest.includes('--help') || rest.includes('-h'))
  process.stdout.write(HELP);
else if (command !== 'signer' || rest.length > 0)
  fail(
    `${command === undefined ? 'name a command' : `“${process.argv.slice(2).join(' ')}” is no command`}\n\n${HELP}`,
    2,
  );
else {
  try {
    run(process.env);
  } catch (error) {
    fail(explain(error), 2);
  }
}
