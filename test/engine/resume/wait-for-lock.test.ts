import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import * as deferredCode from '../../../src/engine/deferred-code.js';
import type { Ports } from '../../../src/engine/ports.js';
import { ModuleLoader } from '../../../src/engine/util/module-loader.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

interface TwoTabs {
  first: Harness;
  second: Harness;
  file: File;
  /** Releases the parts of the first tab that the store holds. */
  release: () => void;
  /** Lets the second tab load the deferred code. */
  loadCode: () => void;
}

/** Opens a tab that sends a file, and a tab that has the same file and has not loaded the deferred code. */
async function openTwoTabs(): Promise<TwoTabs> {
  const file = fileOf(3 * PART);
  const first = new Harness();
  first.store.next('part 1', (_request, proceed) => proceed());
  const release = first.store.hold('part');
  await first.uploader.add([file]);
  await first.until(() => first.uploadOf(NAME).parts.done === 1 && first.store.count('part') > 1);
  let loadCode = (): void => {};
  const code = new Promise<typeof deferredCode>((resolve) => (loadCode = () => resolve(deferredCode)));
  const { journal, fileStore, clock } = first;
  const ports = { journal, fileStore, deferredCode: new ModuleLoader(() => code, clock) } as Partial<Ports>;
  // the code loads within the timeout of the request for it
  const second = new Harness({ recover: 'off' }, ports, first);
  await second.uploader.add([file]);
  await second.until(() => second.uploadOf(NAME).status === 'waiting');
  return { first, second, file, release, loadCode };
}

describe('an upload of another tab, before the code that waits for it is loaded', () => {
  it('is shown as waiting for that tab, and with its progress once the code is loaded', async () => {
    const { first, second, release, loadCode } = await openTwoTabs();
    expect(second.uploadOf(NAME)).to.include({ waitingFor: 'tab', loaded: 0 });
    loadCode();
    await second.until(() => second.uploadOf(NAME).parts.done === 1);
    expect(second.uploadOf(NAME)).to.include({ status: 'waiting', waitingFor: 'tab' });
    release();
    await first.finished();
    await second.finished();
    expect(second.uploadOf(NAME).status).to.equal('complete');
    expect(first.store.count('part')).to.equal(3);
    expect(second.statuses(NAME)).to.deep.equal(['starting', 'waiting', 'complete']);
  });

  it('can be aborted, and this tab then does not request the lock', async () => {
    const { first, second, release, loadCode } = await openTwoTabs();
    second.uploader.abort();
    expect(second.uploadOf(NAME).status).to.equal('aborted');
    loadCode();
    await second.settle();
    const { pending = [] } = await navigator.locks.query();
    expect(pending.filter(({ name }) => name?.includes(first.uploader.options.scope))).to.be.empty;
    release();
    await first.finished();
    expect(first.uploadOf(NAME).status).to.equal('complete');
    expect(first.store.count('abort')).to.equal(0);
  });

  it('is taken over if that tab has closed meanwhile', async () => {
    const { first, second, file, release, loadCode } = await openTwoTabs();
    first.uploader.dispose();
    release();
    await second.settle();
    expect(second.uploadOf(NAME).waitingFor).to.equal('tab');
    loadCode();
    await second.finished();
    expect(second.uploadOf(NAME).status).to.equal('complete');
    expect(await hashOf(second.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });
});
