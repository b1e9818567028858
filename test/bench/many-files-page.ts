/** Runs in the page of `many-files.ts`: an element with a fake transport, and measurements of the main thread. */
import { Uploader } from '../../src/engine/index.js';
import type { SignFunction, StoreResponse, Transport } from '../../src/engine/index.js';
import '../../src/index.js';

/** Time until the fake store answers. */
const RESPONSE_TIME_MS = 3;

export interface MainThreadFigures {
  /** Milliseconds. */
  longestTask: number;
  /** Number of tasks that took longer than 50 ms. */
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

class FakeStore implements Transport {
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
  const signed = (method: string, target: string): object => ({
    method,
    url: `https://store.test/${target}`,
    expires: time + 900_000,
  });
  if (action === 'get_init_signature') {
    const { files } = body as { files: { id: string; filename: string; filesize: number; part_size?: number }[] };
    return {
      time,
      actions: ['get_all_signatures'],
      files: files.map(({ id, filename, filesize, part_size }) => ({
        id,
        key: filename,
        ...(filesize < 8e6
          ? { put: signed('PUT', filename) }
          : { part_size: part_size ?? Math.ceil(filesize / 10_000), init: signed('POST', 'uploads') }),
      })),
    };
  }
  const { chunks = [] } = body as { chunks?: number[] };
  return {
    time,
    list: signed('GET', 'list'),
    end: signed('POST', 'end'),
    chunks: Object.fromEntries(chunks.map((chunk) => [chunk, signed('PUT', `part?n=${chunk}`)])),
  };
}) as SignFunction;

const element = document.querySelector('mule-upload')!;
const store = new FakeStore();
element.uploader = new Uploader(
  { sign, checksum: 'none', recover: 'off', autostart: false, leaveWarning: false, scope: crypto.randomUUID() },
  { transport: store },
);

/** Measures the tasks and frames of the main thread while work runs. */
async function measure(work: () => Promise<unknown>): Promise<MainThreadFigures> {
  const tasks: number[] = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: 'longtask' });
  const frameGaps: number[] = [];
  let lastFrameAt = performance.now();
  let isDone = false;
  const frame = (now: number): void => {
    frameGaps.push(now - lastFrameAt);
    lastFrameAt = now;
    if (!isDone) requestAnimationFrame(frame);
  };
  requestAnimationFrame((now) => {
    lastFrameAt = now;
    requestAnimationFrame(frame);
  });
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  await new Promise((resolve) => setTimeout(resolve, 500));
  isDone = true;
  observer.disconnect();
  const mean = frameGaps.reduce((sum, gap) => sum + gap, 0) / frameGaps.length;
  return {
    longestTask: Math.max(0, ...tasks),
    longTasks: tasks.length,
    longestFrame: Math.max(...frameGaps),
    meanFrame: mean,
    frames: frameGaps.length,
    seconds,
  };
}

const nextFinish = (): Promise<unknown> =>
  new Promise((resolve) => element.addEventListener('mule-finish', resolve, { once: true }));

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const bench = {
  element,
  store,
  measure,
  /** Adds small files that the page creates. */
  async add(count: number): Promise<MainThreadFigures> {
    const files: File[] = [];
    while (files.length < count) {
      const index = files.length;
      files.push(new File([`content ${index}`], `file-${index}.txt`, { lastModified: index }));
      // creating files is the benchmark's own work: it must not be part of a measured task
      if (index % 50 === 0) await sleep(1);
    }
    await sleep(2_000);
    return measure(() => element.add(files));
  },
  /** Uploads all listed files. */
  upload(): Promise<MainThreadFigures> {
    return measure(async () => {
      const done = nextFinish();
      element.start();
      await done;
    });
  },
  /** Scrolls through the list from its top to its end; first waits until the list's code has loaded. */
  async scroll(steps: number): Promise<MainThreadFigures> {
    while (!element.shadowRoot!.querySelector('.list')) await sleep(50);
    const list = element.shadowRoot!.querySelector('.list')!;
    return measure(async () => {
      for (let step = 0; step <= steps; step++) {
        list.scrollTop = (list.scrollHeight * step) / steps;
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    });
  },
};
window.bench = bench;
