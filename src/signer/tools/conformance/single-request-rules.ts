/** Rules about files that are sent in one request: a PUT, or a form under a POST policy. */
import type { InitAnswer, PostPolicy, Signed } from '../../../protocol.js';
import { ensure } from './conformance-caller.js';
import type { Granted } from './conformance-caller.js';
import { FOREIGN_KEY } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const SINGLE_REQUEST_RULES: readonly Rule[] = [
  { rule: 'init signs a small file, and the store takes it', check: storesSmallFile },
  { rule: 'init signs an empty file, and the store takes it', check: storesEmptyFile },
  { rule: 'a whole file is signed with its exact length', check: signsLength },
  { rule: 'a whole file is signed with its content type', check: signsType },
  { rule: 'a POST policy is for its own prefix and sizes', check: boundsPolicy },
];

const CONTENT = 'abc';

async function storesSmallFile(run: ConformanceRun): Promise<void> {
  const { answer, files } = await run.caller.init(run.caller.file());
  const [file] = files as [Granted];
  ensure(!file.error, `the file was refused: ${file.error?.message}; name a type that the policy takes by --type`);
  run.actions = answer.actions ?? [];
  ensure(typeof file.key === 'string' && file.key !== '', 'init has to name the key');
  if (await store(run, answer, file, CONTENT)) run.stored = file;
}

async function storesEmptyFile(run: ConformanceRun): Promise<void> {
  const { answer, files } = await run.caller.init(run.caller.file({ filename: 'empty.bin', filesize: 0 }));
  const [file] = files as [Granted];
  if (!file.error) await store(run, answer, file, ''); // the policy may refuse files below a size
}

/** Sends a whole file. @returns false where the signer begins every file as a multipart upload */
async function store(run: ConformanceRun, answer: InitAnswer, file: Granted, content: string): Promise<boolean> {
  if (file.init) return false;
  if (file.post !== undefined) {
    const policy = policyOf(answer, file);
    const form = formFor(policy, file.key, content);
    await run.caller.replay({ method: 'POST', url: policy.url }, 'the POST policy', form);
  } else await run.caller.replay(file.put, 'put', content);
  await run.expectStored(file, content.length);
  return true;
}

function policyOf({ posts }: InitAnswer, { post }: Granted): PostPolicy {
  const policy = posts?.[post!];
  ensure(policy, `post names “${post}”, which posts does not hold`);
  return policy;
}

function formFor({ fields }: PostPolicy, key: string, content: string, change: object = {}): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, key, ...change })) form.append(name, String(value));
  form.append('file', new Blob([content]));
  return form;
}

async function signsLength({ caller }: ConformanceRun): Promise<void> {
  const { put } = await caller.grant(caller.file({ filename: 'length.bin' }));
  if (put === undefined) return;
  for (const [what, body] of [
    ['longer', 'abcd'],
    ['shorter', 'ab'],
  ] as const)
    ensure(
      !(await caller.isTakenByStore(put, { body })),
      `the store took a file one byte ${what} than granted: sign content-length, or a grant for 3 bytes serves for 5 GiB`,
    );
}

async function signsType(run: ConformanceRun): Promise<void> {
  const { caller } = run;
  const { put } = await caller.grant(caller.file({ filename: 'type.bin' }));
  if (put === undefined) return;
  await expectSignedType(run, put, 'put', CONTENT);
}

/** Checks that the store refuses a signed request whose content type was changed to one that browsers run. */
export async function expectSignedType(
  { caller }: ConformanceRun,
  signed: Signed,
  what: string,
  content?: string,
): Promise<void> {
  const isTaken = await caller.isTakenByStore(signed, {
    headers: { 'content-type': 'text/html' },
    ...(content !== undefined && { body: content }),
  });
  ensure(!isTaken, `the store took text/html in place of the type that ${what} is for: sign content-type`);
}

async function boundsPolicy({ caller }: ConformanceRun): Promise<void> {
  const { answer, files } = await caller.init(caller.file({ filename: 'policy.bin' }));
  const [file] = files as [Granted];
  if (file.post === undefined) return;
  const policy = policyOf(answer, file);
  const stranger = await caller.grant(caller.file({ filename: 'another-call.bin' }));
  const isTaken = (body: FormData) => caller.isTakenByStore({ method: 'POST', url: policy.url }, { body });
  const forms = {
    'a key that was never granted': formFor(policy, FOREIGN_KEY, CONTENT),
    'the key of another call': formFor(policy, stranger.key, CONTENT),
    'a file longer than any of the call': formFor(policy, file.key, `${CONTENT}d`),
    'a type other than the file’s': formFor(policy, file.key, CONTENT, { 'content-type': 'text/html' }),
    'an ACL': formFor(policy, file.key, CONTENT, { acl: 'public-read' }),
  };
  const [template] = (await caller.init(caller.file({ filename: '${filename}' }))).files as [Granted];
  ensure(
    template.post === undefined || !template.key.includes('${'),
    'a key holds ${filename}, which the store fills in by itself: send such a file by PUT',
  );
  for (const [what, form] of Object.entries(forms))
    ensure(!(await isTaken(form)), `the store took ${what} under the POST policy: its conditions have to forbid it`);
}
