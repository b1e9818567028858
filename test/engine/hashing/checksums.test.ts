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
/** Of "123456789". */
const CHECKS: Readonly<Record<DigestName, string>> = {
  crc64nvme: 'rosUhgp5mIg=',
  crc32c: '4waSgw==',
  crc32: 'y/Q5Jg==',
  sha256: 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=',
  md5: 'JfnnlDI7RTiF9RgfG2JNCw==',
};
const never = new AbortController().signal;
const digits = (): Blob => new Blob(['123456789']);

/** Computes the expected value by script, without reading a Blob. */
function expected(name: DigestName, bytes: Uint8Array): string {
  const hash =
    name === 'md5' || name === 'sha256' ? createBlockHashKernel()[name]() : createCrcKernel(false).create(CRCS[name]);
  hash.update(bytes);
  return toBase64(hash.digest());
}

/** A Blob that returns fewer bytes than its size. */
function broken(read: () => Promise<ArrayBuffer>): Blob {
  const blob = new Blob(['123456789']);
  blob.slice = () => Object.assign(new Blob(), { arrayBuffer: read });
  return blob;
}

describe('Checksums', () => {
  const made: Checksums[] = [];
  const make = (worker = true): Checksums => {
    const checksums = new Checksums(systemClock, { worker });
    made.push(checksums);
    return checksums;
  };
  afterEach(() => made.splice(0).forEach((checksums) => checksums.release()));

  for (const worker of [true, false]) {
    describe(worker ? 'in a worker' : 'on the main thread', () => {
      it('report the backend', async () => {
        const checksums = make(worker);
        expect(checksums.backend).to.equal(null);
        await checksums.digest('crc32', digits(), never);
        expect(checksums.backend).to.deep.equal({ thread: worker ? 'worker' : 'main-thread', code: 'wasm' });
      });

      it('have the published check values', async () => {
        const checksums = make(worker);
        for (const name of NAMES) expect(await checksums.digest(name, digits(), never)).to.equal(CHECKS[name]);
      });

      it('process Blobs of several pieces, and empty ones', async () => {
        const checksums = make(worker);
        const piece = seededRandom(1).bytes(MIB + 3);
        const pieces = Array.from({ length: 9 }, () => piece);
        const whole = new Uint8Array(await new Blob(pieces).arrayBuffer());
        for (const name of NAMES) {
          expect(await checksums.digest(name, new Blob(pieces), never)).to.equal(expected(name, whole), name);
          expect(await checksums.digest(name, new Blob(), never)).to.equal(expected(name, new Uint8Array()), name);
        }
      });

      it('process parts that are too large for WebCrypto', async () => {
        const random = seededRandom(2);
        const piece = random.bytes(MIB);
        const large = new Blob(Array.from({ length: 65 }, () => piece));
        const native = new Uint8Array(await crypto.subtle.digest('SHA-256', await large.arrayBuffer()));
        expect(await make(worker).digest('sha256', large, never)).to.equal(toBase64(native));
      });

      it('process many Blobs at once', async () => {
        const checksums = make(worker);
        const random = seededRandom(3);
        const all = Array.from({ length: 20 }, () => random.bytes(random.below(300_000)));
        const values = await Promise.all(all.map((bytes) => checksums.digest('crc64nvme', new Blob([bytes]), never)));
        expect(values).to.deep.equal(all.map((bytes) => expected('crc64nvme', bytes)));
      });

      it('stop at once when aborted, in progress or queued, and continue with the others', async () => {
        const checksums = make(worker);
        const piece = seededRandom(4).bytes(MIB / 4);
        const large = new Blob(Array.from({ length: 64 }, () => piece));
        const stop = new AbortController();
        const stopped = Array.from({ length: 5 }, () => checksums.digest('crc32c', large, stop.signal));
        const settled = Promise.allSettled(stopped);
        const later = checksums.digest('crc32c', digits(), never);
        stop.abort(new Error('enough'));
        for (const outcome of await settled) {
          expect(outcome.status).to.equal('rejected');
          expect((outcome as PromiseRejectedResult).reason).to.have.property('message', 'enough');
        }
        expect(await later).to.equal(CHECKS.crc32c);
        const outcome = await checksums.digest('crc32', digits(), stop.signal).catch((error: Error) => error.message);
        expect(outcome).to.equal('enough');
      });

      it('work again after release()', async () => {
        const checksums = make(worker);
        const before = checksums.digest('crc32', digits(), never);
        checksums.release();
        expect(await before).to.equal(CHECKS.crc32);
        checksums.release();
        expect(await checksums.digest('crc64nvme', digits(), never)).to.equal(CHECKS.crc64nvme);
      });
    });
  }

  it('reject if a Blob cannot be read', async () => {
    const gone = broken(() => Promise.reject(new DOMException('gone', 'NotReadableError')));
    const error = await make(false)
      .digest('crc32', gone, never)
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(DOMException).with.property('name', 'NotReadableError');
  });

  it('reject a Blob that is shorter than its size', async () => {
    for (const name of NAMES) {
      const error = await make(false)
        .digest(
          name,
          broken(async () => new ArrayBuffer(8)),
          never,
        )
        .catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(DOMException).with.property('name', 'NotReadableError');
    }
  });

  it('combine those of parts: CRCs to that of all bytes, SHA-256 to a composite', async () => {
    const checksums = make();
    const bytes = seededRandom(5).bytes(1_000_000);
    const blobs = [bytes.subarray(0, 400_000), bytes.subarray(400_000, 800_000), bytes.subarray(800_000)];
    for (const name of ['crc64nvme', 'crc32c', 'crc32'] as const) {
      const parts = [];
      for (const blob of blobs)
        parts.push({ value: await checksums.digest(name, new Blob([blob]), never), size: blob.length });
      expect(await checksums.combine(name, parts, never)).to.equal(expected(name, bytes));
    }
    const digests = await Promise.all(blobs.map((blob) => crypto.subtle.digest('SHA-256', blob)));
    const parts = digests.map((digest, index) => ({
      value: toBase64(new Uint8Array(digest)),
      size: blobs[index]!.length,
    }));
    const composite = await crypto.subtle.digest('SHA-256', await new Blob(digests).arrayBuffer());
    expect(await checksums.combine('sha256', parts, never)).to.equal(`${toBase64(new Uint8Array(composite))}-3`);
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
      const checksums = make();
      const large = new Blob(Array.from({ length: 64 }, () => seededRandom(6).bytes(MIB / 4)));
      await checksums.digest('crc32', digits(), never);
      expect(checksums.backend).to.have.property('thread', 'worker');
      const bytes = new Uint8Array(await large.arrayBuffer());
      const asked = [checksums.digest('crc32c', large, never), checksums.digest('crc32', digits(), never)];
      workers[0]!.dispatchEvent(new ErrorEvent('error', { cancelable: true }));
      expect(await Promise.all(asked)).to.deep.equal([expected('crc32c', bytes), CHECKS.crc32]);
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

  /** Computes a checksum in a page with a policy, and returns it with the backend. */
  async function under(policy: string): Promise<{ value: string; way: ChecksumBackend }> {
    const frame = document.createElement('iframe');
    const answer = new Promise<{ value: string; way: ChecksumBackend; error?: string }>((resolve) => {
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
    parent.postMessage({ value, way: checksums.backend }, '*');
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
    expect(await under(`${scripts} 'wasm-unsafe-eval'; worker-src 'none'`)).to.deep.equal({
      value: CHECKS.crc64nvme,
      way: { thread: 'main-thread', code: 'wasm' },
    });
  });

  it("use script in the worker without 'wasm-unsafe-eval'", async () => {
    expect(await under(`${scripts}; worker-src blob:`)).to.deep.equal({
      value: CHECKS.crc64nvme,
      way: { thread: 'worker', code: 'script' },
    });
  });

  it('use script on the main thread without both', async () => {
    expect(await under(`${scripts}; worker-src 'self'`)).to.deep.equal({
      value: CHECKS.crc64nvme,
      way: { thread: 'main-thread', code: 'script' },
    });
  });
});

describe('Checksums on the main thread', () => {
  it('run in slices of at most 8 ms, however slow the device is', async () => {
    for (const bytesPerMs of [10_000, 200_000, 5_000_000]) {
      let time = 0;
      let since = 0;
      const slices: number[] = [];
      const crc = createCrcKernel();
      const slow = {
        code: crc.code,
        create: (kind: (typeof CRCS)['crc32']) => {
          const hash = crc.create(kind);
          return {
            ...hash,
            update: (bytes: Uint8Array) => {
              time += bytes.length / bytesPerMs;
              hash.update(bytes);
            },
          };
        },
      };
      const pace: Yielding = {
        now: () => time,
        yield: async () => {
          slices.push(time - since);
          since = time;
        },
      };
      const digest = createDigest({ crc: slow, blockHash: createBlockHashKernel() }, pace);
      const bytes = seededRandom(8).bytes(3 * MIB);
      const value = await digest(new Blob([bytes]), CRCS.crc32, () => false);
      expect(toBase64(value)).to.equal(expected('crc32', bytes));
      expect(Math.max(...slices)).to.be.at.most(8, `at ${bytesPerMs} bytes a millisecond`);
    }
  });
});
