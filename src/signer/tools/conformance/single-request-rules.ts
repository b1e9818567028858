/** Rules about files that are sent in a single request: a PUT, or a form with a POST policy. */
import type { InitAnswer, PostPolicy, Signed } from '../../../protocol.js';
import { ensure } from './conformance-caller.js';
import type { GrantedFile } from './conformance-caller.js';
import { UNGRANTED_KEY } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const SINGLE_REQUEST_RULES: readonly Rule[] = [
  { rule: 'init signs a small file, and the store accepts it', check: storesSmallFile },
  { rule: 'init signs an empty file, and the store accepts it', check: storesEmptyFile },
  { rule: 'a single request is signed with its exact length', check: signsLength },
  { rule: 'a single request is signed with its content type', check: signsType },
  { rule: 'a POST policy is limited to its prefix and sizes', check: limitsPolicy },
];

const CONTENT = 'abc';

async function storesSmallFile(run: ConformanceRun): Promise<void> {
  const { answer, files } = await run.caller.init(run.caller.createFile());
  const [file] = files as [GrantedFile];
  ensure(!file.error, `the file was refused: ${file.error?.message}; set --type to a type that the policy accepts`);
  run.actions = answer.actions ?? [];
  ensure(typeof file.key === 'string' && file.key !== '', 'the answer of init must contain the key');
  if (await storeFile(run, answer, file, CONTENT)) run.storedFile = file;
}

async function storesEmptyFile(run: ConformanceRun): Promise<void> {
  const { answer, files } = await run.caller.init(run.caller.createFile({ filename: 'empty.bin', filesize: 0 }));
  const [file] = files as [GrantedFile];
  if (!file.error) await storeFile(run, answer, file, ''); // the policy may refuse files below a size
}

/** Sends a file in a single request. @returns false if the signer uses multipart uploads for all files */
async function storeFile(
  run: ConformanceRun,
  answer: InitAnswer,
  file: GrantedFile,
  content: string,
): Promise<boolean> {
  if (file.init) return false;
  if (file.post !== undefined) {
    const policy = postPolicyOf(answer, file);
    const form = createForm(policy, file.key, content);
    await run.caller.replay({ method: 'POST', url: policy.url }, 'the POST policy', form);
  } else await run.caller.replay(file.put, 'put', content);
  await run.expectStored(file, content.length);
  return true;
}

function postPolicyOf({ posts }: InitAnswer, { post }: GrantedFile): PostPolicy {
  const policy = posts?.[post!];
  ensure(policy, `post is “${post}”, which is missing from posts`);
  return policy;
}

function createForm({ fields }: PostPolicy, key: string, content: string, change: object = {}): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, key, ...change })) form.append(name, String(value));
  form.append('file', new Blob([content]));
  return form;
}

async function signsLength({ caller }: ConformanceRun): Promise<void> {
  const { put } = await caller.grant(caller.createFile({ filename: 'length.bin' }));
  if (put === undefined) return;
  for (const [what, body] of [
    ['longer', 'abcd'],
    ['shorter', 'ab'],
  ] as const)
    ensure(
      !(await caller.isAcceptedByStore(put, { body })),
      `the store accepted a file one byte ${what} than granted: sign content-length, or a grant for 3 bytes allows 5 GiB`,
    );
}

async function signsType(run: ConformanceRun): Promise<void> {
  const { caller } = run;
  const { put } = await caller.grant(caller.createFile({ filename: 'type.bin' }));
  if (put === undefined) return;
  await expectSignedType(run, put, 'put', CONTENT);
}

/** Checks that the store refuses a signed request with a changed content type. */
export async function expectSignedType(
  { caller }: ConformanceRun,
  signed: Signed,
  what: string,
  content?: string,
): Promise<void> {
  const isAccepted = await caller.isAcceptedByStore(signed, {
    headers: { 'content-type': 'text/html' },
    ...(content !== undefined && { body: content }),
  });
  ensure(!isAccepted, `the store accepted text/html instead of the type of ${what}: sign content-type`);
}

async function limitsPolicy({ caller }: ConformanceRun): Promise<void> {
  const { answer, files } = await caller.init(caller.createFile({ filename: 'policy.bin' }));
  const [file] = files as [GrantedFile];
  if (file.post === undefined) return;
  const policy = postPolicyOf(answer, file);
  const otherCall = await caller.grant(caller.createFile({ filename: 'another-call.bin' }));
  const isAccepted = (body: FormData) => caller.isAcceptedByStore({ method: 'POST', url: policy.url }, { body });
  const forms = {
    'a key that was never granted': createForm(policy, UNGRANTED_KEY, CONTENT),
    'the key of another call': createForm(policy, otherCall.key, CONTENT),
    'a file longer than any of the call': createForm(policy, file.key, `${CONTENT}d`),
    'a type other than the file’s': createForm(policy, file.key, CONTENT, { 'content-type': 'text/html' }),
    'an ACL': createForm(policy, file.key, CONTENT, { acl: 'public-read' }),
  };
  const [template] = (await caller.init(caller.createFile({ filename: '${filename}' }))).files as [GrantedFile];
  ensure(
    template.post === undefined || !template.key.includes('${'),
    'a key contains ${filename}, which the store replaces: send such a file by PUT',
  );
  for (const [what, form] of Object.entries(forms))
    ensure(
      !(await isAccepted(form)),
      `the store accepted ${what} with the POST policy: its conditions must prevent it`,
    );
}
