import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readJson } from '../../../src/signer/http/json-body.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const TIMEOUT_MS = 60_000;

/** Creates a request whose body is read on demand. @param nextChunk returns null at the end of the body */
function createRequest(nextChunk: (index: number) => Promise<Uint8Array | null>) {
  const reads = { count: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await nextChunk(reads.count++);
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
      cancel: () => void (reads.isCancelled = true),
    },
    { highWaterMark: 0 },
  );
  const request = new Request('https://signer.test/', { method: 'POST', body, duplex: 'half' } as RequestInit);
  return { request, reads };
}

const SPACE = 0x20;

describe('readJson', () => {
  it('reads a body of thousands of chunks, and keeps none of them in memory', async () => {
    const text = `${' '.repeat(9_999)}7`;
    const chunks: WeakRef<Uint8Array>[] = [];
    let kept = Infinity;
    const { request } = createRequest(async (index) => {
      if (index === text.length) {
        // a WeakRef holds its target until the end of the task
        await new Promise((resolve) => setTimeout(resolve, 0));
        collectGarbage();
        kept = chunks.filter((chunk) => chunk.deref()).length;
        return null;
      }
      const chunk = Uint8Array.of(text.charCodeAt(index));
      chunks.push(new WeakRef(chunk));
      return chunk;
    });
    assert.equal(await readJson(request, TIMEOUT_MS), 7);
    assert.ok(kept < 100, `${kept} chunks are kept`);
  });

  it('refuses a body of very many chunks with 413, and reads no more of it', async () => {
    for (const bytes of [[], [SPACE]]) {
      const { request, reads } = createRequest(async (index) => (index < 200_000 ? Uint8Array.from(bytes) : null));
      await assert.rejects(readJson(request, TIMEOUT_MS), { status: 413, code: 'body-too-large' });
      assert.ok(reads.count < 20_000, `${reads.count} chunks were read`);
      assert.ok(reads.isCancelled);
    }
  });

  it('refuses a body that stops arriving with 408 after the timeout', async () => {
    const { request, reads } = createRequest((index) =>
      index === 0 ? Promise.resolve(Uint8Array.of(SPACE)) : new Promise(() => undefined),
    );
    await assert.rejects(readJson(request, 20), { status: 408, code: 'body-timeout' });
    assert.ok(reads.isCancelled);
  });

  it('refuses a body that fails, or that is not UTF-8, as invalid', async () => {
    const failing = createRequest(() => Promise.reject(new Error('reset')));
    await assert.rejects(readJson(failing.request, TIMEOUT_MS), { status: 400, code: 'invalid-json' });
    const binary = createRequest(async (index) => (index === 0 ? Uint8Array.of(0xff) : null));
    await assert.rejects(readJson(binary.request, TIMEOUT_MS), { status: 400, code: 'invalid-json' });
  });
});
