import { isOtherOwner } from './api/options.js';
import type { ResolvedOptions, Settings } from './api/options.js';
import { isOver, isRunning } from './api/status.js';
import type {
  AdmissionRules,
  FileHandle,
  TotalProgress,
  UploaderEventMap,
  UploaderOptions,
  UploaderStatus,
  UploadSnapshot,
} from './api/types.js';
import { actionUrl } from './util/action-url.js';
import type { Entry, Rules } from './files/file-entries.js';
import { loadAcceptRule, rejectionOf } from './files/file-rules.js';
import type { JournalRecord } from './ports.js';
import { createServices } from './shared-services.js';
import type { Emit, ManagerPorts, SharedServices } from './shared-services.js';
import { FileStoreWriter } from './resume/file-store-writer.js';
import { TabCoordinator } from './resume/tab-coordinator.js';
import { TabMessages } from './resume/tab-messages.js';
import { InitBatcher } from './signing/init-batcher.js';
import { principalOf } from './signing/init-answer.js';
import { Notifications } from './signing/notifications.js';
import { Intake } from './uploads/intake.js';
import { OwnerChanges } from './uploads/owner-changes.js';
import { PageLifecycle } from './uploads/page-lifecycle.js';
import type { PageEvent } from './uploads/page-lifecycle.js';
import { ProgressReporter } from './uploads/progress.js';
import { Recovery } from './uploads/recovery.js';
import type { RecoveryReport } from './uploads/recovery.js';
import { Upload } from './uploads/upload.js';
import type { UploadListener } from './uploads/upload.js';
import type { RunServices } from './uploads/upload-run.js';
import { UploadList } from './uploads/upload-list.js';
import { newId } from './util/new-id.js';
import { TimeSlicer } from './util/time-slicer.js';

/** Number of added files after which uploads start, so that the signer answers while the others are being added. */
const FILES_BEFORE_START = 4;

/** With fewer active uploads, adding files is as urgent as sending them, so that each call to the signer is for many files. */
const MIN_LISTED_AHEAD = 100;

/** All managers of this page: when the user changes, the uploads of the former one end in each of them. */
const managers = new Set<WeakRef<UploadManager>>();

/** The implementation of an uploader. `Uploader` loads it, passes every call on to it, and documents each member. */
export class UploadManager implements UploadListener {
  readonly #settings: Settings;
  readonly #ports: ManagerPorts;
  readonly #emit: Emit;
  readonly #lifetime = new AbortController();
  readonly #shared: SharedServices;
  readonly #list: UploadList;
  readonly #intake: Intake;
  readonly #inits: InitBatcher;
  readonly #tabs: TabCoordinator;
  readonly #fileWriter: FileStoreWriter;
  readonly #uploadServices: RunServices;
  readonly #recovery: Recovery;
  readonly #pageLifecycle: PageLifecycle;
  readonly #progress: ProgressReporter;
  readonly #ownerChanges: OwnerChanges;
  /** The pending promises of `finished()`. */
  readonly #finishedPromises = new Set<{ resolve(uploads: UploadSnapshot[]): void; reject(error: Error): void }>();
  /** For each of several files that were added together: the text that is appended to the option `objectKey`. */
  readonly #keySuffixes = new WeakMap<Upload, string>();
  #ready: Promise<void> | null = null;
  /** Whether `mule-finish` is dispatched as soon as no `add` is pending. */
  #isFinishDue = false;
  /** Identifies the last call of `attach()`; null while detached. */
  #attachment: object | null = {};
  /** IDs of the uploads that `attach()` resumes once the signer has confirmed the user. */
  #idsToResume: readonly string[] = [];

  constructor(settings: Settings, ports: ManagerPorts, emit: Emit) {
    const { clock, tabLock: lock, fileStore } = ports;
    const lifetime = this.#lifetime.signal;
    this.#settings = settings;
    this.#ports = ports;
    this.#emit = emit;
    const services = createServices(settings, ports, lifetime, emit);
    this.#shared = services;
    this.#list = new UploadList(services.scheduler, settings);
    this.#intake = new Intake(this.#list, services.smallFiles, emit);
    this.#inits = new InitBatcher(services, this.#list, this.#intake, (answer) => {
      this.#identifyUser(principalOf(answer));
      this.#fileWriter.resume();
    });
    this.#tabs = new TabCoordinator({ ...services, lock, messages: new TabMessages(ports.tabChannel) });
    this.#fileWriter = new FileStoreWriter({ ...services, fileStore });
    const notifications = new Notifications(services, this.#list);
    this.#uploadServices = { ...services, notifications, inits: this.#inits, tabs: this.#tabs };
    this.#recovery = new Recovery(
      { ...services, lock, fileStore, fileWriter: this.#fileWriter, list: this.#list },
      (record) => this.#restoreUpload(record),
      (report) => this.#handleRecovery(report),
    );
    this.#pageLifecycle = new PageLifecycle(ports, settings, this.#list, services.presence, (event) =>
      this.#handlePageEvent(event),
    );
    services.presence.onAnnounced = () => this.#pageLifecycle.update();
    this.#progress = new ProgressReporter(clock, (upload) => this.#reportProgress(upload));
    this.#ownerChanges = new OwnerChanges(
      { ...services, inits: this.#inits, fileWriter: this.#fileWriter, list: this.#list, progress: this.#progress },
      emit,
    );
    for (const reference of managers) if (!reference.deref()) managers.delete(reference);
    managers.add(new WeakRef(this));
  }

  // ---- The uploader's public methods ----

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
    return this.#list.status;
  }

  get ready(): Promise<void> {
    return (this.#ready ??= this.#recovery.load());
  }

  has(id: string): boolean {
    return this.#list.has(id);
  }

  /** @param options the new options, which are valid and include the changes */
  configure(options: Readonly<ResolvedOptions>, changes: UploaderOptions): void {
    const oldOptions = this.#settings.options;
    const isOwnerChange = isOtherOwner(options, oldOptions);
    // until the signer has answered, a scope that is set for the first time also applies to files that are already listed
    const isScopeFixed = oldOptions.scope !== '' || this.#shared.health.hasSignerAnswer;
    if (isOwnerChange && isScopeFixed) this.#endAll();
    this.#settings.options = options;
    if (this.#ready && (isOwnerChange || (!options.scope && options.signer !== oldOptions.signer))) {
      for (const upload of this.#list.all) if (!upload.session) upload.owner = this.#settings.owner;
      // without a scope, another signer is another owner, whose unfinished uploads are not listed any more
      this.#unlist(this.#recovery.reset(), true);
      this.#ready = this.#recovery.load();
    }
    this.#shared.scheduler.dispatch();
    this.#applyToPending(changes, oldOptions);
    this.#pageLifecycle.update();
  }

  async add(entries: readonly Entry[], rules: Rules = this.options.rules): Promise<UploadSnapshot[]> {
    const added: Upload[] = [];
    const { ownership } = this.#ownerChanges;
    this.#list.addCalls++;
    try {
      const files = entries.map(({ file }) => file);
      await Promise.all([this.ready, loadAcceptRule(files, rules.accept)]);
      const isAdmitted = ({ file, fault }: Entry): boolean =>
        !fault && !rejectionOf(file, { ...rules, maxFiles: Infinity }, 0);
      // the caller may clear the list before the first file is added
      rules.onReady?.(entries.some(isAdmitted), this.uploads);
      const slicer = new TimeSlicer(this.#ports.clock);
      for (const entry of entries) {
        if (entry.isAborted) continue;
        if (ownership !== this.#ownerChanges.ownership) {
          this.#ownerChanges.reject(entry.file);
          continue;
        }
        if (rules.signal?.aborted || this.#lifetime.signal.aborted) break;
        const upload = await this.#addEntry(entry, rules, entries.length > 1 || Boolean(rules.readEnd));
        if (upload) added.push(upload);
        // by the user, while the file was on the early list
        if (entry.isAborted) upload?.abort();
        else if (entry.isPaused) upload?.pause();
        // the first files start while others are still being added
        if (slicer.isExpired || added.length === FILES_BEFORE_START) this.#list.startNext();
        if (slicer.isExpired) await slicer.yieldToPage(this.#list.activeCount < MIN_LISTED_AHEAD);
      }
      this.#list.startNext();
      await rules.readEnd;
    } finally {
      this.#list.addCalls--;
    }
    this.#settle();
    return added.map(({ snapshot }) => snapshot);
  }

  partStates(id: string): Uint8Array | null {
    return this.#list.find(id).partStates;
  }

  fileOf(id: string): File | null {
    return this.#list.find(id).file;
  }

  start(id?: string): void {
    // the status `queued` includes uploads that are not in the queue yet, because `autostart` is off
    for (const upload of this.#list.select(id)) if (upload.status === 'queued') this.#list.enqueue(upload);
    this.#list.startNext();
  }

  pause(id?: string): void {
    for (const upload of this.#list.select(id)) upload.pause();
  }

  async resume(id?: string, file?: File | FileHandle): Promise<void> {
    if (file && id !== undefined) {
      const upload = this.#list.find(id);
      const { giveFile } = await this.#shared.deferredCode.load();
      await giveFile(upload, file);
    }
    const uploads = this.#list.select(id);
    for (const upload of uploads) {
      const isFileReplaced = file && upload.status === 'failed';
      if (upload.status !== 'paused' && upload.status !== 'needs-file' && !isFileReplaced) continue;
      if (upload.file) this.#requeue(upload);
    }
    this.#list.startNext();
    await this.#recovery.reopen(uploads);
  }

  abort(id?: string): void {
    for (const upload of this.#list.select(id)) upload.abort();
    this.#list.startNext();
  }

  retry(id?: string): void {
    this.#shared.deferredCode.retryNow();
    this.#shared.reachability.probeNow();
    for (const upload of this.#list.select(id)) {
      if (upload.status === 'failed') this.#requeue(upload);
      else if (isRunning(upload.status)) upload.retryNow(true);
    }
    this.#shared.scheduler.release();
    this.#list.startNext();
  }

  dismiss(id: string): void {
    if (!this.#list.has(id)) return;
    const upload = this.#list.find(id);
    if (isOver(upload.status)) this.#remove(upload);
  }

  clear(): void {
    for (const upload of this.#list.all) if (isOver(upload.status)) this.#remove(upload);
  }

  finished(): Promise<UploadSnapshot[]> {
    return new Promise((resolve, reject) => {
      if (this.#lifetime.signal.aborted) {
        reject(new DOMException('The uploader was disposed of', 'AbortError'));
        return;
      }
      this.#finishedPromises.add({ resolve, reject });
      void this.ready.then(() => this.#settle());
    });
  }

  async forget(): Promise<void> {
    const { scopes } = this.#shared.journal;
    const managersOfScopes = managersOfPage().filter((other) => other === this || scopes.has(other.#settings.scope));
    for (const manager of managersOfScopes) {
      manager.#endAll({ isForgotten: true });
      manager.#recovery.reset();
    }
    this.#shared.throughput.forget();
    // each manager deletes by its own writer, after the pending writes of that writer
    const deletions = managersOfScopes.flatMap((manager) =>
      [...scopes].flatMap((scope) => [manager.#shared.journal.wipe(scope), manager.#ports.fileStore.wipe(scope)]),
    );
    await Promise.all(deletions);
  }

  detach(): string[] {
    const active = this.#list.all.filter((upload) => isRunning(upload.status) || this.#list.isInQueue(upload));
    // from the end, where the queued ones are: pausing a running upload would start the next queued one
    for (const upload of active.reverse()) upload.pause();
    this.#list.isPaused = true;
    this.#attachment = null;
    this.#tabs.releaseAll();
    this.#shared.presence.hide();
    const ids = new Set([...active.map(({ id }) => id), ...this.#idsToResume.filter((id) => this.#list.has(id))]);
    this.#idsToResume = [];
    return [...ids];
  }

  attach(ids: readonly string[]): true | Promise<boolean> {
    const attachment = (this.#attachment = {});
    // an earlier call of `attach()` may still wait for the signer
    this.#idsToResume = [...new Set([...this.#idsToResume, ...ids])];
    const resumeAll = (isSameUser: boolean): boolean => {
      if (this.#attachment !== attachment) return false;
      const toResume = this.#idsToResume;
      this.#idsToResume = [];
      this.#list.isPaused = false;
      this.#shared.presence.show();
      // uploads of another user have left the list
      for (const id of toResume) if (this.#list.has(id)) void this.resume(id);
      this.#list.startNext();
      return isSameUser;
    };
    if (this.#recovery.hasToConfirm) return this.#recovery.confirm().then(resumeAll);
    resumeAll(true);
    return true;
  }

  dispose(): void {
    this.#lifetime.abort();
    this.#attachment = null;
    for (const reference of managers) if (reference.deref() === this) managers.delete(reference);
    for (const upload of this.#list.all) upload.dispose();
    this.#progress.dispose();
    this.#pageLifecycle.dispose();
    this.#shared.checksums.release();
    this.#fileWriter.dispose();
    this.#shared.presence.end();
    for (const { reject } of this.#finishedPromises)
      reject(new DOMException('The uploader was disposed of', 'AbortError'));
    this.#finishedPromises.clear();
  }

  // ---- Adding files ----

  async #addEntry(entry: Entry, rules: AdmissionRules, isOneOfMany: boolean): Promise<Upload | null> {
    const { file, relativePath = '', handle = null, id = newId() } = entry;
    const { ownership } = this.#ownerChanges;
    const unfinished = entry.fault ? null : await this.#intake.findUnfinished(entry);
    if (unfinished && this.#list.has(unfinished.id)) {
      unfinished.file = file;
      unfinished.handle = handle;
      this.#requeue(unfinished);
      return unfinished;
    }
    const rejection = this.#intake.findRejection(entry, rules);
    if (rejection) {
      this.#emit('mule-reject', { file, ...(relativePath && { relativePath }), ...rejection });
      return null;
    }
    const recovered = await this.#recovery.findUnlisted(entry);
    if (ownership !== this.#ownerChanges.ownership) {
      this.#ownerChanges.reject(file);
      return null;
    }
    const { name, size, type, lastModified } = file;
    const facts = { id, name, size, type, lastModified, relativePath };
    const upload = recovered ?? new Upload(this.#uploadServices, this, facts, this.#settings.owner, { file });
    upload.handle = handle;
    if (isOneOfMany) this.#keySuffixes.set(upload, relativePath || name);
    if (recovered) upload.file = file;
    else upload.objectKey = this.#requestedKey(upload);
    this.#list.add(upload);
    this.#emit('mule-add', { upload: upload.snapshot });
    if (recovered) {
      this.#requeue(upload);
      return upload;
    }
    // the code for checksums loads while the file is being read
    if (this.#shared.checksums.isWanted) void this.#shared.checksums.loadKit();
    this.#fileWriter.add(upload);
    if (this.options.autostart || entry.isStarted) this.#list.enqueue(upload);
    return upload;
  }

  #restoreUpload(record: JournalRecord): Upload {
    const { id, name, size, type, lastModified, relativePath } = record;
    const facts = { id, name, size, type, lastModified, relativePath };
    return new Upload(this.#uploadServices, this, facts, this.#settings.owner, { record });
  }

  /** Queues an upload again. @param isAsked whether the user or the page has asked to resume it */
  #requeue(upload: Upload, isAsked = true): void {
    upload.enqueue();
    this.#recovery.recordFile(upload);
    this.#fileWriter.add(upload);
    // without `autostart`, an upload that has never started waits for `start()`
    if (upload.status === 'queued' && (isAsked || upload.session || this.options.autostart)) this.#list.enqueue(upload);
  }

  /** Returns the object key to request: for one of several files, the `objectKey` of the page is only a prefix. */
  #requestedKey(upload: Upload): string {
    const { objectKey } = this.options;
    return objectKey && objectKey + (this.#keySuffixes.get(upload) ?? '');
  }

  /** Applies changed options to listed uploads, and restarts those that have failed because an option was missing or too low. */
  #applyToPending(changes: UploaderOptions, { maxRetries, autostart }: Readonly<ResolvedOptions>): void {
    const { options } = this;
    const isChanged = (...names: (keyof UploaderOptions)[]): boolean => names.some((name) => name in changes);
    const isOtherSigner = isChanged('signer', 'urls', 'sign');
    const hasSigner = options.sign !== undefined || actionUrl('get_init_signature', options) !== null;
    for (const upload of this.#list.all) {
      const { status, session } = upload;
      const code = status === 'failed' && upload.snapshot.error?.code;
      if (isChanged('objectKey') && !session) upload.objectKey = this.#requestedKey(upload);
      // signs again what the signer had refused; also for aborted uploads, whose abort on the store may be pending
      if (isOtherSigner || isChanged('headers', 'credentials', 'params')) upload.authorize();
      if (isOtherSigner) upload.retryNow(false);
      const isCauseRemoved =
        (code === 'no-signer' && isOtherSigner && hasSigner)
        || (code === 'too-many-retries' && options.maxRetries > maxRetries);
      if (isCauseRemoved) this.#requeue(upload);
      else if (status === 'queued' && options.autostart && !autostart) this.#list.enqueue(upload);
    }
    this.#list.startNext();
  }

  // ---- The user and the owner ----

  /** Records the user that the signer names, also in each other manager with the same signer that knew its user. */
  #identifyUser(principal: string | null | undefined): void {
    // a disposed uploader does not end uploads: they stay stored for their owner
    if (this.#lifetime.signal.aborted) return;
    const { scope, recover } = this.options;
    if (principal === undefined && !scope && (recover === 'auto' || recover === 'ask'))
      void this.#shared.deferredCode
        .load()
        .then(({ warnOfMissingPrincipal }) => warnOfMissingPrincipal())
        .catch(() => {});
    this.#recovery.identify(principal);
    if (principal === undefined) return;
    for (const other of managersOfPage())
      if (other !== this && other.#shared.user.isKnown && this.#hasSameSigner(other))
        other.#recovery.identify(principal);
  }

  #hasSameSigner(other: UploadManager): boolean {
    const [one, two] = [this.options, other.options];
    return (
      this.#settings.scope === other.#settings.scope
      && one.sign === two.sign
      && actionUrl('get_init_signature', one) === actionUrl('get_init_signature', two)
    );
  }

  /** Ends every upload of this uploader in this page, because the owner has changed or is forgotten. */
  #endAll(options?: Parameters<OwnerChanges['endAll']>[0]): void {
    this.#ownerChanges.endAll(options);
    this.#settle();
  }

  /** Removes uploads of another owner from the list. @param isByPage whether the page, not the signer, changed the owner */
  #unlist(uploads: readonly Upload[], isByPage = false): void {
    this.#ownerChanges.remove(uploads, isByPage);
    this.#settle();
  }

  // ---- Reports of uploads, recovery and the page ----

  emit<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void {
    const { upload: snapshot } = detail as { upload: UploadSnapshot };
    if (!this.#list.has(snapshot.id)) return;
    const upload = this.#list.find(snapshot.id);
    if (type === 'mule-status') this.#updateStatus(upload);
    if (type === 'mule-complete') this.#reportProgress(upload);
    if (type === 'mule-part') {
      const { size, duration } = detail as UploaderEventMap['mule-part']['detail'];
      this.#shared.throughput.recordPart(size, duration);
      this.#shared.scheduler.recordPartDuration(duration);
    }
    this.#emit(type, detail);
    const isEnd = isOver(upload.status) && (type === 'mule-complete' || type === 'mule-abort' || type === 'mule-error');
    if (isEnd) this.#settle(true);
    if (type === 'mule-status' && !isRunning(upload.status) && upload.status !== 'queued') this.#list.startNext();
  }

  changed(upload: Upload): void {
    this.#list.markChanged(upload);
    this.#progress.add(upload);
  }

  stored(): void {
    this.#list.startNext();
  }

  #handleRecovery(report: RecoveryReport): void {
    switch (report.type) {
      case 'listed':
        this.#emit('mule-recover', { uploads: report.uploads });
        break;
      case 'file-found':
        this.#requeue(report.upload, report.isAsked);
        this.#list.startNext();
        break;
      case 'other-user':
        this.#unlist([report.upload]);
        break;
      case 'user-changed':
        this.#endAll({ isByPage: false });
        break;
      case 'user-known':
        this.#ready = this.#recovery.load();
        break;
      default:
    }
  }

  #handlePageEvent(event: PageEvent): void {
    // an event may arrive while the uploader is being disposed of
    if (this.#lifetime.signal.aborted) return;
    const { running } = this.#list;
    switch (event) {
      case 'online':
      case 'offline':
        this.#emit('mule-network', { online: event === 'online' });
        break;
      // the network may be back, or the page is visible again
      case 'wake':
        this.#shared.deferredCode.retryNow();
        this.#shared.reachability.probeNow();
        for (const upload of running) upload.retryNow(false);
        break;
      // connections from before the sleep no longer work
      case 'slept':
        this.#ports.transport.onWakeFromSleep?.();
        break;
      case 'hide':
        for (const upload of running) upload.suspend();
        this.#tabs.releaseAll();
        this.#shared.presence.hide();
        break;
      case 'show':
        if (this.#attachment) this.#shared.presence.show();
        for (const upload of running) upload.revive();
        break;
      default:
    }
  }

  #updateStatus(upload: Upload): void {
    this.#list.reindex(upload);
    if (isOver(upload.status)) this.#inits.cancel(upload);
    if (upload.status === 'complete' || upload.status === 'aborted') {
      this.#fileWriter.remove(upload);
      this.#recovery.drop(upload);
    }
    this.#pageLifecycle.update();
    this.#tabs.report(upload, true);
  }

  #reportProgress(upload: Upload): void {
    upload.updateSpeed();
    this.#list.markChanged(upload);
    const { snapshot } = upload;
    const { loaded, size, ratio, speed, eta } = snapshot;
    const hasProgressed = loaded !== upload.reportedBytes;
    upload.reportedBytes = loaded;
    this.#tabs.report(upload);
    if (hasProgressed && this.#list.has(upload.id))
      this.#emit('mule-progress', { upload: snapshot, loaded, total: size, ratio, speed, eta });
  }

  /**
   * Dispatches `mule-finish` if no upload is active, and resolves `finished()` if all have ended: paused ones have not.
   * @param hasEnded whether an upload has just ended
   */
  #settle(hasEnded = false): void {
    const isEventDue = !this.#list.activeCount && (hasEnded || this.#isFinishDue);
    // files that are being added may still start
    this.#isFinishDue = isEventDue && this.#list.addCalls > 0;
    if (isEventDue && !this.#list.addCalls) {
      const [completed, failed] = [this.#list.snapshotsOf('complete'), this.#list.snapshotsOf('failed')];
      this.#emit('mule-finish', { completed, failed });
    }
    if (!this.#list.isFinished || this.#list.addCalls) return;
    this.#shared.presence.withdraw();
    this.#shared.checksums.release();
    this.#pageLifecycle.update();
    for (const { resolve } of this.#finishedPromises) resolve([...this.#list.snapshots]);
    this.#finishedPromises.clear();
  }

  #remove(upload: Upload): void {
    this.#list.remove(upload);
    this.#progress.remove(upload);
    this.#settle();
  }
}

const managersOfPage = (): UploadManager[] => [...managers].flatMap((reference) => reference.deref() ?? []);
