/** Runs in the page: an element on a fake transport, and measurements of the main thread. */
import { Uploader } from '../../src/engine/index.js';
import type { SignFunction, StoreResponse, Transport } from '../../src/engine/index.js';
import '../../src/index.js';

/** Milliseconds until the fake store answers. */
const RESPONSE_TIME_MS = 3;

export interface Watched {
  /** Milliseconds of the longest task, and how many took longer than 50. */
  longestTask: number;
  longTasks: number;
  /** Milliseconds between frames: the longest, and the mean. */
  longestFrame: number;
  meanFrame: number;
  frames: number;
  seconds: number;
}

declare global {
  interface Window {
    bench: typeof bench;
  }
}

class SwiftStore implements Transport {
  parts = 0;

  async send({ method, url, body, onProgress, signal }: Parameters<Transport['send']>[0]): Promise<StoreResponse> {
    const size = body instanceof Blob ? body.size : 0;
    onProgress?.(Math.floor(size / 2));
    await new Promise((resolve) => setTimeout(resolve, RESPONSE_TIME_MS));
    signal.throwIfAborted();
    onProgress?.(size);
    if (method === 'PUT') this.parts++;
    const text = url.endsWith('uploads')
      ? '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>'
      : method === 'GET'
        ? '<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>'
        : '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>';
    return { status: 200, text, header: (name) => (name.toLowerCase() === 'etag' ? '"e"' : null) };
  }

  probe(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

const sign = ((action, body) => {
  const time = Date.now();
  const signed = (method: string, what: string): object => ({
    method,
    url: `https://store.test/${what}`,
    expires: time + 900_000,
  });
  if (action === 'get_init_signature') {
    const { files } = body as { files: { id: string; filename: string; filesize: number; part_size?: number }[] };
    return {
      time,
      actions: ['get_all_signatures'],
      files: files.map(({ id, filename, filesize, part_size }) => ({
        ...{ id, key: filename },
        ...(filesize < 8e6
          ? { put: signed('PUT', filename) }
          : { part_size: part_size ?? Math.ceil(filesize / 10_000), init: signed('POST', 'uploads') }),
      })),
    };
  }
  const { chunks = [] } = body as { chunks?: number[] };
  return {
    ...{ time, list: signed('GET', 'list'), end: signed('POST', 'end') },
    chunks: Object.fromEntries(chunks.map((chunk) => [chunk, signed('PUT', `part?n=${chunk}`)])),
  };
}) as SignFunction;

const element = document.querySelector('mule-upload')!;
const store = new SwiftStore();
element.uploader = new Uploader(
  { sign, checksum: 'none', recover: 'off', autostart: false, leaveWarning: false, scope: crypto.randomUUID() },
  { transport: store },
);

/** Runs something, and measures tasks and frames until it is done. */
async function watch(work: () => Promise<unknown>): Promise<Watched> {
  const tasks: number[] = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: 'longtask' });
  const gaps: number[] = [];
  let last = performance.now();
  let isOver = false;
  const frame = (now: number): void => {
    gaps.push(now - last);
    last = now;
    if (!isOver) requestAnimationFrame(frame);
  };
  requestAnimationFrame((now) => {
    last = now;
    requestAnimationFrame(frame);
  });
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1_000;
  await new Promise((resolve) => setTimeout(resolve, 500));
  isOver = true;
  observer.disconnect();
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  return {
    longestTask: Math.max(0, ...tasks),
    longTasks: tasks.length,
    longestFrame: Math.max(...gaps),
    meanFrame: mean,
    frames: gaps.length,
    seconds,
  };
}

const over = (): Promise<unknown> =>
  new Promise((resolve) => element.addEventListener('mule-finish', resolve, { once: true }));

const rest = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const bench = {
  element,
  store,
  watch,
  /** Adds small files that the page creates. */
  async add(count: number): Promise<Watched> {
    const files: File[] = [];
    while (files.length < count) {
      const index = files.length;
      files.push(new File([`content ${index}`], `file-${index}.txt`, { lastModified: index }));
      // creating them is the benchmark's own work, and must not be in a measured task
      if (index % 50 === 0) await rest(1);
    }
    await rest(2_000);
    return watch(() => element.add(files));
  },
  /** Uploads all listed files. */
  upload(): Promise<Watched> {
    return watch(async () => {
      const done = over();
      element.start();
      await done;
    });
  },
  /** Scrolls through the list from its top to its end. */
  scroll(steps: number): Promise<Watched> {
    const list = element.shadowRoot!.querySelector('.list')!;
    return watch(async () => {
      for (let step = 0; step <= steps; step++) {
        list.scrollTop = (list.scrollHeight * step) / steps;
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    });
  },
};
window.bench = bench;
