/** Rules about `get_init_signature`: the principal, the granted keys, and refused files. */
import type { InitAnswer } from '../../../protocol.js';
import { ensure, shorten } from './conformance-caller.js';
import type { ConformanceCaller, GrantedFile } from './conformance-caller.js';
import { UNGRANTED_KEY } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const INIT_RULES: readonly Rule[] = [
  {
    rule: 'init returns the principal: a string for a signed-in user, null for an anonymous call',
    check: returnsPrincipal,
  },
  { rule: 'init requires a session', check: requiresSession },
  { rule: 'a refused file does not affect the others', check: refusesSingleFiles },
  { rule: 'more files than limits.files are answered with 413', check: enforcesFileLimit },
  { rule: 'init grants no key that the page chooses', check: ignoresRequestedKeys },
  { rule: 'a file’s name cannot change the folder of its key', check: cleansFileNames },
  { rule: 'own_key is set only for a key that no other upload gets', check: grantsOwnKeysOnce },
  { rule: 'two users never get the same key', check: separatesUsers, needsOther: true },
];

/** Returns the principal in the answer of init. */
async function principalOf(caller: ConformanceCaller): Promise<unknown> {
  const { answer } = await caller.init(caller.createFile({ filename: 'principal.bin' }));
  return (answer as unknown as Record<string, unknown>)['principal'];
}

async function returnsPrincipal({ caller, otherUser, anonymous }: ConformanceRun): Promise<void> {
  const principal = await principalOf(caller);
  ensure(
    principal !== undefined,
    'the answer of init must contain the principal, so that the next user of a browser does not see the files of this '
      + 'one: an opaque string for the user, or null for an anonymous call',
  );
  if (!anonymous) {
    ensure(principal === null, `principal must be null for an anonymous call; it is ${JSON.stringify(principal)}`);
    return;
  }
  ensure(
    typeof principal === 'string' && principal !== '',
    `principal must be a string for a signed-in user; it is ${JSON.stringify(principal)}`,
  );
  ensure((await principalOf(caller)) === principal, 'principal must be the same in every answer for one user');
  ensure(!otherUser || (await principalOf(otherUser)) !== principal, 'principal must differ between two users');
}

async function requiresSession({ anonymous, caller }: ConformanceRun): Promise<void> {
  if (!anonymous) return;
  await expectUnauthorized(anonymous, { files: [caller.createFile()] });
}

/** 401, or 403 with `unauthorized`: the page then waits for a new session, and the upload does not fail. */
async function expectUnauthorized(anonymous: ConformanceCaller, body: object): Promise<void> {
  const { status, code } = await anonymous.expectRefusal('get_init_signature', body, 'a call without a session');
  ensure(
    status === 401 || (status === 403 && code === 'unauthorized'),
    `init answered ${status} “${code}” to a call without a session; it must be 401, or 403 “unauthorized”`,
  );
}

async function refusesSingleFiles({ caller }: ConformanceRun): Promise<void> {
  const small = caller.createFile();
  const bad = {
    'a file of 60 TB': caller.createFile({ id: 'huge', filesize: 60e12 }),
    'a type with a line break': caller.createFile({ id: 'type', content_type: 'text/html\r\nx-amz-acl: public-read' }),
    'a blank name': caller.createFile({ id: 'blank', filename: ' ' }),
    'a name with half a surrogate pair': caller.createFile({ id: 'surrogate', filename: 'a\ud800b.bin' }),
    'a name of dots and slashes': caller.createFile({ id: 'dots', filename: '../../..' }),
  };
  for (const [what, file] of Object.entries(bad)) {
    const { status, text } = await caller.post('get_init_signature', { files: [small, file] });
    ensure(
      status === 200,
      `init answered ${status} to ${what} next to a valid file; it must refuse only that file: ${shorten(text)}`,
    );
    const { files } = await caller.init(small, file);
    const [good, refused] = files as [GrantedFile, GrantedFile];
    ensure(!good.error, `init refused a valid file next to ${what}; it must refuse only the invalid one`);
    if (file.id === 'huge') ensure(refused.error, 'init granted a file of 60 TB, which exceeds the limit of S3');
    ensure(
      !/\r|\n/.test(JSON.stringify([refused.put, refused.init]).replaceAll(/\\r|\\n/g, '\n')),
      `init signed ${what}; a line break in a header starts another header`,
    );
  }
  const malformed = { ...caller.createFile({ id: 'malformed' }), filesize: '3' };
  const { status, json } = await caller.post('get_init_signature', { files: [small, malformed] });
  const answered = ((json as Partial<InitAnswer> | null)?.files ?? []) as (GrantedFile & { id: string })[];
  const refused = answered.filter(({ error }) => error).map(({ id }) => id);
  ensure(
    status === 200 && answered.length === 2 && refused.join() === 'malformed',
    `init answered ${status} to a size that is a string in one of two files; it must refuse only that file`,
  );
}

async function enforcesFileLimit({ caller }: ConformanceRun): Promise<void> {
  const { answer } = await caller.init(caller.createFile());
  const limit = answer.limits?.files;
  if (limit === undefined || limit > 1_000) return;
  const files = Array.from({ length: limit + 1 }, (_, index) => caller.createFile({ id: String(index) }));
  const { status } = await caller.post('get_init_signature', { files });
  ensure(
    status === 413,
    `init answered ${status} to ${limit + 1} files, and limits.files is ${limit}; it must be 413, so that pages send fewer`,
  );
}

async function ignoresRequestedKeys({ caller }: ConformanceRun): Promise<void> {
  const attempts = {
    'key without a grant': { key: UNGRANTED_KEY },
    'key with a made-up grant': { key: UNGRANTED_KEY, grant: 'conformance' },
    'key and upload_id without a grant': { key: UNGRANTED_KEY, upload_id: 'conformance', filesize: 40 * 1024 ** 2 },
    'object_key that leads out of its folder': { object_key: `../../${UNGRANTED_KEY}` },
  };
  for (const [what, requestedFields] of Object.entries(attempts)) {
    const [file] = (await caller.init(caller.createFile({ filename: 'requested-key.bin', ...requestedFields })))
      .files as [GrantedFile];
    const isRequestedKey = file.key === UNGRANTED_KEY && !('object_key' in requestedFields);
    ensure(
      Boolean(file.error) || (!isRequestedKey && !hasDotSegment(file.key)),
      `init granted ${file.key} for ${what}; it must refuse the file, or choose another key`,
    );
  }
}

const hasDotSegment = (key: string): boolean => key.split('/').some((segment) => segment === '.' || segment === '..');

async function cleansFileNames({ caller }: ConformanceRun): Promise<void> {
  const names = [
    '../../private/accounts.csv',
    '..\\..\\private\\accounts.csv',
    'a/../../../b.bin',
    'a\u0000b\u202e.bin',
  ];
  for (const filename of names) {
    const [file] = (await caller.init(caller.createFile({ filename }))).files as [GrantedFile];
    if (file.error) continue;
    const { key } = file;
    ensure(
      // eslint-disable-next-line no-control-regex
      !hasDotSegment(key) && !key.startsWith('/') && !/[\u0000-\u001f\u007f\u202a-\u202e\\]/.test(key),
      `the file ${JSON.stringify(filename)} got the key ${JSON.stringify(key)}: remove paths and control characters`,
    );
    ensure(!key.startsWith('private/'), `the file ${JSON.stringify(filename)} chose its folder: ${key}`);
  }
}

async function grantsOwnKeysOnce({ caller }: ConformanceRun): Promise<void> {
  const file = caller.createFile({ filename: 'own-key.bin', force: true });
  const first = await caller.grant(file);
  const second = await caller.grant(file);
  ensure(
    !first.own_key || first.key !== second.key,
    `own_key is set for ${first.key}, which two uploads got: remove own_key`,
  );
}

async function separatesUsers({ caller, otherUser }: ConformanceRun): Promise<void> {
  for (const requestedFields of [{}, { object_key: UNGRANTED_KEY }, { object_key: 'conformance/' }]) {
    const file = caller.createFile({ filename: 'shared-name.bin', ...requestedFields });
    const keys: string[] = [];
    for (const user of [caller, otherUser!]) {
      const { files }: { answer: InitAnswer; files: GrantedFile[] } = await user.init(file);
      if (!files[0]!.error) keys.push(files[0]!.key);
    }
    ensure(
      new Set(keys).size === keys.length,
      `two users got the key ${keys[0]}: each could overwrite the object of the other`,
    );
  }
}
