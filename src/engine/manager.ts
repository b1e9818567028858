import { loadAcceptRule, rejectionOf } from './files/file-rules.js';
import { ChecksumService } from './integrity/checksum-service.js';
import type { Entry, Rules } from './files/file-entries.js';
import { FileStoreWriter } from './resume/file-store-writer.js';
import { InitBatcher } from './signing/init-batcher.js';
import { Intake } from './uploads/intake.js';
import { JournalWriter } from './resume/journal-writer.js';
import { ThroughputEstimator } from './network/throughput.js';
import { newId } from './util/new-id.js';
import { TrackerNotifier } from './signing/tracker-notifier.js';
import { isOtherOwner, mergeOptions } from './api/options.js';
import type { ResolvedOptions } from './api/options.js';
import { PageLifecycle } from './uploads/page-lifecycle.js';
import { Reachability } from './network/reachability.js';
import { Recovery } from './uploads/recovery.js';
import { UploadList } from './uploads/upload-list.js';
import { Scheduler } from './network/scheduler.js';
import { principalOf, referenceOf } from './model/session.js';
import { SignatureCache } from './signing/signature-cache.js';
import { SignerHealth } from './network/signer-health.js';
import { actionUrl } from './util/action-url.js';
import { isOver, isRunning } from './api/status.js';
import { SmallFileCache } from './files/small-file-cache.js';
import { S3Client } from './s3/client.js';
import { TabCoordinator } from './resume/tab-coordinator.js';
import { TimeSlicer } from './util/time-slicer.js';
import type {
  AdmissionRules,
  FileHandle,
  TotalProgress,
  UploadSnapshot,
  UploaderEventMap,
  UploaderOptions,
  UploaderStatus,
} from './api/types.js';
import type { Ports } from './ports.js';
import { Upload } from './uploads/upload.js';
import type { Owner, UploadHost } from './uploads/upload-host.js';
import { PagePresence } from './resume/page-presence.js';

/** Milliseconds between two progress events of one upload. */
const TICK = 100;
/** Every uploader of this page, so that what ends for a user ends in all of them. */
const uploaders = new Set<WeakRef<UploadManager>>();
let hasWarnedOfPrincipal = false;

/** Sends an event to whoever listens to the uploader. @returns false where it was a gate and somebody closed it */
export type Tell = <K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']) => boolean;

/** All that an uploader does: `Uploader` fetches it, hands everything on to it, and says what each member does. */
export class UploadManager {
  readonly #ports: Ports;
  readonly #emit: Tell;
  readonly #roster: UploadList;
  readonly #intake: Intake;
  readonly #smallFiles: SmallFileCache;
  readonly #line: ThroughputEstimator;
  readonly #dirty = new Set<Upload>();
  /** What follows the prefix `objectKey` in the keys of files that came with others. */
  readonly #ownNames = new WeakMap<Upload, string>();
  readonly #reachabilities = new Map<string, Reachability>();
  /** Methods and origins of which an answer could be read. */
  readonly #readable = new Set<string>();
  /** Whether the store has ever done what a signature asked for. */
  #hasSigned = false;
  readonly #signerHealth = new SignerHealth();
  readonly #lifetime = new AbortController();
  readonly #finishers = new Set<{ resolve(uploads: UploadSnapshot[]): void; reject(error: Error): void }>();
  readonly #scheduler: Scheduler;
  readonly #keeper: JournalWriter;
  readonly #desk: InitBatcher;
  readonly #checksumDesk: ChecksumService;
  readonly #tabs: TabCoordinator;
  readonly #visit: PagePresence;
  readonly #files: FileStoreWriter;
  readonly #recovery: Recovery;
  readonly #page: PageLifecycle;
  readonly #host: UploadHost;
  #options: Readonly<ResolvedOptions>;
  #ready: Promise<void> | null = null;
  /** Calls of `add` under way. */
  #arriving = 0;
  #isDetached = false;
  /** The last call of `attach()`; null after `detach()`. */
  #attachment: object | null = null;
  /** Changes when another user, or another owner of uploads, takes the place of the former one. */
  #era = {};
  /** Scopes that this uploader has stored anything under. */
  readonly #scopes = new Set<string>();
  /** Uploads that `forget()` has ended: nothing is written of them any more. */
  readonly #forgotten = new WeakSet<Upload>();
  #cancelTick: (() => void) | null = null;

  constructor(
    options: Readonly<ResolvedOptions>,
    makePorts: (options: () => Readonly<ResolvedOptions>) => Ports,
    tell: Tell,
  ) {
    this.#options = options;
    const ports = makePorts(() => this.#options);
    this.#ports = ports;
    this.#emit = tell;
    this.#scheduler = new Scheduler(ports.clock, () => this.#options);
    this.#visit = new PagePresence(ports.tabLock, newId());
    this.#keeper = new JournalWriter(ports.journal, () => ({
      ...this.#owner,
      principal: this.#recovery.user,
      visit: this.#visit.name,
    }));
    this.#roster = new UploadList(
      () => (this.#isDetached ? 0 : this.#scheduler.lanes),
      () => this.#options.partSize,
    );
    this.#line = new ThroughputEstimator(
      ports.keyValueStore,
      () => this.#scope,
      () => ports.clock.monotonic(),
    );
    this.#smallFiles = new SmallFileCache(ports.clock);
    this.#intake = new Intake(this.#roster, this.#smallFiles, (type, detail) => this.#emit(type, detail));
    const getOptions = (): Readonly<ResolvedOptions> => this.#options;
    this.#checksumDesk = new ChecksumService(ports.loadHasher, () => this.#options.checksum);
    this.#desk = new InitBatcher({
      signer: ports.signer,
      clock: ports.clock,
      checksumDesk: this.#checksumDesk,
      lifetime: this.#lifetime.signal,
      get options() {
        return getOptions();
      },
      partSizeFor: (size, isRead) =>
        this.#line.partSizeFor(size, {
          limit: this.#options.bandwidthLimit,
          mustPrecompute: isRead,
          concurrentFiles: Math.min(this.#roster.unfinished, this.#scheduler.lanes),
        }),
      upcoming: () => this.#roster.upcoming(),
      signerHealth: this.#signerHealth,
      answered: (answer) => {
        this.#meet(principalOf(answer));
        this.#files.wake();
      },
      prepare: (upload) => this.#intake.prepare(upload),
    });
    this.#tabs = new TabCoordinator({
      lock: ports.tabLock,
      channel: ports.tabChannel,
      clock: ports.clock,
      recognise: (upload) => this.#intake.recognise(upload),
      load: () => (this.#options.recover === 'off' ? Promise.resolve([]) : this.#keeper.load()),
      elsewhere: () => this.#visit.elsewhere,
      isOurs: (record) => this.#recovery.isOurs(record),
      isOfOther: (record) => this.#recovery.isOfOther(record),
    });
    this.#files = this.#makeFileKeeper();
    this.#recovery = this.#makeRecovery();
    this.#page = new PageLifecycle(ports.page, {
      get options() {
        return getOptions();
      },
      isBusy: () => this.#roster.running.size > 0 || this.#visit.isAnnounced,
      hasToStay: () => [...this.#roster.running].some(({ snapshot }) => snapshot.waitingFor !== 'tab'),
      wake: () => {
        for (const reachability of this.#reachabilities.values()) reachability.probeNow();
        for (const upload of this.#roster.running) upload.retryNow(false);
      },
      hurry: () => ports.transport.onWakeFromSleep?.(),
      hide: () => {
        for (const upload of this.#roster.running) upload.suspend();
        this.#tabs.leave();
        this.#visit.hide();
      },
      show: () => {
        if (!this.#isDetached) this.#visit.show();
        for (const upload of this.#roster.running) upload.revive();
      },
      emit: (type, detail) => this.#emit(type, detail),
    });
    this.#host = this.#makeHost();
    for (const known of uploaders) if (!known.deref()) uploaders.delete(known);
    uploaders.add(new WeakRef(this));
  }

  get options(): Readonly<ResolvedOptions> {
    return this.#options;
  }

  get uploads(): readonly UploadSnapshot[] {
    return this.#roster.snapshots;
  }

  get progress(): TotalProgress {
    return this.#roster.progress;
  }

  has(id: string): boolean {
    return this.#roster.has(id);
  }

  get status(): UploaderStatus {
    return this.#roster.status;
  }

  get ready(): Promise<void> {
    return (this.#ready ??= this.#recovery.load());
  }

  configure(changes: UploaderOptions): void {
    const options = mergeOptions(this.#options, changes);
    const before = this.#options;
    const isOther = isOtherOwner(options, before);
    // before the signer has answered, a scope that comes late is that of the files that came early
    const isInUse = before.scope !== '' || this.#desk.hasAnswer;
    if (isOther && isInUse) this.#endAll();
    this.#options = options;
    if (this.#ready && (isOther || (!options.scope && options.signer !== before.signer))) {
      for (const upload of this.#roster.all) if (!upload.session) upload.owner = this.#owner;
      // another user's, or another destination's, unfinished uploads are not for this one to see
      this.#leave(this.#recovery.leave(), true);
      this.#ready = this.#recovery.load();
    }
    this.#scheduler.dispatch();
    this.#applyToPending(changes, before);
    this.#page.update();
  }

  /** Lets changed options take effect on uploads that wait, are held, or have failed for lack of them. */
  #applyToPending(changes: UploaderOptions, { maxRetries, autostart }: Readonly<ResolvedOptions>): void {
    const options = this.#options;
    const isSet = (...names: (keyof UploaderOptions)[]): boolean => names.some((name) => name in changes);
    const isOtherSigner = isSet('signer', 'urls', 'sign');
    for (const upload of this.#roster.all) {
      const { status, session } = upload;
      const code = status === 'failed' && upload.snapshot.error?.code;
      if (isSet('objectKey') && !session) upload.objectKey = this.#keyWish(upload);
      // those aborted here, too: the store has yet to hear of it
      if (isOtherSigner || isSet('headers', 'credentials', 'params')) upload.authorize();
      if (isOtherSigner) upload.retryNow(false);
      if (
        (code === 'no-signer' && isOtherSigner && (options.sign || actionUrl('get_init_signature', options)))
        || (code === 'too-many-retries' && options.maxRetries > maxRetries)
      )
        this.#requeue(upload);
      else if (status === 'queued' && options.autostart && !autostart) this.#roster.enqueue(upload);
    }
    this.#roster.startNext();
  }

  /** Returns the wish for an upload's key; of several files each has its own name below the prefix. */
  #keyWish(upload: Upload): string {
    const { objectKey } = this.#options;
    return objectKey && objectKey + (this.#ownNames.get(upload) ?? '');
  }

  async add(entries: readonly Entry[], rules: Rules = this.#options.rules): Promise<UploadSnapshot[]> {
    const taken: Upload[] = [];
    const era = this.#era;
    this.#arriving++;
    try {
      await Promise.all([
        this.ready,
        loadAcceptRule(
          entries.map(({ file }) => file),
          rules.accept,
        ),
      ]);
      const isAdmitted = ({ file, fault }: Entry): boolean =>
        !fault && !rejectionOf(file, { ...rules, maxFiles: Infinity }, 0);
      rules.onReady?.(entries.some(isAdmitted), this.uploads);
      const turns = new TimeSlicer(this.#ports.clock);
      for (const entry of entries) {
        if (entry.isAborted) continue;
        if (era !== this.#era) {
          this.#rejectOfFormerUser(entry.file);
          continue;
        }
        if (rules.signal?.aborted || this.#lifetime.signal.aborted) break;
        const upload = await this.#take(entry, rules, entries.length > 1);
        if (upload) taken.push(upload);
        if (!turns.isExpired) continue;
        // the first go up while the last are still being taken in
        this.#roster.startNext();
        await turns.yieldToPage();
      }
    } finally {
      this.#arriving--;
    }
    this.#roster.startNext();
    this.#settle();
    return taken.map(({ snapshot }) => snapshot);
  }

  partStates(id: string): Uint8Array | null {
    return this.#roster.find(id).partStates;
  }

  fileOf(id: string): File | null {
    return this.#roster.find(id).file;
  }

  start(id?: string): void {
    for (const upload of this.#roster.chosen(id)) if (upload.status === 'queued') this.#roster.enqueue(upload);
    this.#roster.startNext();
  }

  pause(id?: string): void {
    for (const upload of this.#roster.chosen(id)) upload.pause();
  }

  async resume(id?: string, file?: File | FileHandle): Promise<void> {
    if (file && id !== undefined) await this.#intake.giveFile(this.#roster.find(id), file);
    const chosen = this.#roster.chosen(id);
    for (const upload of chosen) {
      const isGivenBack = file && upload.status === 'failed';
      if (upload.status !== 'paused' && upload.status !== 'needs-file' && !isGivenBack) continue;
      if (upload.file) this.#requeue(upload);
    }
    this.#roster.startNext();
    await this.#recovery.reopen(chosen);
  }

  abort(id?: string): void {
    for (const upload of this.#roster.chosen(id)) upload.abort();
    this.#roster.startNext();
  }

  retry(id?: string): void {
    for (const reachability of this.#reachabilities.values()) reachability.probeNow();
    for (const upload of this.#roster.chosen(id)) {
      if (upload.status === 'failed') this.#requeue(upload);
      else if (isRunning(upload.status)) upload.retryNow(true);
    }
    this.#scheduler.release();
    this.#roster.startNext();
  }

  dismiss(id: string): void {
    if (!this.#roster.has(id)) return;
    const upload = this.#roster.find(id);
    if (isOver(upload.status)) this.#drop(upload);
  }

  clear(): void {
    for (const upload of this.#roster.all) if (isOver(upload.status)) this.#drop(upload);
  }

  finished(): Promise<UploadSnapshot[]> {
    return new Promise((resolve, reject) => {
      if (this.#lifetime.signal.aborted) {
        reject(new DOMException('The uploader was disposed of', 'AbortError'));
        return;
      }
      this.#finishers.add({ resolve, reject });
      void this.ready.then(() => this.#settle());
    });
  }

  async forget(): Promise<void> {
    const scopes = new Set([...this.#scopes, this.#scope]);
    const uploaders = this.#ofPage().filter((uploader) => uploader === this || scopes.has(uploader.#scope));
    for (const uploader of uploaders) {
      uploader.#endAll({ isForgotten: true });
      uploader.#recovery.leave();
    }
    this.#line.forget();
    // by each of them: what one is still writing comes before its own wipe
    const wipes = uploaders.flatMap((uploader) =>
      [...scopes].flatMap((scope) => [uploader.#keeper.wipe(scope), uploader.#ports.fileStore.wipe(scope)]),
    );
    await Promise.all(wipes);
  }

  /** Pauses what runs, and lets other tabs resume it; the files stay in hand. @returns ids of what was paused */
  detach(): string[] {
    const running = this.#roster.all.filter((upload) => isRunning(upload.status) || this.#roster.isInQueue(upload));
    for (const upload of running.reverse()) upload.pause();
    this.#isDetached = true;
    this.#attachment = null;
    this.#tabs.leave();
    this.#visit.hide();
    return running.map(({ id }) => id);
  }

  /** Undoes `detach()`, once the same user is known to be signed in. @param ids what it returned */
  attach(ids: readonly string[]): true | Promise<boolean> {
    const attachment = (this.#attachment = {});
    const goOn = (isSameUser: boolean): boolean => {
      if (this.#attachment !== attachment) return false;
      this.#isDetached = false;
      this.#visit.show();
      for (const id of ids) if (this.#roster.has(id)) void this.resume(id);
      this.#roster.startNext();
      return isSameUser;
    };
    if (!this.#recovery.hasToConfirm) return goOn(true) || true;
    return this.#recovery.confirm().then(goOn);
  }

  dispose(): void {
    this.#lifetime.abort();
    for (const known of uploaders) if (known.deref() === this) uploaders.delete(known);
    for (const upload of this.#roster.all) upload.dispose();
    this.#cancelTick?.();
    this.#page.dispose();
    this.#checksumDesk.release();
    this.#files.dispose();
    this.#visit.end();
    for (const { reject } of this.#finishers) reject(new DOMException('The uploader was disposed of', 'AbortError'));
    this.#finishers.clear();
  }

  // ---- Taking files in ----

  async #take(entry: Entry, rules: AdmissionRules, areMany: boolean): Promise<Upload | null> {
    const { file, relativePath = '', handle = null, id = newId() } = entry;
    const era = this.#era;
    const unfinished = entry.fault ? null : await this.#intake.findUnfinished(entry);
    if (unfinished && this.#roster.has(unfinished.id)) {
      unfinished.file = file;
      unfinished.handle = handle;
      this.#requeue(unfinished);
      return unfinished;
    }
    const rejection = this.#intake.refuse(entry, rules);
    if (rejection) {
      this.#emit('mule-reject', { file, ...(relativePath && { relativePath }), ...rejection });
      return null;
    }
    const known = await this.#recovery.takeBack(entry);
    if (era !== this.#era) {
      this.#rejectOfFormerUser(file);
      return null;
    }
    const { name, size, type, lastModified } = file;
    const facts = { id, name, size, type, lastModified, relativePath };
    const upload = known ?? new Upload(this.#host, facts, this.#owner, { file });
    upload.handle = handle;
    if (areMany) this.#ownNames.set(upload, relativePath || name);
    if (known) upload.file = file;
    else upload.objectKey = this.#keyWish(upload);
    this.#roster.add(upload);
    this.#emit('mule-add', { upload: upload.snapshot });
    if (known) {
      this.#requeue(upload);
      return upload;
    }
    // it arrives while the file is looked at
    if (this.#checksumDesk.isWanted) void this.#checksumDesk.loadHasher();
    this.#files.consider(upload);
    if (this.#options.autostart) this.#roster.enqueue(upload);
    return upload;
  }

  #requeue(upload: Upload, isAsked = true): void {
    upload.enqueue();
    this.#recovery.taken(upload);
    this.#files.consider(upload);
    // what was never begun is held as if it had just been added
    if (upload.status === 'queued' && (isAsked || upload.session || this.#options.autostart))
      this.#roster.enqueue(upload);
  }

  #makeFileKeeper(): FileStoreWriter {
    const { clock, fileStore: shelf } = this.#ports;
    return new FileStoreWriter({
      clock,
      shelf,
      isOn: () => this.#options.recover === 'auto' || this.#options.recover === 'ask',
      isOwnerKnown: ({ session }) =>
        this.#options.scope !== '' || (session ? session.principal : this.#recovery.user) !== undefined,
      recognise: (upload) => this.#intake.recognise(upload),
      remember: (upload) => this.#remember(upload),
    });
  }

  #makeRecovery(): Recovery {
    const { clock, signer, fileStore: shelf } = this.#ports;
    const getOptions = (): Readonly<ResolvedOptions> => this.#options;
    return new Recovery({
      clock,
      signer,
      shelf,
      journal: this.#keeper,
      files: this.#files,
      roster: this.#roster,
      lifetime: this.#lifetime.signal,
      get options() {
        return getOptions();
      },
      free: async (records) => this.#visit.without(await this.#tabs.without(records)),
      revive: (record) => {
        const { id, name, size, type, lastModified, relativePath } = record;
        const facts = { id, name, size, type, lastModified, relativePath };
        return new Upload(this.#host, facts, this.#owner, { record });
      },
      remember: (upload) => this.#remember(upload),
      goOn: (upload, isAsked) => {
        this.#requeue(upload, isAsked);
        this.#roster.startNext();
      },
      drop: (upload) => this.#leave([upload]),
      userChanged: () => this.#endAll({ isByPage: false }),
      reload: () => (this.#ready = this.#recovery.load()),
      tell: (uploads) => this.#emit('mule-recover', { uploads }),
    });
  }

  async #remember(upload: Upload): Promise<void> {
    if (this.#options.recover === 'off' || this.#forgotten.has(upload)) return;
    this.#scopes.add(upload.owner.scope);
    // one that is aborted is any page's to bring to its end
    const isTold = isOver(upload.status) || upload.isReleased ? null : this.#visit.begin();
    if (isTold) this.#page.update();
    await this.#keeper.save(upload, isTold);
  }

  // ---- What uploads ask of their host ----

  #makeHost(): UploadHost {
    const { clock, signer, transport } = this.#ports;
    const getOptions = (): Readonly<ResolvedOptions> => this.#options;
    return {
      clock,
      get options() {
        return getOptions();
      },
      scheduler: this.#scheduler,
      checksumDesk: this.#checksumDesk,
      smallFiles: this.#smallFiles,
      line: this.#line,
      lifetime: this.#lifetime.signal,
      store: new S3Client(transport, ({ method, url }, isGood, protocol) => {
        this.#hasSigned ||= isGood;
        this.#readable.add(`${method} ${new URL(url).origin}`);
        const { origin } = new URL(url);
        this.#reachabilities.get(origin)?.recordAnswer();
        this.#scheduler.updateConnection({ protocol, isSigners: origin === this.#signerOrigin });
      }),
      signerHealth: this.#signerHealth,
      makeSignatures: ({ id }) =>
        new SignatureCache(
          {
            call: async (...call) => {
              const answer = await signer.call(...call);
              this.#signerHealth.answered(id);
              return answer;
            },
          },
          clock,
        ),
      makeNotices: (session) =>
        this.#wantsNotices(session) ? new TrackerNotifier(signer, clock, () => referenceOf(session)) : null,
      reachability: (url) => this.#reachability(url),
      isReadable: (method, url) => this.#readable.has(`${method} ${new URL(url).origin}`),
      isSignerKnown: () => this.#desk.hasAnswer,
      hasSigned: () => this.#hasSigned,
      serverTime: () => clock.now() + this.#desk.skew,
      init: (upload) => this.#desk.ask(upload),
      claim: (upload, signal) => this.#tabs.claim(upload, signal),
      isElsewhere: (upload) => this.#tabs.isElsewhere(upload),
      remember: (upload) => this.#remember(upload),
      forget: (upload) => (this.#options.recover === 'off' ? Promise.resolve() : this.#keeper.remove(upload)),
      emit: (type, detail) => this.#relay(type, detail),
      changed: (upload) => this.#markDirty(upload),
    };
  }

  #wantsNotices({ actions, uploadId, tracked }: NonNullable<Upload['session']>): boolean {
    return (uploadId !== null || tracked) && actions.includes('chunk_loaded') && this.#options.urls.chunk_loaded !== '';
  }

  #reachability(url: string): Reachability {
    const { origin, pathname } = new URL(url);
    let known = this.#reachabilities.get(origin);
    if (!known) {
      const { transport, clock } = this.#ports;
      known = new Reachability(origin + pathname, transport, clock, this.#lifetime.signal, (online) =>
        this.#emit('mule-network', { online }),
      );
      this.#reachabilities.set(origin, known);
    }
    return known;
  }

  /** Null where a function stands in for it. */
  get #signerOrigin(): string | null {
    const { sign } = this.#options;
    const url = actionUrl('get_init_signature', this.#options);
    if (sign || url === null) return null;
    try {
      // not URL.canParse: Node's answers true for text for which this throws
      return new URL(url, globalThis.location?.href).origin;
    } catch {
      return null;
    }
  }

  get #scope(): string {
    const { scope, signer } = this.#options;
    return scope || signer || 'page';
  }

  /** Whose the uploads are that are added now. */
  get #owner(): Owner {
    return { scope: this.#scope, recoveryKey: this.#options.recoveryKey };
  }

  /** Every uploader of this page, this one included. */
  #ofPage(): UploadManager[] {
    return [...uploaders].flatMap((known) => known.deref() ?? []);
  }

  /** Records the user that the signer names, for every uploader of this page that has the same signer. */
  #meet(user: string | null | undefined): void {
    const { scope, recover } = this.#options;
    if (user === undefined && !scope && (recover === 'auto' || recover === 'ask') && !hasWarnedOfPrincipal) {
      hasWarnedOfPrincipal = true;
      console.warn(
        'mule-upload: the signer names no `principal` in its answer to get_init_signature. So unfinished uploads resume only when their file is chosen again. Let the signer name the signed-in user, or null where nobody signs in; or set `scope` to an id of the user.',
      );
    }
    this.#recovery.identify(user);
    if (user === undefined) return;
    const isSameSigner = ({ sign, signer, urls }: Readonly<ResolvedOptions>): boolean =>
      sign === this.#options.sign
      && actionUrl('get_init_signature', { signer, urls }) === actionUrl('get_init_signature', this.#options);
    for (const other of this.#ofPage())
      if (
        other !== this
        && other.#scope === this.#scope
        && other.#recovery.user !== undefined
        && isSameSigner(other.#options)
      )
        other.#recovery.identify(user);
  }

  /**
   * Ends every upload in this page, because its owner is gone: what runs, what is queued, what is over. The journal
   * keeps what is unfinished for that owner.
   */
  #endAll({ isForgotten = false, isByPage = true } = {}): void {
    this.#era = {};
    const all = this.#roster.all;
    if (isForgotten) for (const upload of all) this.#forgotten.add(upload);
    this.#leave(all, isByPage, true);
    this.#visit.rest();
  }

  /**
   * Takes uploads off the list whose owner is gone.
   * @param isByPage whether the page knows of it
   * @param isAll whether the owner has changed, so that the page is told even where nothing was listed
   */
  #leave(uploads: readonly Upload[], isByPage = false, isAll = false): void {
    const ended = uploads.filter(({ id }) => this.#roster.has(id));
    const lost = ended.filter(({ file, status, recovered }) => file && !isOver(status) && !recovered);
    // the queue first, or its uploads would begin as others make room
    const isQueued = ({ status }: Upload): boolean => status === 'queued';
    for (const upload of [...ended.filter(isQueued), ...ended.filter((one) => !isQueued(one))]) {
      upload.release();
      this.#desk.cancel(upload);
      // which of the two users has chosen it nobody can tell: it is kept for neither
      if (!isByPage && !upload.session && !upload.recovered) {
        this.#forgotten.add(upload);
        this.#files.release(upload);
        void this.#keeper.remove(upload);
      } else this.#files.drop(upload);
      this.#roster.remove(upload);
      this.#dirty.delete(upload);
    }
    if (ended.length || isAll) this.#emit('mule-owner-change', { uploads: ended.map(({ snapshot }) => snapshot) });
    if (!isByPage) for (const { file } of lost) this.#rejectOfFormerUser(file!);
    this.#settle();
  }

  #rejectOfFormerUser(file: File): void {
    const message = 'A file was not uploaded, because another user is signed in now. Add it again.';
    this.#emit('mule-reject', { file, code: 'user-changed', message });
  }

  /** Passes an upload's event on, and keeps the books by it. */
  #relay<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void {
    const { upload: snapshot } = detail as { upload: UploadSnapshot };
    if (!this.#roster.has(snapshot.id)) return;
    const upload = this.#roster.find(snapshot.id);
    if (type === 'mule-status') this.#book(upload);
    if (type === 'mule-complete') this.#reportProgress(upload);
    if (type === 'mule-part') this.#measure(detail as UploaderEventMap['mule-part']['detail']);
    this.#emit(type, detail);
    const isEnd = isOver(upload.status) && (type === 'mule-complete' || type === 'mule-abort' || type === 'mule-error');
    if (isEnd) this.#settle(true);
    if (type === 'mule-status' && !isRunning(upload.status) && upload.status !== 'queued') this.#roster.startNext();
  }

  #measure({ size, duration }: UploaderEventMap['mule-part']['detail']): void {
    this.#line.recordPart(size, duration);
    this.#scheduler.recordPartDuration(duration);
  }

  #book(upload: Upload): void {
    this.#roster.reindex(upload);
    if (isOver(upload.status)) this.#desk.cancel(upload);
    if (upload.status === 'complete' || upload.status === 'aborted') {
      this.#files.release(upload);
      this.#recovery.drop(upload);
    }
    this.#page.update();
    this.#tabs.report(upload, true);
  }

  /** Tells the page, and whoever waits, when nothing is left to do. */
  #settle(hasEnded = false): void {
    if (hasEnded && !this.#roster.isActive) {
      this.#emit('mule-finish', {
        completed: this.#roster.snapshotsOf('complete'),
        failed: this.#roster.snapshotsOf('failed'),
      });
    }
    if (!this.#roster.isOver || this.#arriving) return;
    this.#visit.rest();
    this.#checksumDesk.release();
    this.#page.update();
    for (const { resolve } of this.#finishers) resolve([...this.#roster.snapshots]);
    this.#finishers.clear();
  }

  // ---- Progress ----

  #markDirty(upload: Upload): void {
    this.#dirty.add(upload);
    this.#cancelTick ??= this.#ports.clock.setTimer(() => {
      this.#cancelTick = null;
      const dirty = [...this.#dirty];
      this.#dirty.clear();
      for (const one of dirty) this.#reportProgress(one);
    }, TICK);
  }

  #reportProgress(upload: Upload): void {
    upload.tick();
    const { snapshot } = upload;
    const { loaded, size, ratio, speed, eta } = snapshot;
    const isNew = loaded !== upload.reported;
    upload.reported = loaded;
    this.#tabs.report(upload);
    if (isNew && this.#roster.has(upload.id))
      this.#emit('mule-progress', { upload: snapshot, loaded, total: size, ratio, speed, eta });
  }

  #drop(upload: Upload): void {
    this.#roster.remove(upload);
    this.#dirty.delete(upload);
    this.#settle();
  }
}
