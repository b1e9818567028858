import { expect } from '@open-wc/testing';
import { hex } from '../../../src/engine/util/bytes.js';
import { parseMd5Etag, md5OfPart, md5OfParts, multipartEtag } from '../../../src/engine/integrity/part-digests.js';
import { MIB, MIN_PART_SIZE } from '../../../src/limits.js';
import { planParts } from '../../../src/engine/model/part-plan.js';
import { fileOf } from '../harness.js';

const { signal } = new AbortController();

describe('a multipart ETag', () => {
  it('is the MD5 of the parts’ MD5s, followed by the number of parts', async () => {
    // as S3 reports it for 11 MiB of zeros in parts of 5 MiB
    const zeros = new Blob([new Uint8Array(11 * MIB)]);
    const digests = await md5OfParts(zeros, planParts(11 * MIB, MIN_PART_SIZE), signal);
    expect(digests.map(hex)).to.deep.equal([
      '5f363e0e58a95f06cbe9bbc662c5dfb6',
      '5f363e0e58a95f06cbe9bbc662c5dfb6',
      'b6d81b360a5672d80c27430f39153e2c',
    ]);
    expect(multipartEtag(digests)).to.match(/^[\da-f]{32}-3$/);
    expect(multipartEtag([parseMd5Etag('5f363e0e58a95f06cbe9bbc662c5dfb6')!])).to.equal(multipartEtag([digests[0]!]));
  });

  it('is not computed from ETags that are not MD5s', () => {
    for (const etag of ['', undefined, 'abc', '5f363e0e58a95f06cbe9bbc662c5dfb6-3', 'z'.repeat(32)])
      expect(parseMd5Etag(etag), String(etag)).to.equal(null);
  });

  it('is computed in slices, so that the page stays responsive, and stops when its signal aborts', async () => {
    const file = fileOf(12 * MIB);
    const plan = planParts(file.size, file.size);
    let isOver = false;
    let turns = 0;
    const work = md5OfPart(file, plan, 1, signal).finally(() => (isOver = true));
    while (!isOver) {
      turns++;
      await new Promise((resolve) => setTimeout(resolve));
    }
    await work;
    expect(turns).to.be.at.least(10);
    const controller = new AbortController();
    controller.abort();
    await md5OfPart(file, plan, 1, controller.signal).then(
      () => expect.fail('it did not stop'),
      (error: unknown) => expect(error).to.have.property('name', 'AbortError'),
    );
  });
});
