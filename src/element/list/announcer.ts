import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../../engine/api/types.js';
import type { Format } from '../i18n/format.js';
import { isUnderWay } from '../form/form-control.js';
import { errorText, statusText, type Say } from '../i18n/status-text.js';

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
  /** Bytes that were up when waiting ended, as long as that is not told: a first try may fail on a connection of before. */
  #heldAt: number | null = null;
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
    if (status === 'uploading' && before === 'waiting') this.#heldAt = scene.progress.loaded;
    else if (status !== 'uploading') this.#heldAt = null;
    if (status === 'waiting') this.#tellWaiting(scene);
    else if (this.#heldAt !== null) this.#tellOnward(scene, this.#heldAt);
    else if (status === 'uploading' && before !== 'uploading') this.#tellStart(scene, before === 'paused');
    else if (status === 'uploading') this.#tellQuarter(scene);
    else if (status !== before && status === 'paused') this.polite = scene.say('saidPaused');
    else if (status !== before && status === 'complete') this.#tellDone(scene);
    if (status !== 'waiting' && this.#heldAt === null) this.#waiting = '';
    this.#tellAborts(scene);
  }

  #tellOnward(scene: Scene, before: number): void {
    if (scene.progress.loaded <= before) return;
    this.#heldAt = null;
    this.#tellStart(scene, true);
  }

  #tellStart({ uploads, progress, say }: Scene, goesOn: boolean): void {
    const active = uploads.filter(isUnderWay);
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
      .map(({ name, error }) => say('saidFailed', { name, message: error ? errorText({ name }, error, say) : '' }));
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
