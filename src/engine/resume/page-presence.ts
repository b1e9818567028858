import type { JournalRecord, TabLock } from '../ports.js';

const nameOf = (visit: string): string => `visit:${visit}`;

/**
 * Tells other tabs that this page lives, from the first record it writes: what it has queued or paused, with the file
 * in hand, is no other tab's to go on with by itself.
 */
export class PagePresence {
  readonly #lock: TabLock;
  readonly #ownName: string;
  #name: string | null = null;
  #release: (() => void) | null = null;
  #isWanted = false;
  #isAway = false;
  #isOver = false;
  #elsewhere: JournalRecord[] = [];
  /** Called when other tabs have to know about this page, and when that ends. */
  onChange = (): void => {};

  /** @param name of this page, unlike any other's */
  constructor(lock: TabLock, name: string) {
    this.#lock = lock;
    this.#ownName = name;
  }

  /** What records bear; null until the page's life can be told. */
  get name(): string | null {
    return this.#name;
  }

  /** What was left out because its page lives. */
  get elsewhere(): readonly JournalRecord[] {
    return this.#elsewhere;
  }

  /** Whether other tabs are to know that this page lives. */
  get isAnnounced(): boolean {
    return this.#isWanted;
  }

  /** Lets others know, once. */
  async begin(): Promise<void> {
    if (this.#isWanted || this.#isOver) return;
    this.#isWanted = true;
    this.#name = this.#ownName;
    this.onChange();
    await this.#acquire();
  }

  /** Has nothing any more that others should leave alone. */
  rest(): void {
    this.#isWanted = false;
    this.#letGo();
  }

  /** Leaves what there is to other tabs while the page is away: with a lock it would get into no cache. */
  hide(): void {
    this.#isAway = true;
    this.#letGo();
  }

  /** The page is back. */
  show(): void {
    this.#isAway = false;
    if (this.#isWanted) void this.#acquire();
  }

  /** Leaves what there is to other tabs, for good. */
  end(): void {
    this.#isOver = true;
    this.rest();
  }

  async #acquire(): Promise<void> {
    const release = await this.#lock.tryAcquire(nameOf(this.#ownName)).catch(() => null);
    if (this.#isWanted && !this.#isAway && !this.#release) this.#release = release;
    else release?.();
  }

  #letGo(): void {
    this.#release?.();
    this.#release = null;
  }

  /** Leaves out those records whose page lives. */
  async without(records: JournalRecord[]): Promise<JournalRecord[]> {
    const visits = new Set(records.flatMap(({ visit }) => (visit ? [nameOf(visit)] : [])));
    const alive = await this.#lock.held([...visits]).catch(() => new Set<string>());
    const isElsewhere = ({ visit }: JournalRecord): boolean =>
      visit !== null && visit !== this.#ownName && alive.has(nameOf(visit));
    this.#elsewhere = records.filter(isElsewhere);
    return records.filter((record) => !isElsewhere(record));
  }
}
