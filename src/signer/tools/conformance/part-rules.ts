/** Rules about multipart uploads before completion: start, parts, windows of parts, the list of parts. */
import type { AllAnswer, SignedAnswer } from '../../../protocol.js';
import { ensure, shorten } from './conformance-caller.js';
import type { Signed } from '../../../protocol.js';
import { partNumbersIn, uploadIdIn } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';
import { expectSignedType } from './single-request-rules.js';

const MIN_PART_SIZE = 5 * 1024 ** 2;

export const BEGIN_RULES: readonly Rule[] = [
  { rule: 'init starts a multipart upload, and returns its part size', check: startsUpload },
  { rule: 'a multipart upload is signed with its content type', check: signsType, needsUpload: true },
  { rule: 'an upload that init names as fresh exists, and has no parts', check: startsEmptyUpload, needsUpload: true },
];

export const PART_RULES: readonly Rule[] = [
  { rule: 'a part is signed with its exact length', check: sendsParts, needsUpload: true },
  { rule: 'another length or part number is refused', check: refusesOtherParts, needsUpload: true },
  { rule: 'a window of parts is signed with their exact lengths', check: signsWindow, needsUpload: true },
  { rule: 'a window with another size or part number is refused', check: refusesOtherWindows, needsUpload: true },
  { rule: 'the list of parts is signed page by page', check: listsParts, needsUpload: true },
];

async function startsUpload(run: ConformanceRun): Promise<void> {
  const { caller } = run;
  const file = await caller.grant(run.createMultipartFile());
  const { multipartSize: size } = run;
  const { part_size } = file;
  ensure(
    Number.isInteger(part_size) && part_size! >= MIN_PART_SIZE,
    `part_size must be a whole number of bytes, at least 5 MiB; it is ${part_size}`,
  );
  ensure(part_size! < size, `part_size is ${part_size}; configure parts of less than ${size} bytes for this check`);
  if (file.upload_id !== undefined) {
    run.upload = { ...file, upload_id: file.upload_id, size, part_size: part_size! };
    return;
  }
  const { text } = await caller.replay(file.init, 'init');
  const upload_id = uploadIdIn(text);
  ensure(upload_id, `the store returned no UploadId; init must sign CreateMultipartUpload: ${shorten(text)}`);
  run.upload = { ...file, upload_id, size, part_size: part_size! };
}

async function signsType(run: ConformanceRun): Promise<void> {
  if (run.upload!.init !== undefined) await expectSignedType(run, run.upload!.init, 'init');
}

/** The browser does not list the parts of such an upload, and uses the signatures of `all` as they are. */
async function startsEmptyUpload(run: ConformanceRun): Promise<void> {
  const { caller, reference } = run;
  const { fresh, all } = run.upload!;
  if (!fresh) return;
  const list = await caller.call<SignedAnswer>('get_list_signature', reference);
  const { text } = await caller.replay(list, 'ListParts');
  ensure(partNumbersIn(text).length === 0, 'init set fresh for an upload that has parts');
  if (!all) return;
  await caller.replay(all.list, 'list of all');
  const first = all.chunks?.['1'];
  const { size } = run.partFields(1);
  await caller.replay(first, 'part 1 of all', new Uint8Array(size));
  await expectExactLength(run, first!, size);
}

async function sendsParts(run: ConformanceRun): Promise<void> {
  const { caller } = run;
  for (let number = 1; number <= run.partCount; number += 1) {
    const chunk = run.partFields(number);
    const signed = await caller.call<SignedAnswer>('get_chunk_signature', { ...run.reference, ...chunk });
    const { response } = await caller.replay(signed, `part ${number}`, new Uint8Array(chunk.size));
    ensure(response.headers.get('etag'), `the store returned no ETag for part ${number}`);
  }
  const last = run.partFields(run.partCount);
  const signed = await caller.call<SignedAnswer>('get_chunk_signature', { ...run.reference, ...last });
  await expectExactLength(run, signed, last.size);
}

/** Checks that the store refuses a part of another length than the signed one. */
async function expectExactLength({ caller }: ConformanceRun, signed: Signed, size: number): Promise<void> {
  ensure(
    !(await caller.isAcceptedByStore(signed, { body: new Uint8Array(size + 1) })),
    'the store accepted a part that is one byte too long: sign content-length, or a grant for one part allows 5 GiB',
  );
  ensure(
    !(await caller.isAcceptedByStore(signed, { body: new Uint8Array(size - 1) })),
    'the store accepted a part that is one byte too short: sign content-length, or the object can differ from the file',
  );
}

async function refusesOtherParts(run: ConformanceRun): Promise<void> {
  const first = run.partFields(1);
  const last = run.partFields(run.partCount);
  for (const [what, change] of Object.entries({
    'a part one byte too long': { ...first, size: first.size + 1 },
    'a part one byte too short': { ...first, size: first.size - 1 },
    'a last part as long as the others': { ...last, size: first.size },
    'a part that the file does not have': { ...first, chunk: run.partCount + 1 },
    'part 0': { ...first, chunk: 0 },
    'part 10,001': { ...first, chunk: 10_001 },
    'a part number that is a string': { ...first, chunk: '1' },
  }))
    await run.caller.expectRefusal('get_chunk_signature', { ...run.reference, ...change }, what);
  for (const size of [run.upload!.size + 1, run.upload!.size - 1])
    await run.caller.expectRefusal('get_end_signature', { ...run.reference, size }, 'a completion with another size');
}

async function signsWindow(run: ConformanceRun): Promise<void> {
  if (!run.offers('get_all_signatures')) return;
  const numbers = Array.from({ length: run.partCount }, (_, index) => index + 1);
  const all = await run.caller.call<AllAnswer>('get_all_signatures', { ...run.reference, ...run.windowOf(numbers) });
  for (const name of ['list', 'end', 'chunks'] as const)
    ensure(all[name], `the answer of get_all_signatures must contain ${name}`);
  for (const number of numbers) {
    const signed = all.chunks[number];
    ensure(signed, `the answer of get_all_signatures lacks the requested part ${number}`);
    ensure(
      run.partFields(number).size === 1 || !(await run.caller.isAcceptedByStore(signed, { body: new Uint8Array(1) })),
      `the store accepted one byte as part ${number} of a window: sign content-length there too`,
    );
  }
  const { size } = run.partFields(run.partCount);
  const last = all.chunks[run.partCount]!;
  await expectExactLength(run, last, size);
  await run.caller.replay(last, 'the last part of a window', new Uint8Array(size));
  const { text } = await run.caller.replay(all.list, 'the list of a window');
  ensure(partNumbersIn(text).length === run.partCount, 'the list request of a window must return the stored parts');
}

async function refusesOtherWindows(run: ConformanceRun): Promise<void> {
  if (!run.offers('get_all_signatures')) return;
  const { size, part_size } = run.upload!;
  const validCall = { ...run.reference, ...run.windowOf([1]) };
  for (const [what, change] of Object.entries({
    'parts of another size': { part_size: part_size * 2 },
    'a window of a longer file': { size: size + 1 },
    'a window of a shorter file': { size: size - 1 },
    'a window with a part that the file does not have': { chunks: [1, run.partCount + 1] },
    'a window with part 0': { chunks: [0] },
    'a window with a part number that is a string': { chunks: ['1'] },
  }))
    await run.caller.expectRefusal('get_all_signatures', { ...validCall, ...change }, what);
}

async function listsParts(run: ConformanceRun): Promise<void> {
  const { caller } = run;
  const numbersAfter = async (marker?: number): Promise<number[]> => {
    const body = { ...run.reference, ...(marker === undefined ? {} : { part_number_marker: marker }) };
    const signed = await caller.call<SignedAnswer>('get_list_signature', body);
    return partNumbersIn((await caller.replay(signed, 'ListParts')).text);
  };
  const all = await numbersAfter();
  ensure(
    all.length === run.partCount,
    `the signed ListParts returned ${all.length} parts, but ${run.partCount} are stored`,
  );
  const rest = await numbersAfter(run.partCount - 1);
  ensure(rest.length === 1, 'part_number_marker must be signed as part-number-marker');
}
