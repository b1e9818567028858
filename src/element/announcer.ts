import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../engine/types.js';
import type { Format } from './format.js';
import { isUnderWay } from './form-control.js';
import { statusText, type Say } from './view.js';

/** What the announcer looks at, at one moment. */
export interface Scene {
  readonly uploads: readonly UploadSnapshot[];
  readonly status: UploaderStatus;
  readonly progress: TotalProgress;
  readonly say: Say;
  readonly format: Format;
  readonly offline: boolean;
}

/**
 * Chooses what a screen reader is told: the start, every quarter, waiting, the end, an abort; failures at once. Not every tick.
 */
export class Announcer {
  /** For the polite live region. */
  polite = '';
  /** For the region that interrupts. */
  assertive = '';
  #status: UploaderStatus = 'idle';
  #waiting = '';
  #quarter = 0;
  #failed = new Set<string>();
  #aborted = new Set<string>();

  /** Takes back what was said, as if nothing had happened. */
  silence(): void {
    this.polite = this.assertive = '';
  }

  /** Looks at the uploads and changes the two texts where something is worth telling. */
  observe(scene: Scene): void {
    this.#tellFailures(scene);
    const { status } = scene;
    const before = this.#status;
    this.#status = status;
    if (status === 'waiting') this.#tellWaiting(scene);
    else if (status === 'uploading' && before !== 'uploading') this.#tellStart(scene, before);
    else if (status === 'uploading') this.#tellQuarter(scene);
    else if (status !== before && status === 'paused') this.polite = scene.say('saidPaused');
    else if (status !== before && status === 'complete') this.#tellDone(scene);
    if (status !== 'waiting') this.#waiting = '';
    this.#tellAborts(scene);
  }

  #tellStart({ uploads, progress, say }: Scene, before: UploaderStatus): void {
    const active = uploads.filter(isUnderWay);
    const goesOn = before === 'waiting' || before === 'paused';
    this.#quarter = goesOn ? Math.floor(progress.ratio * 4) : 0;
    this.polite =
      active.length === 1
        ? say('saidStart', { name: active[0]!.name })
        : say('saidStartMany', { count: active.length });
  }

  #tellQuarter({ progress, say, format }: Scene): void {
    const quarter = Math.floor(progress.ratio * 4);
    if (quarter > this.#quarter && quarter < 4)
      this.polite = say('saidProgress', { percent: format.percent(quarter / 4) });
    this.#quarter = quarter;
  }

  // The countdown is left out: it would be told anew each second.
  #tellWaiting({ uploads, say, format, offline }: Scene): void {
    const upload = uploads.find(({ status }) => status === 'waiting');
    const text = upload
      ? statusText({ ...upload, retryAt: null }, { say, format, offline, now: 0, held: false })
      : say('waiting');
    if (text !== this.#waiting) this.polite = this.#waiting = text;
  }

  #tellDone({ uploads, say }: Scene): void {
    const done = uploads.filter(({ status }) => status === 'complete');
    this.polite =
      done.length === 1
        ? say('saidComplete', { name: done[0]!.name })
        : say('saidCompleteMany', { count: done.length });
  }

  #tellFailures({ uploads, say }: Scene): void {
    const failed = uploads.filter(({ status }) => status === 'failed');
    const fresh = failed.filter(({ id }) => !this.#failed.has(id));
    // One tried again is no longer failed.
    if (failed.length - fresh.length < this.#failed.size) this.assertive = '';
    this.#failed = new Set(failed.map(({ id }) => id));
    const texts = fresh
      .slice(0, 3)
      .map(({ name, error }) => say('saidFailed', { name, message: error?.message ?? '' }));
    if (texts.length > 0) this.assertive = texts.join(' ');
  }

  #tellAborts({ uploads, say }: Scene): void {
    const aborted = uploads.filter(({ status }) => status === 'aborted');
    const fresh = aborted.filter(({ id }) => !this.#aborted.has(id));
    this.#aborted = new Set(aborted.map(({ id }) => id));
    const [first] = fresh;
    if (first) this.polite = say('saidAborted', { name: first.name, count: fresh.length });
  }
}
