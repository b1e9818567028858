import type { Settings } from '../api/options.js';
import type { CurrentUser } from '../model/current-user.js';
import type { FileStore } from '../ports.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import { actionUrl } from '../util/action-url.js';
import type { OwnerChanges } from './owner-changes.js';
import type { Recovery } from './recovery.js';

interface MemberServices {
  readonly settings: Settings;
  readonly user: CurrentUser;
  readonly journal: JournalWriter;
  readonly fileStore: FileStore;
  readonly recovery: Recovery;
  readonly ownerChanges: OwnerChanges;
}

/** All uploaders of this page. */
const members = new Set<WeakRef<PageUploader>>();

const membersOfPage = (): PageUploader[] => [...members].flatMap((reference) => reference.deref() ?? []);

/** One of the uploaders of this page: when the user changes, the uploads of the former one end in each of them. */
export class PageUploader {
  readonly #services: MemberServices;

  constructor(services: MemberServices) {
    this.#services = services;
    for (const reference of members) if (!reference.deref()) members.delete(reference);
    members.add(new WeakRef(this));
  }

  /** Records the user that the signer names, also in each other uploader with the same signer that knew its user. */
  identify(principal: string | null | undefined): void {
    this.#services.recovery.identify(principal);
    if (principal === undefined) return;
    for (const other of membersOfPage()) {
      const { user, recovery } = other.#services;
      if (other !== this && user.isKnown && this.#hasSameSigner(other)) recovery.identify(principal);
    }
  }

  /** Ends the uploads of this uploader, and of others with the same scopes; deletes their records and files. */
  async forget(): Promise<void> {
    const { scopes } = this.#services.journal;
    const membersOfScopes = membersOfPage().filter(
      (other) => other === this || scopes.has(other.#services.settings.scope),
    );
    for (const { ownerChanges, recovery } of membersOfScopes.map((member) => member.#services)) {
      ownerChanges.endAll({ isForgotten: true });
      recovery.reset();
    }
    // each uploader deletes by its own writer, after the pending writes of that writer
    const deletions = membersOfScopes.flatMap((member) => {
      const { journal, fileStore } = member.#services;
      return [...scopes].flatMap((scope) => [journal.wipe(scope), fileStore.wipe(scope)]);
    });
    await Promise.all(deletions);
  }

  dispose(): void {
    for (const reference of members) if (reference.deref() === this) members.delete(reference);
  }

  #hasSameSigner(other: PageUploader): boolean {
    const [settings, otherSettings] = [this.#services.settings, other.#services.settings];
    const [one, two] = [settings.options, otherSettings.options];
    return (
      settings.scope === otherSettings.scope
      && one.sign === two.sign
      && actionUrl('get_init_signature', one) === actionUrl('get_init_signature', two)
    );
  }
}
