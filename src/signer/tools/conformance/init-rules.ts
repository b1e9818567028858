/** Rules about `get_init_signature`: who the user is, which keys are given, and one file's refusal. */
import type { InitAnswer } from '../../../protocol.js';
import { ensure, shorten } from './conformance-caller.js';
import type { ConformanceCaller, Granted } from './conformance-caller.js';
import { FOREIGN_KEY } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const INIT_RULES: readonly Rule[] = [
  {
    rule: 'init names the principal: a text where one is signed in, null where nobody signs in',
    check: namesPrincipal,
  },
  { rule: 'init needs a session', check: needsSession },
  { rule: 'files are refused one by one', check: refusesOne },
  { rule: 'more files than limits.files are 413', check: keepsItsLimit },
  { rule: 'init signs for no key that the page names', check: namesKeysItself },
  { rule: 'a file’s name cannot leave its folder', check: cleansNames },
  { rule: 'own_key stands only with a key that no other upload gets', check: givesOwnKeysOnce },
  { rule: 'two users never get the same key', check: keepsKeysApart, needsOther: true },
];

/** Reads who init says that a user is. */
async function principalOf(caller: ConformanceCaller): Promise<unknown> {
  const { answer } = await caller.init(caller.file({ filename: 'principal.bin' }));
  return (answer as unknown as Record<string, unknown>)['principal'];
}

async function namesPrincipal({ caller, other, nobody }: ConformanceRun): Promise<void> {
  const principal = await principalOf(caller);
  ensure(
    principal !== undefined,
    "init has to name the principal, so that the next user of a browser does not get this one's files: "
      + 'an opaque text for the user, or null where nobody signs in',
  );
  if (!nobody) {
    ensure(principal === null, `nobody is signed in, so principal has to be null; it is ${JSON.stringify(principal)}`);
    return;
  }
  ensure(
    typeof principal === 'string' && principal !== '',
    `principal has to be a text for the user who is signed in; it is ${JSON.stringify(principal)}`,
  );
  ensure((await principalOf(caller)) === principal, 'principal has to stay the same for the same user');
  ensure(!other || (await principalOf(other)) !== principal, 'principal has to be another text for another user');
}

async function needsSession({ nobody, caller }: ConformanceRun): Promise<void> {
  if (!nobody) return;
  await expectUnauthorized(nobody, { files: [caller.file()] });
}

/** 401, or 403 with `unauthorized`: the page then waits for a new session instead of giving up. */
async function expectUnauthorized(nobody: ConformanceCaller, body: object): Promise<void> {
  const { status, code } = await nobody.refusal('get_init_signature', body, 'a call of somebody who is not signed in');
  ensure(
    status === 401 || (status === 403 && code === 'unauthorized'),
    `init answered ${status} “${code}” to somebody who is not signed in; it has to be 401, or 403 “unauthorized”`,
  );
}

async function refusesOne({ caller }: ConformanceRun): Promise<void> {
  const small = caller.file();
  const bad = {
    'a file of 60 TB': caller.file({ id: 'huge', filesize: 60e12 }),
    'a type with a line break': caller.file({ id: 'type', content_type: 'text/html\r\nx-amz-acl: public-read' }),
    'a blank name': caller.file({ id: 'blank', filename: ' ' }),
    'a name with half a surrogate pair': caller.file({ id: 'surrogate', filename: 'a\ud800b.bin' }),
    'a name of dots and slashes': caller.file({ id: 'dots', filename: '../../..' }),
  };
  for (const [what, file] of Object.entries(bad)) {
    const { status, text } = await caller.post('get_init_signature', { files: [small, file] });
    ensure(
      status === 200,
      `init answered ${status} to ${what} beside a good file; it has to refuse that file alone: ${shorten(text)}`,
    );
    const { files } = await caller.init(small, file);
    const [good, refused] = files as [Granted, Granted];
    ensure(!good.error, `one file that is refused must not hold up the others of its call; here it was ${what}`);
    if (file.id === 'huge') ensure(refused.error, 'a file of 60 TB was granted; no S3 holds it');
    ensure(
      !/\r|\n/.test(JSON.stringify([refused.put, refused.init]).replaceAll(/\\r|\\n/g, '\n')),
      `init signed ${what}: a line break in a header ends the header`,
    );
  }
  const malformed = { ...caller.file({ id: 'malformed' }), filesize: '3' };
  const { status, json } = await caller.post('get_init_signature', { files: [small, malformed] });
  const answered = ((json as Partial<InitAnswer> | null)?.files ?? []) as (Granted & { id: string })[];
  const refused = answered.filter(({ error }) => error).map(({ id }) => id);
  ensure(
    status === 200 && answered.length === 2 && refused.join() === 'malformed',
    `init answered ${status} to a size that is text in one of two files; it has to refuse that file alone`,
  );
}

async function keepsItsLimit({ caller }: ConformanceRun): Promise<void> {
  const { answer } = await caller.init(caller.file());
  const limit = answer.limits?.files;
  if (limit === undefined || limit > 1_000) return;
  const files = Array.from({ length: limit + 1 }, (_, index) => caller.file({ id: String(index) }));
  const { status } = await caller.post('get_init_signature', { files });
  ensure(
    status === 413,
    `init answered ${status} to ${limit + 1} files, where limits.files is ${limit}; it has to be 413, so that pages send fewer`,
  );
}

async function namesKeysItself({ caller }: ConformanceRun): Promise<void> {
  const attempts = {
    'key without a grant': { key: FOREIGN_KEY },
    'key with a made-up grant': { key: FOREIGN_KEY, grant: 'conformance' },
    'key and upload_id without a grant': { key: FOREIGN_KEY, upload_id: 'conformance', filesize: 40 * 1024 ** 2 },
    'object_key that leads out of its folder': { object_key: `../../${FOREIGN_KEY}` },
  };
  for (const [what, wish] of Object.entries(attempts)) {
    const [file] = (await caller.init(caller.file({ filename: 'wish.bin', ...wish }))).files as [Granted];
    const isForeign = file.key === FOREIGN_KEY && !('object_key' in wish);
    ensure(
      Boolean(file.error) || (!isForeign && !hasDotSegment(file.key)),
      `init granted ${file.key} by ${what}; it has to refuse, or to choose another key`,
    );
  }
}

const hasDotSegment = (key: string): boolean => key.split('/').some((segment) => segment === '.' || segment === '..');

async function cleansNames({ caller }: ConformanceRun): Promise<void> {
  const names = [
    '../../private/accounts.csv',
    '..\\..\\private\\accounts.csv',
    'a/../../../b.bin',
    'a\u0000b\u202e.bin',
  ];
  for (const filename of names) {
    const [file] = (await caller.init(caller.file({ filename }))).files as [Granted];
    if (file.error) continue;
    const { key } = file;
    ensure(
      // eslint-disable-next-line no-control-regex
      !hasDotSegment(key) && !key.startsWith('/') && !/[\u0000-\u001f\u007f\u202a-\u202e\\]/.test(key),
      `the file ${JSON.stringify(filename)} got the key ${JSON.stringify(key)}: leave out paths and control characters`,
    );
    ensure(!key.startsWith('private/'), `the file ${JSON.stringify(filename)} chose its folder: ${key}`);
  }
}

async function givesOwnKeysOnce({ caller }: ConformanceRun): Promise<void> {
  const file = caller.file({ filename: 'own-key.bin', force: true });
  const first = await caller.grant(file);
  const second = await caller.grant(file);
  ensure(
    !first.own_key || first.key !== second.key,
    `own_key stands with ${first.key}, which two uploads were given: leave own_key out`,
  );
}

async function keepsKeysApart({ caller, other }: ConformanceRun): Promise<void> {
  for (const wish of [{}, { object_key: FOREIGN_KEY }, { object_key: 'conformance/' }]) {
    const file = caller.file({ filename: 'shared-name.bin', ...wish });
    const keys: string[] = [];
    for (const user of [caller, other!]) {
      const { files }: { answer: InitAnswer; files: Granted[] } = await user.init(file);
      if (!files[0]!.error) keys.push(files[0]!.key);
    }
    ensure(
      new Set(keys).size === keys.length,
      `two users got the key ${keys[0]}: each could take the place of the other's object`,
    );
  }
}
