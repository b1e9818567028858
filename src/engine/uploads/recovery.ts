import type { FileEntry } from '../api/types.js';
import type { Emit } from '../ports.js';
import { withTimeout } from '../util/abort.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { confirmUser } from './ask-for-user.js';
import type { CreateRecovered, RecoveredServices, RecoveredUploads } from './recovered-uploads.js';
import type { Upload } from './upload.js';

/** Maximum time that added files wait for the code that finds their unfinished uploads. */
const CODE_TIMEOUT_MS = 10_000;

/** The deferred code of recovery. */
export interface RecoveryCode {
  readonly RecoveredUploads: typeof RecoveredUploads;
  readonly confirmUser: typeof confirmUser;
}

/** The dependencies of recovery. */
export interface RecoveryServices extends RecoveredServices {
  readonly deferredCode: ModuleLoader<RecoveryCode>;
}

/** Records which user is signed in, and restores that user's unfinished uploads of earlier page loads. */
export class Recovery {
  readonly #services: RecoveryServices;
  readonly #createUpload: CreateRecovered;
  readonly #emit: Emit;
  #ready: Promise<void> | null = null;
  /** Null until the journal has returned a record. */
  #recovered: RecoveredUploads | null = null;
  /** Number of owners up to now. Records that were loaded for one owner are not shown to the next. */
  #ownerCount = 0;

  constructor(services: RecoveryServices, createUpload: CreateRecovered, emit: Emit) {
    this.#services = services;
    this.#createUpload = createUpload;
    this.#emit = emit;
  }

  /** Resolves when the owner's unfinished uploads are listed, or when that takes too long. The first call loads them. */
  get ready(): Promise<void> {
    return (this.#ready ??= this.#load());
  }

  /** Loads the uploads of another owner, if those of the former one were loaded. */
  reload(): void {
    if (this.#ready) this.#ready = this.#load();
  }

  /** Lists the owner's unfinished uploads, and resumes those whose file can be read. */
  async #load(): Promise<void> {
    const { journal, settings, clock, lifetime, deferredCode } = this.#services;
    if (settings.options.recover === 'off') return;
    const isCurrent = this.#createOwnerCheck();
    const records = await journal.load();
    if (!records.length || !isCurrent()) return;
    const restore = (code: RecoveryCode): Promise<void> | undefined => {
      if (!isCurrent()) return undefined;
      this.#recovered ??= new code.RecoveredUploads(this.#services, this.#createUpload, this.#emit);
      return this.#recovered.restore(records, isCurrent, (user) => this.identify(user));
    };
    const load = (): Promise<RecoveryCode> => deferredCode.load();
    const code = deferredCode.loaded ?? (await withTimeout(clock, CODE_TIMEOUT_MS, lifetime, load).catch(() => null));
    if (code) await restore(code);
    // files that are added meanwhile become new uploads
    else
      void load()
        .then(restore)
        .catch(() => {});
  }

  /**
   * Discards the loaded records and the user, because the owner has changed.
   * @returns the former owner's listed uploads that have not been resumed
   */
  reset(): Upload[] {
    this.#ownerCount++;
    const idle = this.#recovered?.reset() ?? [];
    this.#services.user.principal = undefined;
    return idle;
  }

  /**
   * Records the user that the signer names. Uploads of other users leave the list, and this user's are listed.
   * @param user undefined if the signer said nothing
   */
  identify(user: string | null | undefined): void {
    const { user: current, ownerChanges } = this.#services;
    if (user === undefined || user === current.principal) return;
    const isChange = current.isKnown;
    current.principal = user;
    if (!isChange) {
      this.#recovered?.showOwned();
      return;
    }
    ownerChanges.endAll({ isByPage: false });
    this.reset();
    current.principal = user;
    this.reload();
  }

  /** Whether only the signer can confirm that the user is the same: users sign in, and the page sets no `scope`. */
  get hasToConfirm(): boolean {
    return this.#services.settings.options.scope === '' && typeof this.#services.user.principal === 'string';
  }

  /** Asks the signer whether the same user is signed in; if not, ends all uploads of the former user. */
  async confirm(): Promise<boolean> {
    const owner = this.#ownerCount;
    const isCurrent = this.#createOwnerCheck();
    const isAnswered = await this.#services.deferredCode
      .load()
      .then((code) => code.confirmUser(this.#services, isCurrent, (user) => this.identify(user)))
      .catch(() => true);
    if (!isAnswered && isCurrent()) {
      // nobody is signed in, or a user who may not upload
      this.#services.ownerChanges.endAll({ isByPage: false });
      this.reset();
    }
    return owner === this.#ownerCount;
  }

  /**
   * Finds an unlisted upload by its file.
   * @returns null if no such upload is known
   */
  async findUnlisted(entry: FileEntry): Promise<Upload | null> {
    return this.#recovered ? this.#recovered.findUnlisted(entry) : null;
  }

  /** Requests permission to read the files of uploads. @see RecoveredUploads.reopen */
  async reopen(uploads: readonly Upload[]): Promise<void> {
    await this.#recovered?.reopen(uploads);
  }

  /** Returns a function that returns whether the owner has stayed the same since this call. */
  #createOwnerCheck(): () => boolean {
    const owner = this.#ownerCount;
    return () => owner === this.#ownerCount && !this.#services.lifetime.aborted;
  }
}
