import { expect } from '@open-wc/testing';
import type { UploadSnapshot } from '../../../src/engine/index.js';
import { EventForwarder } from '../../../src/element/controllers/event-forwarder.js';
import { RenderScheduler } from '../../../src/element/controllers/render-scheduler.js';
import { createHarness, fileOf, until, type Harness } from '../harness.js';

/** Creates a forwarder of an element whose value changes at every update. */
function forwarderOf(): { forwarder: EventForwarder; changes: () => number } {
  let changes = 0;
  const scheduler = new RenderScheduler({ requestUpdate: () => {} });
  const hooks = {
    syncValue: () => true,
    addValue: () => true,
    onValueChange: () => void changes++,
    beforeForward: () => {},
  };
  return { forwarder: new EventForwarder(document.createElement('div'), hooks, scheduler), changes: () => changes };
}

describe('EventForwarder', () => {
  it('reports a changed value when files are added to a short list', () => {
    const { forwarder, changes } = forwarderOf();
    forwarder.updateSoon();
    expect(changes()).to.equal(1);
  });

  it('reports a changed value at the first addition to a long list, and later ones after an interval', () => {
    const { forwarder, changes } = forwarderOf();
    forwarder.expectFiles(100);
    forwarder.updateSoon();
    expect(changes()).to.equal(1);
    forwarder.uploadCount = 100;
    forwarder.updateSoon();
    expect(changes(), 'deferred').to.equal(1);
    forwarder.syncNow();
    expect(changes()).to.equal(2);
  });
});

/** An element with a long list, whose uploads the test completes by events, in any order. */
interface LongList extends Harness {
  /** Completes an upload, and dispatches its events. */
  complete(index: number): void;
  /** The value at each `change`. */
  changes: string[][];
}

async function createLongList(): Promise<LongList> {
  const harness = await createHarness();
  const { element, store, uploader } = harness;
  store.behaviour = 'hold';
  await element.add(Array.from({ length: 60 }, (_, index) => fileOf(`${index}.txt`)));
  const listed = [...uploader.uploads];
  uploader.pause();
  await until(() => uploader.uploads.every(({ status }) => status === 'paused'));
  Object.defineProperty(uploader, 'uploads', { get: () => [...listed] });
  uploader.dispatchEvent(new CustomEvent('mule-network', { detail: { online: true } }));
  element.validity; // ends the interval of earlier events
  const changes: string[][] = [];
  element.addEventListener('change', () => changes.push([...element.value]));
  const complete = (index: number): void => {
    const upload: UploadSnapshot = { ...listed[index]!, status: 'complete', key: `keys/${index}` };
    listed[index] = upload;
    for (const type of ['mule-status', 'mule-complete'])
      uploader.dispatchEvent(new CustomEvent(type, { detail: { upload } }));
  };
  return { ...harness, complete, changes };
}

describe('the value of a long list', () => {
  it('has the key of an upload when its mule-complete is fired', async () => {
    const { element, complete, changes } = await createLongList();
    const values: (readonly string[])[] = [];
    element.addEventListener('mule-complete', () => values.push(element.value));
    complete(1);
    expect(values).to.deep.equal([['keys/1']]);
    expect(changes).to.deep.equal([['keys/1']]);
  });

  it('keeps the key of an upload if a framework renders again, and assigns the list that it knows', async () => {
    const { element, complete } = await createLongList();
    let model: readonly string[] = [];
    element.addEventListener('input', () => (model = element.value));
    const rendered = new Promise<void>((resolve) => {
      element.addEventListener('mule-complete', () =>
        queueMicrotask(() => {
          if (element.value.join() !== model.join()) element.value = model;
          element.value = [...model];
          resolve();
        }),
      );
    });
    complete(1);
    await rendered;
    expect(element.value).to.deep.equal(['keys/1']);
    expect(element.uploads).to.have.length(60);
  });

  it('removes an upload whose key the page has removed', async () => {
    const { element, uploader, complete } = await createLongList();
    const dismissed: string[] = [];
    uploader.dismiss = (id) => dismissed.push(id);
    complete(2);
    complete(1);
    element.value = ['keys/2'];
    expect(dismissed).to.deep.equal([element.uploads[1]!.id]);
  });

  it('gets the order of the list, with input and change, even if a property changes meanwhile', async () => {
    const { element, complete, changes } = await createLongList();
    complete(2);
    complete(1);
    expect(element.value).to.have.members(['keys/1', 'keys/2']);
    element.required = true;
    await element.updateComplete;
    await until(() => element.value[0] === 'keys/1');
    expect(changes.at(-1)).to.deep.equal(['keys/1', 'keys/2']);
  });

  it('reports its order if the page removes an upload meanwhile', async () => {
    const { element, complete, changes } = await createLongList();
    complete(2);
    complete(1);
    element.clear();
    expect(changes.at(-1)).to.deep.equal(['keys/1', 'keys/2']);
  });
});
