#!/usr/bin/env node
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { parseSize } from '../../limits.js';
import type { ChecksumAlgorithm } from '../../protocol.js';
import { checkStore } from './check/check-store.js';
import { checkConformance } from './conformance/conformance.js';
import { OptionError, ENVIRONMENT_VARIABLES } from '../util/option-checks.js';
import { createSigner, sweep } from '../index.js';
import type { SignerOptions, SweepOptions, SweepReport } from '../index.js';
import { createSqlTracker, toNodeHandler } from '../node.js';
import type { SqlTracker } from '../node.js';
import { redact } from '../util/redact.js';
import { parseUrl } from '../util/url.js';

/** Connections that may wait to be accepted: after an outage, thousands of pages reconnect. Linux allows no more. */
const BACKLOG = 4_096;

const HELP = `Usage: mule-upload signer [--check]
       mule-upload sweep [--days N]
       mule-upload conformance URL [--header 'Name: value'] [--other 'Name: value']
                               [--type TYPE]

signer       Runs a signer for <mule-upload>. With --check, it only checks the
             store: whether the bucket exists, its CORS rule allows the pages of
             ORIGINS to upload and to read ETag, and the credentials have the
             permissions that uploads need and no others. It prints the CORS rule
             or policy that corrects a fault.
sweep        Aborts the multipart uploads of signed-in users that have been inactive
             for N days (8 by default), as recorded in DATABASE_URL, which it needs.
             Run it by cron. A lifecycle rule of the bucket aborts all others.
conformance  Checks a signer in any language, with its bucket, against the
             protocol, and describes its faults. --header is sent with every call,
             such as a session cookie; omit it if anonymous uploads are allowed.
             --other is the same for a second user, to check that users are
             separated. --type is a content type that the policy accepts.

Environment variables of signer and sweep:

  S3_BUCKET              the bucket (required)
  AWS_ACCESS_KEY_ID      (required)
  AWS_SECRET_ACCESS_KEY  (required)
  AWS_SESSION_TOKEN      for temporary credentials
  AWS_REGION             us-east-1 by default
  S3_ENDPOINT            URL of the store, if it is not Amazon's
  CHECKSUMS              checksum algorithms that the store verifies, separated by
                         commas: crc64nvme, crc32c, crc32, sha256; or none. By
                         default all at Amazon, none elsewhere
  REFUSES_UNSIGNED_HEADERS
                         true if the store rejects unsigned x-amz-* headers, as
                         --check reports, or does not support x-amz-acl; true by
                         default at Amazon and R2
  PRINCIPAL_HEADER       a request header that contains the user's ID, such as
                         X-Forwarded-User. Your proxy must set it for signed-in
                         users, and remove it from the requests of callers
  ALLOW_ANONYMOUS        true: everyone who can reach this port may upload. This or
                         PRINCIPAL_HEADER is required. For other sessions, call
                         createSigner with authorize in your own backend
  DATABASE_URL           postgres://user:password@host/name or sqlite:FILE. Lets
                         users resume uploads in another browser. Needs npm install
                         kysely, and pg or libsql
  ORIGINS                origins of the pages that may call, separated by commas; *
                         for all. Required unless a proxy serves the signer on the
                         page's own origin
  MAX_SIZE               size limit of a file, such as 10GB
  PART_SIZE              bytes per part, such as 16MiB
  SIGNER_SECRET          seals grants; at least 16 characters. To rotate, separate
                         several by commas: the first seals, all open
  SIGNER_NAME            distinguishes signers that share a bucket and a secret;
                         each refuses the grants of the others
  PORT                   8080 by default, 0 for any free port
  HOST                   127.0.0.1 by default

Use it with <mule-upload signer="http://127.0.0.1:8080">.
`;

const ORIGINS_WARNING =
  "ORIGINS is not set, so pages can call this signer only if a proxy serves it on the page's own origin; "
  + 'otherwise list the origins of your pages, such as ORIGINS=https://example.org';

/** Options that are command-line arguments, not environment variables. */
const FLAGS: Readonly<Record<string, string>> = { days: '--days' };

type Environment = Readonly<Record<string, string | undefined>>;

type Options = SignerOptions & { tracker?: SqlTracker | undefined };

async function readOptions(env: Environment): Promise<Options> {
  for (const name of ['S3_BUCKET', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    if (!env[name]) throw new TypeError(`${name} is not set`);
  }
  const header = env['PRINCIPAL_HEADER'];
  const allowsAnonymous = /^(true|1)$/.test(env['ALLOW_ANONYMOUS'] ?? '');
  if (!header && !allowsAnonymous) {
    throw new TypeError(
      'set PRINCIPAL_HEADER to a header of your proxy that contains the user, or set ALLOW_ANONYMOUS=true',
    );
  }
  if (header && !/^[\w-]+$/.test(header))
    throw new TypeError(`PRINCIPAL_HEADER: "${header}" is not the name of a header`);
  return {
    name: env['SIGNER_NAME'] || undefined,
    bucket: env['S3_BUCKET']!,
    region: env['AWS_REGION'] || undefined,
    endpoint: env['S3_ENDPOINT'] || undefined,
    checksums: readChecksums(env['CHECKSUMS']),
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID']!,
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY']!,
      ...(env['AWS_SESSION_TOKEN'] ? { sessionToken: env['AWS_SESSION_TOKEN'] } : {}),
    },
    ...(allowsAnonymous ? { allowAnonymous: true } : {}),
    ...(header ? { authorize: (request) => request.headers.get(header) || null } : {}),
    tracker: env['DATABASE_URL'] ? await createSqlTracker({ url: env['DATABASE_URL'] }) : undefined,
    refusesUnsignedHeaders: /^(true|1)$/.test(env['REFUSES_UNSIGNED_HEADERS'] ?? '') || undefined,
    secret: splitList(env['SIGNER_SECRET']),
    origins: splitList(env['ORIGINS']),
    policy: { maxSize: readSize(env, 'MAX_SIZE'), partSize: readSize(env, 'PART_SIZE') },
  };
}

function splitList(text = ''): string[] | undefined {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
  return items.length > 0 ? items : undefined;
}

/** The names are not checked here: `createSigner` does. */
function readChecksums(text: string | undefined): ChecksumAlgorithm[] | undefined {
  return text === 'none' ? [] : (splitList(text) as ChecksumAlgorithm[] | undefined);
}

function readSize(env: Environment, name: string): number | undefined {
  if (!env[name]) return undefined;
  try {
    return parseSize(env[name]);
  } catch (error) {
    throw new TypeError(`${name}: ${(error as Error).message}`);
  }
}

function readPort({ PORT = '8080' }: Environment): number {
  const port = Number(PORT);
  if (!/^\d+$/.test(PORT) || port > 65_535) throw new TypeError(`PORT: "${PORT}" is not a port from 0 to 65535`);
  return port;
}

function describeFailure(error: unknown): string {
  if (error instanceof OptionError)
    return `${ENVIRONMENT_VARIABLES[error.option] ?? FLAGS[error.option] ?? error.option}: ${error.detail}`;
  return error instanceof Error ? error.message : String(error);
}

/** Secrets, which are removed from all output. */
const secrets: string[] = [];

function collectSecrets(env: Environment): void {
  const { AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, SIGNER_SECRET, DATABASE_URL = '' } = env;
  const password = /^[^:]+:\/\/[^:@/]*:(.*)@/s.exec(DATABASE_URL)?.[1];
  const values = [AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, ...(splitList(SIGNER_SECRET) ?? []), password];
  secrets.push(...values.filter((value): value is string => Boolean(value)));
}

const print = (text: string): boolean => process.stdout.write(redact(text, secrets));
const warn = (message: string): boolean => process.stderr.write(redact(`mule-upload signer: ${message}\n`, secrets));

function fail(message: string, exitCode: number): never {
  warn(message);
  process.exit(exitCode);
}

async function runSigner(env: Environment): Promise<void> {
  const options = await readOptions(env);
  const host = env['HOST'] || '127.0.0.1';
  const port = readPort(env);
  const server = createServer(toNodeHandler(createSigner(options)));
  // longer than the usual idle timeout of load balancers (60 s): otherwise the server could close a connection on which a
  // load balancer is sending a request
  server.keepAliveTimeout = 65_000;
  // the signer limits the time for a body; these limit the time for the headers and for the whole request
  server.headersTimeout = 30_000;
  server.requestTimeout = 120_000;
  server.on('error', (error: NodeJS.ErrnoException) =>
    fail(`cannot listen on ${host}:${port} (${error.code ?? error.message})`, 1),
  );
  server.listen({ port, host, backlog: BACKLOG }, () => {
    if (!options.origins) warn(ORIGINS_WARNING);
    const boundPort = (server.address() as AddressInfo).port;
    const urlHost = host.includes(':') ? `[${host}]` : host;
    print(`mule-upload signer for bucket ${options.bucket} on http://${urlHost}:${boundPort}\n`);
  });

  const stop = () => {
    server.close(() => void options.tracker?.close());
    // most calls end within milliseconds; slower ones are aborted
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

async function runCheck(env: Environment): Promise<void> {
  // the check needs neither users nor a database
  const options = await readOptions({ ...env, ALLOW_ANONYMOUS: 'true', DATABASE_URL: undefined });
  const findings = await checkStore(options);
  for (const { rule, fault, isWarning, advice } of findings) {
    const label = fault === null ? 'ok   ' : isWarning ? 'HINT ' : 'WRONG';
    print(`${label} ${rule}\n`);
    for (const text of [fault, advice]) if (text) print(text.replace(/^/gm, '      ') + '\n');
  }
  if (findings.some(({ fault, isWarning }) => fault !== null && !isWarning)) process.exitCode = 1;
}

async function runSweep(env: Environment, days: string | undefined): Promise<void> {
  if (!env['DATABASE_URL'])
    throw new TypeError('DATABASE_URL is not set; sweep reads the abandoned uploads from that database');
  // a sweep needs no users
  const options = await readOptions({ ...env, ALLOW_ANONYMOUS: 'true' });
  try {
    const { aborted, gone, failed, hasMore } = await sweepAll(
      options,
      days === undefined ? {} : { days: Number(days) },
    );
    print(`${aborted} aborted, ${gone} already gone, ${failed.length} failed\n`);
    for (const { key, status } of failed)
      warn(`${key} was not aborted: the store ${status === null ? 'did not answer' : `answered ${status}`}`);
    if (hasMore) warn('more uploads may be abandoned; the next sweep continues with them');
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    await options.tracker?.close();
  }
}

/** Sweeps until no abandoned upload is left, or a sweep ends none, and adds up the reports. */
async function sweepAll(options: Options, sweepOptions: SweepOptions): Promise<SweepReport> {
  let [aborted, gone] = [0, 0];
  // by key, because a sweep tries those again that an earlier one could not abort
  const failed = new Map<string, SweepReport['failed'][number]>();
  for (;;) {
    const report = await sweep(options, sweepOptions);
    aborted += report.aborted;
    gone += report.gone;
    for (const failure of report.failed) failed.set(failure.key, failure);
    if (!report.hasMore || report.aborted + report.gone === 0)
      return { aborted, gone, failed: [...failed.values()], hasMore: report.hasMore };
  }
}

interface ConformanceArguments {
  header?: string[];
  other?: string[];
  type?: string;
}

async function runConformance(url: string, { header, other, type: contentType }: ConformanceArguments): Promise<void> {
  if (!parseUrl(url)) throw new TypeError(`"${url}" is not a URL; give the base URL of a signer`);
  const results = await checkConformance({
    url,
    headers: parseHeaders('--header', header),
    ...(other === undefined ? {} : { otherHeaders: parseHeaders('--other', other) }),
    ...(contentType === undefined ? {} : { contentType }),
  });
  for (const { rule, fault } of results) print(fault === null ? `ok    ${rule}\n` : `WRONG ${rule}\n      ${fault}\n`);
  const faultCount = results.filter(({ fault }) => fault !== null).length;
  print(`${results.length - faultCount} of ${results.length} rules passed\n`);
  if (faultCount > 0) process.exitCode = 1;
}

function parseHeaders(option: string, texts: readonly string[] = []): Record<string, string> {
  const pairs = texts.map((text) => {
    const match = /^([\w-]+):\s*(.*)$/.exec(text);
    if (!match) throw new TypeError(`${option} must have the form 'Name: value'`);
    secrets.push(match[2]!);
    return match.slice(1);
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

const ARGUMENTS = {
  help: { type: 'boolean', short: 'h' },
  check: { type: 'boolean' },
  days: { type: 'string' },
  header: { type: 'string', multiple: true },
  other: { type: 'string', multiple: true },
  type: { type: 'string' },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: ARGUMENTS, allowPositionals: true });
  collectSecrets(process.env);
  const [command, ...rest] = positionals;
  if (values.help) process.stdout.write(HELP);
  else if (command === 'signer' && rest.length === 0) await (values.check ? runCheck : runSigner)(process.env);
  else if (command === 'sweep' && rest.length === 0) await runSweep(process.env, values.days);
  else if (command === 'conformance' && rest.length === 1) await runConformance(rest[0]!, values);
  else if (command === undefined) fail(`no command given\n\n${HELP}`, 2);
  else fail(`“${positionals.join(' ')}” is not a command\n\n${HELP}`, 2);
}

main().catch((error: unknown) => fail(describeFailure(error), 2));
