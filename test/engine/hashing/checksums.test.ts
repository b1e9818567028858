import { expect } from '@open-wc/testing';
import { createBlockHashKernel } from '../../../src/engine/hashing/block-hash-kernel.js';
import { Checksums } from '../../../src/engine/hashing/checksums.js';
import type { ChecksumBackend, DigestName } from '../../../src/engine/hashing/checksums.js';
import { systemClock } from '../../../src/engine/browser/system-clock.js';
import { createCrcKernel } from '../../../src/engine/hashing/crc-kernel.js';
import { CRCS } from '../../../src/engine/hashing/crc.js';
import { toBase64 } from '../../../src/engine/util/bytes.js';
import { createDigest } from '../../../src/engine/hashing/digest-kernel.js';
import type { Yielding } from '../../../src/engine/hashing/digest-kernel.js';
import { seededRandom } from '../random.js';

const MIB = 1024 ** 2;
const NAMES: readonly DigestName[] = ['crc64nvme', 'crc32c', 'crc32', 'sha256', 'md5'];
/** Checksums of "123456789". */
const CHECK_VALUES: Readonly<Record<DigestName, string>> = {
  crc64nvme: 'rosUhgp5mIg=',
  crc32c: '4waSgw==',
  crc32: 'y/Q5Jg==',
  sha256: 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=',
  md5: 'JfnnlDI7RTiF9RgfG2JNCw==',
};
const neverAborted = new AbortController().signal;
const digitsBlob = (): Blob => new Blob(['123456789']);

/** Computes the expected value by script, without reading a Blob. */
function expected(name: DigestName, bytes: Uint8Array): string {
  const hash =
    name === 'md5' || name === 'sha256' ? createBlockHashKernel()[name]() : createCrcKernel(false).create(CRCS[name]);
  hash.update(bytes);
  return toBase64(hash.digest());
}

/** Creates a Blob of 9 bytes whose content is the result of `read`. */
function blobWithContent(read: () => Promise<ArrayBuffer>): Blob {
  const blob = new Blob(['123456789']);
  blob.slice = () => Object.assign(new Blob(), { arrayBuffer: read });
  return blob;
}

describe('Checksums', () => {
  const created: Checksums[] = [];
  const createChecksums = (worker = true): Checksums => {
    const checksums = new Checksums(systemClock, { worker });
    created.push(checksums);
    return checksums;
  };
  afterEach(() => created.splice(0).forEach((checksums) => checksums.release()));

  for (const worker of [true, false]) {
    describe(worker ? 'in a worker' : 'on the main thread', () => {
      it('report the backend', async () => {
        const checksums = createChecksums(worker);
        expect(checksums.backend).to.equal(null);
        await checksums.digest('crc32', digitsBlob(), neverAborted);
        expect(checksums.backend).to.deep.equal({ thread: worker ? 'worker' : 'main-thread', code: 'wasm' });
      });

      it('have the published check values', async () => {
        const checksums = createChecksums(worker);
        for (const name of NAMES)
          expect(await checksums.digest(name, digitsBlob(), neverAborted)).to.equal(CHECK_VALUES[name]);
      });

      it('process Blobs of several chunks, and empty ones', async () => {
        const checksums = createChecksums(worker);
        const chunk = seededRandom(1).bytes(MIB + 3);
        const chunks = Array.from({ length: 9 }, () => chunk);
        const whole = new Uint8Array(await new Blob(chunks).arrayBuffer());
        for (const name of NAMES) {
          expect(await checksums.digest(name, new Blob(chunks), neverAborted)).to.equal(expected(name, whole), name);
          expect(await checksums.digest(name, new Blob(), neverAborted)).to.equal(
            expected(name, new Uint8Array()),
            name,
          );
        }
      });

      it('process parts that are too large for WebCrypto', async () => {
        const random = seededRandom(2);
        const chunk = random.bytes(MIB);
        const large = new Blob(Array.from({ length: 65 }, () => chunk));
        const native = new Uint8Array(await crypto.subtle.digest('SHA-256', await large.arrayBuffer()));
        expect(await createChecksums(worker).digest('sha256', large, neverAborted)).to.equal(toBase64(native));
      });

      it('process many Blobs at the same time', async () => {
        const checksums = createChecksums(worker);
        const random = seededRandom(3);
        const all = Array.from({ length: 20 }, () => random.bytes(random.below(300_000)));
        const values = await Promise.all(
          all.map((bytes) => checksums.digest('crc64nvme', new Blob([bytes]), neverAborted)),
        );
        expect(values).to.deep.equal(all.map((bytes) => expected('crc64nvme', bytes)));
      });

      it('stop at once when aborted, whether in progress or queued, and the others continue', async () => {
        const checksums = createChecksums(worker);
        const chunk = seededRandom(4).bytes(MIB / 4);
        const large = new Blob(Array.from({ length: 64 }, () => chunk));
        const stop = new AbortController();
        const stopped = Array.from({ length: 5 }, () => checksums.digest('crc32c', large, stop.signal));
        const outcomes = Promise.allSettled(stopped);
        const later = checksums.digest('crc32c', digitsBlob(), neverAborted);
        stop.abort(new Error('enough'));
        for (const outcome of await outcomes) {
          expect(outcome.status).to.equal('rejected');
          expect((outcome as PromiseRejectedResult).reason).to.have.property('message', 'enough');
        }
        expect(await later).to.equal(CHECK_VALUES.crc32c);
        const outcome = await checksums
          .digest('crc32', digitsBlob(), stop.signal)
          .catch((error: Error) => error.message);
        expect(outcome).to.equal('enough');
      });

      it('work again after release()', async () => {
        const checksums = createChecksums(worker);
        const before = checksums.digest('crc32', digitsBlob(), neverAborted);
        checksums.release();
        expect(await before).to.equal(CHECK_VALUES.crc32);
        checksums.release();
        expect(await checksums.digest('crc64nvme', digitsBlob(), neverAborted)).to.equal(CHECK_VALUES.crc64nvme);
      });
    });
  }

  it('reject if a Blob cannot be read', async () => {
    const unreadable = blobWithContent(() =>
      Promise.reject(new DOMException('the file was deleted', 'NotReadableError')),
    );
    const error = await createChecksums(false)
      .digest('crc32', unreadable, neverAborted)
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(DOMException).with.property('name', 'NotReadableError');
  });

  it('reject a Blob that is shorter than its size', async () => {
    for (const name of NAMES) {
      const error = await createChecksums(false)
        .digest(
          name,
          blobWithContent(async () => new ArrayBuffer(8)),
          neverAborted,
        )
        .catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(DOMException).with.property('name', 'NotReadableError');
    }
  });

  it('combine the checksums of parts: CRCs to the CRC of all bytes, SHA-256 to a composite checksum', async () => {
    const checksums = createChecksums();
    const bytes = seededRandom(5).bytes(1_000_000);
    const blobs = [bytes.subarray(0, 400_000), bytes.subarray(400_000, 800_000), bytes.subarray(800_000)];
    for (const name of ['crc64nvme', 'crc32c', 'crc32'] as const) {
      const parts = [];
      for (const blob of blobs)
        parts.push({ value: await checksums.digest(name, new Blob([blob]), neverAborted), size: blob.length });
      expect(await checksums.combine(name, parts, neverAborted)).to.equal(expected(name, bytes));
    }
    const digests = await Promise.all(blobs.map((blob) => crypto.subtle.digest('SHA-256', blob)));
    const parts = digests.map((digest, index) => ({
      value: toBase64(new Uint8Array(digest)),
      size: blobs[index]!.length,
    }));
    const composite = await crypto.subtle.digest('SHA-256', await new Blob(digests).arrayBuffer());
    expect(await checksums.combine('sha256', parts, neverAborted)).to.equal(`${toBase64(new Uint8Array(composite))}-3`);
  });

  it('continue on the main thread if the worker terminates', async () => {
    const workers: Worker[] = [];
    const RealWorker = window.Worker;
    window.Worker = class extends RealWorker {
      constructor(url: string | URL) {
        super(url);
        workers.push(this);
      }
    };
    try {
      const checksums = createChecksums();
      const large = new Blob(Array.from({ length: 64 }, () => seededRandom(6).bytes(MIB / 4)));
      await checksums.digest('crc32', digitsBlob(), neverAborted);
      expect(checksums.backend).to.have.property('thread', 'worker');
      const bytes = new Uint8Array(await large.arrayBuffer());
      const results = [
        checksums.digest('crc32c', large, neverAborted),
        checksums.digest('crc32', digitsBlob(), neverAborted),
      ];
      workers[0]!.dispatchEvent(new ErrorEvent('error', { cancelable: true }));
      expect(await Promise.all(results)).to.deep.equal([expected('crc32c', bytes), CHECK_VALUES.crc32]);
      expect(checksums.backend).to.have.property('thread', 'main-thread');
    } finally {
      window.Worker = RealWorker;
    }
  });
});

describe('Checksums under a Content-Security-Policy', () => {
  const MODULES = ['hashing/checksums', 'browser/system-clock'].map(
    (name) => new URL(`../../../src/engine/${name}.ts`, import.meta.url).href,
  );

  /** Computes a checksum in a page with this policy. @returns the checksum, and where it was computed */
  async function computeUnder(policy: string): Promise<{ value: string; backend: ChecksumBackend }> {
    const frame = document.createElement('iframe');
    const answer = new Promise<{ value: string; backend: ChecksumBackend; error?: string }>((resolve) => {
      window.addEventListener('message', ({ data }) => resolve(data as never), { once: true });
    });
    frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">
<script>
  addEventListener('error', (event) => parent.postMessage({ error: event.message }, '*'));
  addEventListener('unhandledrejection', (event) => parent.postMessage({ error: String(event.reason) }, '*'));
</script>
<script type="module">
  const [{ Checksums }, { systemClock }] = await Promise.all(${JSON.stringify(MODULES)}.map((url) => import(url)));
  const checksums = new Checksums(systemClock);
  try {
    const value = await checksums.digest('crc64nvme', new Blob(['123456789']), new AbortController().signal);
    parent.postMessage({ value, backend: checksums.backend }, '*');
  } catch (error) { parent.postMessage({ error: String(error) }, '*'); }
</script>`;
    document.body.append(frame);
    const { error, ...result } = await answer;
    frame.remove();
    expect(error).to.equal(undefined);
    return result;
  }
  // not 'self': in a srcdoc frame of Firefox, that is not this origin
  const scripts = `script-src ${location.origin} 'unsafe-inline'`;

  it('use the main thread without worker-src blob:', async () => {
    expect(await computeUnder(`${scripts} 'wasm-unsafe-eval'; worker-src 'none'`)).to.deep.equal({
      value: CHECK_VALUES.crc64nvme,
      backend: { thread: 'main-thread', code: 'wasm' },
    });
  });

  it("use script in the worker without 'wasm-unsafe-eval'", async () => {
    expect(await computeUnder(`${scripts}; worker-src blob:`)).to.deep.equal({
      value: CHECK_VALUES.crc64nvme,
      backend: { thread: 'worker', code: 'script' },
    });
  });

  it('use script on the main thread if both are missing', async () => {
    expect(await computeUnder(`${scripts}; worker-src 'self'`)).to.deep.equal({
      value: CHECK_VALUES.crc64nvme,
      backend: { thread: 'main-thread', code: 'script' },
    });
  });
});

describe('Checksums on the main thread', () => {
  it('run in slices of at most 8 ms, however slow the device is', async () => {
    for (const bytesPerMs of [10_000, 200_000, 5_000_000]) {
      let nowMs = 0;
      let sliceStartMs = 0;
      const sliceMs: number[] = [];
      const crc = createCrcKernel();
      const slowKernel = {
        code: crc.code,
        create: (kind: (typeof CRCS)['crc32']) => {
          const hash = crc.create(kind);
          return {
            ...hash,
            update: (bytes: Uint8Array) => {
              nowMs += bytes.length / bytesPerMs;
              hash.update(bytes);
            },
          };
        },
      };
      const yielding: Yielding = {
        now: () => nowMs,
        yield: async () => {
          sliceMs.push(nowMs - sliceStartMs);
          sliceStartMs = nowMs;
        },
      };
      const digest = createDigest({ crc: slowKernel, blockHash: createBlockHashKernel() }, yielding);
      const bytes = seededRandom(8).bytes(3 * MIB);
      const value = await digest(new Blob([bytes]), CRCS.crc32, () => false);
      expect(toBase64(value)).to.equal(expected('crc32', bytes));
      expect(Math.max(...sliceMs)).to.be.at.most(8, `at ${bytesPerMs} bytes per millisecond`);
    }
  });
});
