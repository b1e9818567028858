import { isOtherOwner } from './api/options.js';
import type { ResolvedOptions, Settings } from './api/options.js';
import { isOver, isRunning } from './api/status.js';
import type { FileHandle, TotalProgress, UploaderOptions, UploaderStatus, UploadSnapshot } from './api/types.js';
import type { Entry, Rules } from './files/file-entries.js';
import type { UploadFacts } from './model/upload-record.js';
import type { Emit, JournalRecord } from './ports.js';
import { FileStoreWriter } from './resume/file-store-writer.js';
import { TabCoordinator } from './resume/tab-coordinator.js';
import { TabMessages } from './resume/tab-messages.js';
import { createServices } from './shared-services.js';
import type { ManagerPorts, SharedServices } from './shared-services.js';
import { principalOf } from './signing/init-answer.js';
import { InitBatcher } from './signing/init-batcher.js';
import { Attachment } from './uploads/attachment.js';
import { applyToListed } from './uploads/changed-options.js';
import type { ListedServices } from './uploads/changed-options.js';
import { FileAdditions } from './uploads/file-additions.js';
import { FinishReporter } from './uploads/finish-reporter.js';
import { Intake } from './uploads/intake.js';
import { OwnerChanges } from './uploads/owner-changes.js';
import { PageLifecycle } from './uploads/page-lifecycle.js';
import { PageUploader } from './uploads/page-uploaders.js';
import { Recovery } from './uploads/recovery.js';
import { requeue } from './uploads/requeue.js';
import { Upload } from './uploads/upload.js';
import type { UploadSource } from './uploads/upload.js';
import { UploadEvents } from './uploads/upload-events.js';
import { UploadList } from './uploads/upload-list.js';
import { UploadQueue } from './uploads/upload-queue.js';
import { uploaderStatusOf } from './uploads/uploader-status.js';

/** The implementation of an uploader. `Uploader` loads it, passes every call on to it, and documents each member. */
export class UploadManager {
  readonly #settings: Settings;
  readonly #lifetime = new AbortController();
  readonly #services: SharedServices & ListedServices;
  readonly #list: UploadList;
  readonly #queue: UploadQueue;
  readonly #additions: FileAdditions;
  readonly #attachment: Attachment;
  readonly #events: UploadEvents;
  readonly #finish: FinishReporter;
  readonly #ownerChanges: OwnerChanges;
  readonly #pageLifecycle: PageLifecycle;
  readonly #pageUploader: PageUploader;
  readonly #recovery: Recovery;

  constructor(settings: Settings, ports: ManagerPorts, emit: Emit) {
    this.#settings = settings;
    const shared = createServices(settings, ports, this.#lifetime.signal, emit);
    const list = (this.#list = new UploadList());
    const queue = (this.#queue = new UploadQueue(list.running, shared.scheduler, settings));
    const intake = new Intake(list, shared.smallFiles, emit);
    const inits = new InitBatcher(shared, queue, intake, (answer) => this.#identifyUser(principalOf(answer)));
    const tabs = new TabCoordinator({ ...shared, lock: ports.tabLock, messages: new TabMessages(ports.tabChannel) });
    const fileWriter = new FileStoreWriter({ ...shared, fileStore: ports.fileStore });
    const services = { ...ports, ...shared, list, queue, inits, tabs, fileWriter, intake };
    this.#services = services;
    const pageLifecycle = (this.#pageLifecycle = new PageLifecycle(services, emit));
    services.presence.onAnnounced = () => pageLifecycle.update();
    const finish = (this.#finish = new FinishReporter({ ...services, pageLifecycle }, emit));
    const events = (this.#events = new UploadEvents({ ...services, pageLifecycle, finish }, emit));
    const runServices = { ...services, notifications: { queue, batcher: null } };
    const createUpload = (facts: UploadFacts, source: UploadSource): Upload =>
      new Upload(runServices, events, facts, settings.owner, source);
    const ownerChanges = (this.#ownerChanges = new OwnerChanges({ ...services, finish }, emit));
    const recovery = (this.#recovery = new Recovery(
      { ...services, lock: ports.tabLock, ownerChanges },
      (record) => createUpload(factsOf(record), { record }),
      emit,
    ));
    this.#additions = new FileAdditions({ ...services, recovery, ownerChanges, finish }, createUpload, emit);
    this.#attachment = new Attachment({ ...services, recovery });
    this.#pageUploader = new PageUploader({ ...services, recovery, ownerChanges });
  }

  get options(): Readonly<ResolvedOptions> {
    return this.#settings.options;
  }

  get uploads(): readonly UploadSnapshot[] {
    return this.#list.snapshots;
  }

  get progress(): TotalProgress {
    return this.#list.progress;
  }

  get status(): UploaderStatus {
    return uploaderStatusOf(this.#list, this.#queue);
  }

  get ready(): Promise<void> {
    return this.#recovery.ready;
  }

  has(id: string): boolean {
    return this.#list.has(id);
  }

  /** @param options the new options, which are valid and include the changes */
  configure(options: Readonly<ResolvedOptions>, changes: UploaderOptions): void {
    const settings = this.#settings;
    const oldOptions = settings.options;
    const isOwnerChange = isOtherOwner(options, oldOptions);
    // until the signer has answered, a scope that is set for the first time also applies to files that are already listed
    const haveListedOwner = oldOptions.scope !== '' || this.#services.health.hasSignerAnswer;
    const apply = (): void => {
      settings.options = options;
    };
    // a listener of the event may call `configure()` again
    if (isOwnerChange && haveListedOwner) this.#ownerChanges.endAll({ beforeEvent: apply });
    else apply();
    if (isOwnerChange || (!options.scope && options.signer !== oldOptions.signer)) {
      for (const upload of this.#list.all) if (!upload.session) upload.owner = settings.owner;
      // without a scope, another signer is another owner: the unfinished uploads of the former one leave the list
      this.#ownerChanges.remove(this.#recovery.reset(), { isByPage: true });
      this.#recovery.reload();
    }
    this.#services.scheduler.dispatch();
    applyToListed(this.#services, this.#additions, changes, oldOptions);
    this.#pageLifecycle.update();
  }

  add(entries: readonly Entry[], rules: Rules = this.options.rules): Promise<UploadSnapshot[]> {
    return this.#additions.add(entries, rules);
  }

  partStates(id: string): Uint8Array | null {
    return this.#list.find(id).partStates;
  }

  fileOf(id: string): File | null {
    return this.#list.find(id).file;
  }

  start(id?: string): void {
    // the status `queued` includes uploads that are not in the queue yet, because `autostart` is off
    for (const upload of this.#list.select(id)) if (upload.status === 'queued') this.#queue.add(upload);
    this.#queue.startNext();
  }

  pause(id?: string): void {
    for (const upload of this.#list.select(id)) upload.pause();
  }

  async resume(id?: string, file?: File | FileHandle): Promise<void> {
    if (file && id !== undefined) {
      const upload = this.#list.find(id);
      const { giveFile } = await this.#services.deferredCode.load();
      await giveFile(upload, file);
    }
    const uploads = this.#list.select(id);
    for (const upload of uploads) {
      const isFileReplaced = file && upload.status === 'failed';
      if (upload.status !== 'paused' && upload.status !== 'needs-file' && !isFileReplaced) continue;
      if (upload.file) requeue(this.#services, upload);
    }
    this.#queue.startNext();
    await this.#recovery.reopen(uploads);
  }

  abort(id?: string): void {
    for (const upload of this.#list.select(id)) upload.abort();
  }

  retry(id?: string): void {
    this.#pageLifecycle.retryNow();
    for (const upload of this.#list.select(id)) {
      if (upload.status === 'failed') requeue(this.#services, upload);
      else if (isRunning(upload.status)) upload.retryNow(true);
    }
    this.#services.scheduler.endHold();
    this.#queue.startNext();
  }

  dismiss(id: string): void {
    if (this.#list.has(id)) this.#dismiss(this.#list.find(id));
  }

  clear(): void {
    for (const upload of this.#list.all) this.#dismiss(upload);
  }

  finished(): Promise<UploadSnapshot[]> {
    void this.ready.then(() => this.#finish.check());
    return this.#finish.wait();
  }

  forget(): Promise<void> {
    this.#services.throughput.forget();
    return this.#pageUploader.forget();
  }

  detach(): string[] {
    return this.#attachment.detach();
  }

  attach(ids: readonly string[]): true | Promise<boolean> {
    return this.#attachment.attach(ids, (id) => void this.resume(id));
  }

  dispose(): void {
    this.#lifetime.abort(new DOMException('The uploader was disposed of', 'AbortError'));
    this.#attachment.dispose();
    this.#queue.isPaused = true;
    this.#pageUploader.dispose();
    for (const upload of this.#list.all) upload.dispose();
    this.#events.dispose();
    this.#pageLifecycle.dispose();
    this.#services.checksums.release();
    this.#services.fileWriter.dispose();
    this.#services.presence.end();
  }

  #dismiss(upload: Upload): void {
    if (isOver(upload.status)) this.#list.remove(upload);
  }

  /** Handles the user that an answer of the signer names. */
  #identifyUser(principal: string | null | undefined): void {
    // another user would end the uploads of the former one, which a disposed uploader leaves stored for their owner
    if (this.#lifetime.signal.aborted) return;
    const { scope, recover } = this.options;
    if (principal === undefined && !scope && (recover === 'auto' || recover === 'ask'))
      void this.#services.deferredCode
        .load()
        .then(({ warnOfMissingPrincipal }) => warnOfMissingPrincipal())
        .catch(() => {});
    this.#pageUploader.identify(principal);
    this.#services.fileWriter.onUserKnown();
  }
}

const factsOf = ({ id, name, size, type, lastModified, relativePath }: JournalRecord): UploadFacts => ({
  id,
  name,
  size,
  type,
  lastModified,
  relativePath,
});
