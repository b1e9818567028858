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
import type { SignerOptions } from '../index.js';
import { createSqlTracker, toNodeHandler } from '../node.js';
import type { SqlTracker } from '../node.js';
import { redact } from '../util/redact.js';
import { parseUrl } from '../util/url.js';

/** Connections that may wait to be taken in: pages come by the thousand after an outage, and Linux holds as many. */
const BACKLOG = 4_096;

const HELP = `Usage: mule-upload signer [--check]
       mule-upload sweep [--days N]
       mule-upload conformance URL [--header 'Name: value'] [--other 'Name: value']
                               [--type TYPE]

signer       runs a signer for <mule-upload>. With --check it only tries what
             uploads need: is the bucket there, does its CORS rule let the pages of
             ORIGINS do all they need and read ETag, may the credentials do what
             they have to, and no more; it says what to paste where something is
             wrong
sweep        aborts on the store what nobody has touched for N days (8 by default);
             for cron. Needs DATABASE_URL
conformance  runs a signer in any language through the protocol, against its
             bucket, and says what is wrong with it. --header is sent with every
             call, such as a session (leave it out where nobody signs in); --other
             with those of another user, to try whether users are kept apart;
             --type is what the policy takes

signer and sweep are configured by environment variables:

  S3_BUCKET              the bucket (required)
  AWS_ACCESS_KEY_ID      (required)
  AWS_SECRET_ACCESS_KEY  (required)
  AWS_SESSION_TOKEN      of temporary credentials
  AWS_REGION             us-east-1 by default
  S3_ENDPOINT            URL of a store that is not Amazon's
  CHECKSUMS              checksums that this store verifies, separated by commas:
                         crc64nvme, crc32c, crc32, sha256; none where it knows
                         none. By default all at Amazon, none elsewhere
  REFUSES_UNSIGNED_HEADERS
                         true: this store refuses x-amz-* headers that are not
                         signed, as --check tells, or takes no x-amz-acl; at
                         Amazon always true
  PRINCIPAL_HEADER       a request header that names who calls, such as
                         X-Forwarded-User: set by your proxy once it knows, and
                         taken off whatever callers send
  ALLOW_ANONYMOUS        true: anybody who reaches this port may upload; this or
                         PRINCIPAL_HEADER is required (your own backend can call
                         createSigner with authorize instead)
  DATABASE_URL           postgres://user:password@host/name or sqlite:FILE: lets
                         people go on in another browser. Needs npm install
                         kysely, and pg or libsql
  ORIGINS                origins of the pages that may call, separated by commas,
                         * for all of them; needed unless a proxy puts the signer
                         on the page's own origin
  MAX_SIZE               largest file, such as 10GB
  PART_SIZE              bytes per part, such as 16MiB
  SIGNER_SECRET          seals grants, 16 characters or more; separate several by
                         commas to rotate: the first seals, all open
  SIGNER_NAME            names this signer where several share a bucket and a
                         secret: none takes the grants of another
  PORT                   8080 by default, 0 for a free one
  HOST                   127.0.0.1 by default

The page then has <mule-upload signer="http://127.0.0.1:8080">.
`;

const NO_ORIGINS =
  "ORIGINS is not set: browsers let no page call this signer unless a proxy puts it on the page's own origin; "
  + 'name the origins of your pages, such as ORIGINS=https://example.org';

/** Options that are no variable of the environment. */
const FLAGS: Readonly<Record<string, string>> = { days: '--days' };

type Variables = Readonly<Record<string, string | undefined>>;

type Options = SignerOptions & { tracker?: SqlTracker | undefined };

async function optionsFrom(env: Variables): Promise<Options> {
  for (const name of ['S3_BUCKET', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    if (!env[name]) throw new TypeError(`${name} is not set`);
  }
  const header = env['PRINCIPAL_HEADER'];
  const isOpen = /^(true|1)$/.test(env['ALLOW_ANONYMOUS'] ?? '');
  if (!header && !isOpen) {
    throw new TypeError(
      'ALLOW_ANONYMOUS has to be true, or PRINCIPAL_HEADER name a header of your proxy: this signer knows no users by itself',
    );
  }
  if (header && !/^[\w-]+$/.test(header)) throw new TypeError(`PRINCIPAL_HEADER: "${header}" is no name of a header`);
  return {
    name: env['SIGNER_NAME'] || undefined,
    bucket: env['S3_BUCKET']!,
    region: env['AWS_REGION'] || undefined,
    endpoint: env['S3_ENDPOINT'] || undefined,
    checksums: checksumsFrom(env['CHECKSUMS']),
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID']!,
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY']!,
      ...(env['AWS_SESSION_TOKEN'] ? { sessionToken: env['AWS_SESSION_TOKEN'] } : {}),
    },
    ...(isOpen ? { allowAnonymous: true } : {}),
    ...(header ? { authorize: (request) => request.headers.get(header) || null } : {}),
    tracker: env['DATABASE_URL'] ? await createSqlTracker({ url: env['DATABASE_URL'] }) : undefined,
    refusesUnsignedHeaders: /^(true|1)$/.test(env['REFUSES_UNSIGNED_HEADERS'] ?? '') || undefined,
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

/** Names as they stand: whether they are any is for the options to judge. */
function checksumsFrom(text: string | undefined): ChecksumAlgorithm[] | undefined {
  return text === 'none' ? [] : (listFrom(text) as ChecksumAlgorithm[] | undefined);
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
  if (error instanceof OptionError)
    return `${ENVIRONMENT_VARIABLES[error.option] ?? FLAGS[error.option] ?? error.option}: ${error.detail}`;
  return error instanceof Error ? error.message : String(error);
}

/** Values that no output may show, whatever else it says. */
const secrets: string[] = [];

function rememberSecrets(env: Variables): void {
  const { AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, SIGNER_SECRET, DATABASE_URL = '' } = env;
  const password = /^[^:]+:\/\/[^:@/]*:(.*)@/s.exec(DATABASE_URL)?.[1];
  const values = [AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, ...(listFrom(SIGNER_SECRET) ?? []), password];
  secrets.push(...values.filter((value): value is string => Boolean(value)));
}

const print = (text: string): boolean => process.stdout.write(redact(text, secrets));
const warn = (message: string): boolean => process.stderr.write(redact(`mule-upload signer: ${message}\n`, secrets));

function fail(message: string, exitCode: number): never {
  warn(message);
  process.exit(exitCode);
}

async function serve(env: Variables): Promise<void> {
  const options = await optionsFrom(env);
  const host = env['HOST'] || '127.0.0.1';
  const port = portFrom(env);
  const server = createServer(toNodeHandler(createSigner(options)));
  // longer than balancers keep a connection that nobody uses (60 s): they, not we, end it, so no call meets its end
  server.keepAliveTimeout = 65_000;
  // the signer itself limits the time of a body; these bound what is slow before and after it
  server.headersTimeout = 30_000;
  server.requestTimeout = 120_000;
  server.on('error', (error: NodeJS.ErrnoException) =>
    fail(`cannot listen on ${host}:${port} (${error.code ?? error.message})`, 1),
  );
  server.listen({ port, host, backlog: BACKLOG }, () => {
    if (!options.origins) warn(NO_ORIGINS);
    const bound = (server.address() as AddressInfo).port;
    const name = host.includes(':') ? `[${host}]` : host;
    print(`mule-upload signer for bucket ${options.bucket} on http://${name}:${bound}\n`);
  });

  const stop = () => {
    server.close(() => void options.tracker?.close());
    // Calls under way take milliseconds; whoever sends one slower than this is cut off.
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

async function check(env: Variables): Promise<void> {
  // who may call is no question here, nor is a database
  const options = await optionsFrom({ ...env, ALLOW_ANONYMOUS: 'true', DATABASE_URL: undefined });
  const findings = await checkStore(options);
  for (const { rule, fault, isWarning, advice } of findings) {
    const verdict = fault === null ? 'ok   ' : isWarning ? 'HINT ' : 'WRONG';
    print(`${verdict} ${rule}\n`);
    for (const text of [fault, advice]) if (text) print(text.replace(/^/gm, '      ') + '\n');
  }
  if (findings.some(({ fault, isWarning }) => fault !== null && !isWarning)) process.exitCode = 1;
}

async function clean(env: Variables, days: string | undefined): Promise<void> {
  if (!env['DATABASE_URL']) throw new TypeError('DATABASE_URL is not set: sweep asks the tracker what is abandoned');
  // who may call is no question here
  const options = await optionsFrom({ ...env, ALLOW_ANONYMOUS: 'true' });
  try {
    const { aborted, gone, failed } = await sweep(options, days === undefined ? {} : { days: Number(days) });
    print(`${aborted} aborted, ${gone} were gone, ${failed.length} failed\n`);
    for (const { key, status } of failed) warn(`${key}: the store ${status === null ? 'is silent' : `says ${status}`}`);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    await options.tracker?.close();
  }
}

interface Conformance {
  header?: string[];
  other?: string[];
  type?: string;
}

async function conform(url: string, { header, other, type: contentType }: Conformance): Promise<void> {
  if (!parseUrl(url)) throw new TypeError(`"${url}" is no URL of a signer`);
  const verdicts = await checkConformance({
    url,
    headers: headersFrom('--header', header),
    ...(other === undefined ? {} : { otherHeaders: headersFrom('--other', other) }),
    ...(contentType === undefined ? {} : { contentType }),
  });
  for (const { rule, fault } of verdicts) print(fault === null ? `ok    ${rule}\n` : `WRONG ${rule}\n      ${fault}\n`);
  const wrong = verdicts.filter(({ fault }) => fault !== null).length;
  print(`${verdicts.length - wrong} of ${verdicts.length} rules are kept\n`);
  if (wrong > 0) process.exitCode = 1;
}

function headersFrom(option: string, texts: readonly string[] = []): Record<string, string> {
  const pairs = texts.map((text) => {
    const match = /^([\w-]+):\s*(.*)$/.exec(text);
    if (!match) throw new TypeError(`each ${option} has to be of the form Name: value`);
    secrets.push(match[2]!);
    return match.slice(1);
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  check: { type: 'boolean' },
  days: { type: 'string' },
  header: { type: 'string', multiple: true },
  other: { type: 'string', multiple: true },
  type: { type: 'string' },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  rememberSecrets(process.env);
  const [command, ...rest] = positionals;
  if (values.help) process.stdout.write(HELP);
  else if (command === 'signer' && rest.length === 0) await (values.check ? check : serve)(process.env);
  else if (command === 'sweep' && rest.length === 0) await clean(process.env, values.days);
  else if (command === 'conformance' && rest.length === 1) await conform(rest[0]!, values);
  else if (command === undefined) fail(`name a command\n\n${HELP}`, 2);
  else fail(`“${positionals.join(' ')}” is no command\n\n${HELP}`, 2);
}

main().catch((error: unknown) => fail(explain(error), 2));
