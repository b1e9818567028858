import { expect } from '@open-wc/testing';
import { GIB, MIN_PART_SIZE } from '../../../src/limits.js';
import type { SignerFault } from '../../../src/engine/api/errors.js';
import { UploadError } from '../../../src/engine/api/errors.js';
import { referenceOf, restoreSession } from '../../../src/engine/model/session.js';
import { readInit } from '../../../src/engine/signing/init-answer.js';
import type { JournalRecord } from '../../../src/engine/ports.js';

const PART = MIN_PART_SIZE;
const SIGNED = { method: 'POST', url: 'https://store.test/a?uploads', expires: 900_000 };
const requestedAt = { wall: 0, monotonic: 0 };

const read = (file: object, size = 3 * PART, answer: object = {}) =>
  readInit({ file: { id: '1', ...file } as never, answer: { time: 0, files: [], ...answer }, requestedAt }, size);
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof UploadError ? error.code : (error as SignerFault).code!;
  }
  return 'none';
};

describe('the response to init, for one file', () => {
  it('creates a multipart upload', () => {
    const { session, firstRequest } = read({ key: 'k', grant: 'g', init: SIGNED, part_size: PART }, 3 * PART + 1);
    expect(firstRequest.kind).to.equal('create');
    expect(session).to.include({ key: 'k', uploadId: null, needsList: false });
    expect(session.table.plan.count).to.equal(4);
    expect(referenceOf({ ...session, uploadId: 'u' })).to.deep.equal({ key: 'k', upload_id: 'u', grant: 'g' });
  });

  it('sends the file in one request, by PUT or by a POST policy', () => {
    for (const size of [0, 1, 5 * GIB]) expect(read({ key: 'k', put: SIGNED }, size).firstRequest.kind).to.equal('put');
    const posts = { p: { url: 'https://store.test/', fields: { policy: 'x' }, expires: 900_000 } };
    expect(read({ key: 'k', post: 'p' }, 10, { posts }).firstRequest).to.deep.include({
      kind: 'post',
      fields: { policy: 'x' },
    });
  });

  it('resumes a multipart upload: its parts are listed unless it is new', () => {
    const known = { key: 'k', upload_id: 'u', part_size: PART };
    expect(read({ ...known, chunks: [1] }).session).to.include({ uploadId: 'u', needsList: true });
    expect(read({ ...known, fresh: true }).session).to.include({ uploadId: 'u', needsList: false });
  });

  it('throws the signer’s error code if the signer refuses the file', () => {
    expect(codeOf(() => read({ error: { code: 'no-films', message: 'no' } }))).to.equal('no-films');
  });

  it('is invalid without a key, a part size, or a request to send the file', () => {
    for (const file of [
      { init: SIGNED, part_size: PART },
      { key: '', init: SIGNED, part_size: PART },
      { key: 'k', init: SIGNED },
      { key: 'k', upload_id: 'u' },
      { key: 'k', part_size: PART },
      { key: 'k', post: 'nowhere' },
      { key: 'k', init: {}, part_size: PART },
    ]) {
      expect(
        codeOf(() => read(file)),
        JSON.stringify(file),
      ).to.equal('invalid-response');
    }
  });

  it('throws too-large if S3 would reject the parts or the file', () => {
    expect(codeOf(() => read({ key: 'k', init: SIGNED, part_size: PART - 1 }))).to.equal('too-large');
    expect(codeOf(() => read({ key: 'k', init: SIGNED, part_size: PART }, 10_001 * PART))).to.equal('too-large');
    expect(codeOf(() => read({ key: 'k', put: SIGNED }, 5 * GIB + 1))).to.equal('too-large');
  });
});

describe('a record of the journal', () => {
  const record = { key: 'k', uploadId: 'u', partSize: PART, size: 3 * PART, grant: null, actions: [] };

  it('resumes a multipart upload and lists its parts', () => {
    expect(restoreSession(record as unknown as JournalRecord)).to.include({ key: 'k', uploadId: 'u', needsList: true });
  });

  it('is null if the upload was not created on the store', () => {
    expect(restoreSession({ ...record, uploadId: null } as unknown as JournalRecord)).to.equal(null);
  });
});
