import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { responseOf, loseResponse, refuse, dropConnection, stall } from '../fake-store.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** Uploads a file of this number of parts. */
const uploadParts = (harness: Harness, count = 3): Promise<void> => harness.upload(fileOf(count * PART));

const isStored = async (harness: Harness, file: File): Promise<boolean> =>
  (await hashOf(harness.store.objects.get(`files/${file.name}`)?.body)) === (await hashOf(file));

describe('an upload and faults of the network', () => {
  it('retries a part until it is stored, and fires an event each time', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next('part 1', ...Array.from({ length: 20 }, () => refuse(500, 'InternalError')));
    await uploadParts(harness, 2);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', retries: 20 });
    expect(harness.detailsOf('mule-retry').map(({ attempt }) => attempt)).to.deep.equal(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    expect(harness.detailsOf('mule-part').find(({ partNumber }) => partNumber === 1)).to.include({ attempts: 21 });
  });

  it('continues by itself when the store is reachable again after hours, and fires mule-network twice', async () => {
    const harness = new Harness();
    harness.store.next('part', async (request, proceed) => {
      harness.store.isUp = false;
      return dropConnection(request, proceed);
    });
    await harness.uploader.add([fileOf(3 * PART)]);
    await harness.until(() => harness.uploadOf(NAME).status === 'waiting');
    expect(harness.uploadOf(NAME).waitingFor).to.equal('network');
    await harness.clock.advance(4 * 3_600_000);
    const sent = harness.store.count('part');
    expect(sent, 'only probes are sent while the store is unreachable').to.be.below(10);
    harness.store.isUp = true;
    await harness.finished();
    expect(harness.detailsOf('mule-network').map(({ online }) => online)).to.deep.equal([false, true]);
  });

  it('probes at once when the browser is online again, and when the user retries', async () => {
    for (const trigger of [
      (harness: Harness) => harness.environment.handlers!.online(),
      (harness: Harness) => harness.environment.handlers!.wake(),
      (harness: Harness) => harness.uploader.retry(),
      (harness: Harness) => harness.uploader.retry(harness.uploadOf(NAME).id),
    ]) {
      const harness = new Harness();
      harness.store.isUp = false;
      await harness.uploader.add([fileOf(10)]);
      await harness.until(() => harness.uploadOf(NAME).waitingFor === 'network');
      await harness.clock.advance(3_600_000);
      const { probes } = harness.store;
      trigger(harness);
      await harness.settle();
      expect(harness.store.probes, String(trigger)).to.equal(probes + 1);
      harness.store.isUp = true;
      trigger(harness);
      await harness.finished();
      expect(harness.uploadOf(NAME).status).to.equal('complete');
    }
  });

  it('doubles the stall timeout of a part after each stall', async () => {
    const harness = new Harness({ concurrency: 1, stallTimeout: 30 });
    harness.store.next('part 1', stall, stall, stall);
    await uploadParts(harness, 2);
    const timeouts = harness.store.requests
      .filter(({ partNumber }) => partNumber === 1)
      .map(({ request }) => request.stallTimeout / 1_000);
    expect(timeouts).to.deep.equal([30, 60, 120, 240]);
  });

  it('fails after maxRetries, and continues where it stopped after retry()', async () => {
    const harness = new Harness({ maxRetries: 2, concurrency: 1 });
    harness.store.next('part 2', ...Array.from({ length: 3 }, () => refuse(500)));
    await uploadParts(harness, 3);
    expect(harness.uploadOf(NAME).status).to.equal('failed');
    expect(harness.uploadOf(NAME).error).to.include({ code: 'too-many-retries', retryable: true, phase: 'part' });
    expect(harness.detailsOf('mule-finish').at(-1)!.failed).to.have.length(1);
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(
      harness.store.sentParts.filter((number) => number === 1),
      'part 1 was stored',
    ).to.have.length(1);
  });

  it('checks whether the upload exists if Complete keeps failing, and restarts if it does not', async () => {
    const harness = new Harness();
    harness.store.next('complete', refuse(500, 'InternalError'), refuse(500, 'InternalError'));
    harness.store.next('list', refuse(404, 'NoSuchUpload'));
    await uploadParts(harness, 3);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.store.count('create')).to.equal(2);
  });

  it('names CORS after three failures without a status if a probe reaches the store, and keeps retrying', async () => {
    const harness = new Harness();
    harness.store.next('put', ...Array.from({ length: 6 }, () => dropConnection));
    await harness.upload(fileOf(10));
    const errors = harness.detailsOf('mule-error').map(({ error }) => error);
    expect(errors, 'one error').to.have.length(1);
    expect(errors[0]).to.include({ code: 'store-blocked', retryable: true });
    expect(errors[0]!.message).to.contain('CORS').and.to.contain(NAME);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete' });
  });

  it('does not name CORS if the browser has read responses to such requests before', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next('part', (_request, proceed) => proceed(), ...Array.from({ length: 8 }, () => dropConnection));
    await uploadParts(harness, 3);
    expect(harness.detailsOf('mule-error')).to.be.empty;
  });
});

describe('an upload and the store’s responses', () => {
  it('requests new signatures each time that the store rejects one as expired', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next(
      'part',
      ...Array.from({ length: 5 }, () => refuse(403, 'AccessDenied', {}, 'Request has expired')),
    );
    await uploadParts(harness, 2);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('fails if new signatures are rejected three times', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.always('put', refuse(403, 'SignatureDoesNotMatch'));
    await harness.upload(fileOf(10));
    expect(harness.uploadOf(NAME).error).to.include({ code: 'signature-rejected', status: 403, retryable: true });
    expect(harness.store.count('put')).to.equal(3);
    const urls = harness.store.requests.map(({ request }) => request.url);
    expect(new Set(urls), 'a new signature each time').to.have.property('size', 3);
  });

  it('waits for the time in Retry-After', async () => {
    const harness = new Harness({ concurrency: 1 });
    const times: number[] = [];
    for (const status of [503, 429]) {
      harness.store.next('part 1', async (request, proceed) => {
        times.push(harness.clock.now());
        return refuse(status, 'SlowDown', { 'Retry-After': '77' })(request, proceed);
      });
    }
    harness.store.next('part 1', async (_request, proceed) => {
      times.push(harness.clock.now());
      return proceed();
    });
    await uploadParts(harness, 2);
    expect([times[1]! - times[0]!, times[2]! - times[1]!]).to.deep.equal([77_000, 77_000]);
    expect(harness.detailsOf('mule-retry')[0]).to.include({ delay: 77_000, phase: 'part', partNumber: 1 });
  });

  it('shows for what and until when it waits', async () => {
    const harness = new Harness();
    harness.store.next('put', refuse(503, 'SlowDown', { 'Retry-After': '60' }));
    await harness.uploader.add([fileOf(10)]);
    await harness.until(() => harness.uploadOf(NAME).status === 'waiting');
    expect(harness.uploadOf(NAME).waitingFor).to.equal('store');
    expect(harness.uploadOf(NAME).retryAt! - harness.clock.now()).to.be.within(59_000, 60_000);
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ waitingFor: null, retryAt: null });
  });

  it('restarts if the multipart upload disappears halfway', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next(
      'part',
      (_request, proceed) => proceed(),
      async (_request, proceed) => {
        harness.store.uploads.clear();
        return proceed();
      },
    );
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.store.count('create')).to.equal(2);
    expect(harness.signer.bodies('get_init_signature')[1]!.files[0]).to.include({ force: true });
  });

  it('finds the object that it has created if the response to Complete was lost', async () => {
    const harness = new Harness();
    harness.store.next('complete', loseResponse);
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole-3' });
    expect([harness.store.count('create'), harness.store.count('part')]).to.deep.equal([1, 3]);
  });

  it('does not accept a 200 that contains an Error, or is truncated', async () => {
    const harness = new Harness();
    harness.store.next(
      'complete',
      async () => responseOf(200, '  \n<Error><Code>InternalError</Code></Error>'),
      async () => responseOf(200, '<CompleteMultipartUploadResult><ETag>"x'),
      async () => responseOf(200, ''),
    );
    await uploadParts(harness);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole-3' });
    expect(harness.store.count('complete')).to.equal(4);
  });

  it('lists the parts and sends the missing one if Complete rejects it', async () => {
    const harness = new Harness();
    harness.store.next('complete', async (request, proceed) => {
      [...harness.store.uploads.values()][0]!.parts.delete(2);
      return refuse(400, 'InvalidPart')(request, proceed);
    });
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.store.sentParts.sort()).to.deep.equal([1, 2, 2, 3]);
  });

  it('waits ten minutes for the response to Complete, and two minutes for that to a part', async () => {
    const harness = new Harness();
    await uploadParts(harness, 2);
    const requestOf = (operation: string) =>
      harness.store.requests.find((seen) => seen.operation === operation)!.request;
    expect(requestOf('complete').answerTimeout).to.equal(600_000);
    expect(requestOf('part').answerTimeout).to.equal(120_000);
    expect(requestOf('part').stallTimeout).to.equal(30_000);
  });

  it('reads the ETags from the list of parts if CORS hides them', async () => {
    const harness = new Harness();
    harness.store.exposesEtags = false;
    await uploadParts(harness);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    const body = await (
      harness.store.requests.find(({ operation }) => operation === 'complete')!.request.body as Blob
    ).text();
    expect(body).to.contain(`part-2-${PART}`);
  });

  it('fails with key-exists if the store rejects to overwrite another object', async () => {
    for (const [size, operation] of [
      [10, 'put'],
      [2 * PART, 'complete'],
    ] as const) {
      const harness = new Harness();
      // another file of the same size and number of parts
      harness.store.objects.set(`files/${NAME}`, { body: fileOf(size), etag: 'whole-2' });
      harness.store.always(operation, refuse(412, 'PreconditionFailed'));
      await harness.upload(fileOf(size));
      expect(harness.uploadOf(NAME).status).to.equal('failed');
      expect(harness.uploadOf(NAME).error).to.include({ code: 'key-exists', status: 412 });
    }
  });

  it('is complete if a PUT gets a 412 because an earlier attempt has stored the object', async () => {
    for (const first of [
      loseResponse,
      async (_request: unknown, proceed: () => Promise<unknown>) => {
        await proceed();
        return responseOf(500, '<Error><Code>InternalError</Code></Error>');
      },
    ]) {
      const harness = new Harness();
      harness.store.next('put', first, refuse(412, 'PreconditionFailed'));
      await harness.upload(fileOf(10));
      expect(harness.uploadOf(NAME), String(first)).to.include({ status: 'complete', etag: 'whole' });
    }
  });

  it('fails with the store’s message for an error that a retry cannot fix', async () => {
    const harness = new Harness();
    harness.store.next('create', refuse(400, 'InvalidArgument', {}, 'no such storage class'));
    await uploadParts(harness);
    expect(harness.uploadOf(NAME).error).to.include({ code: 'store-refused', status: 400, phase: 'create' });
    expect(harness.uploadOf(NAME).error!.message).to.contain('no such storage class').and.to.contain(NAME);
  });
});

describe('an upload whose file has changed', () => {
  it('fails, and stores no object with bytes of two versions', async () => {
    const root = await navigator.storage.getDirectory();
    const name = `changing-${Math.random()}.bin`;
    const handle = await root.getFileHandle(name, { create: true });
    const write = async (size: number): Promise<void> => {
      const writable = await handle.createWritable();
      await writable.write(fileOf(size));
      await writable.close();
    };
    await write(2 * PART);
    const file = await handle.getFile();
    const harness = new Harness();
    harness.store.next('part', async (request, proceed) => {
      await write(PART);
      return dropConnection(request, proceed);
    });
    await harness.upload(file);
    // WebKit still reads such a file after a change, so the engine cannot detect it
    const isChangeDetected = await file
      .slice(0, 1)
      .arrayBuffer()
      .then(
        () => false,
        () => true,
      );
    await root.removeEntry(name);
    if (!isChangeDetected) return;
    expect(harness.uploadOf(name).status).to.equal('failed');
    expect(harness.uploadOf(name).error!.code).to.be.oneOf(['file-changed', 'file-unreadable']);
    expect(harness.store.objects).to.be.empty;
  });
});

describe('a listener that intervenes', () => {
  for (const [act, status] of [
    ['pause', 'paused'],
    ['abort', 'aborted'],
  ] as const)
    it(`sends nothing of an upload that is ${status} in mule-start`, async () => {
      const harness = new Harness();
      harness.uploader.addEventListener('mule-start', ({ detail }) => harness.uploader[act](detail.upload.id));
      await harness.uploader.add([fileOf(10)]);
      await harness.until(() => harness.detailsOf('mule-start').length > 0);
      await harness.settle();
      expect(harness.uploadOf(NAME).status).to.equal(status);
      expect(harness.store.requests).to.be.empty;
    });

  it('gets the mule-error of an upload that it has retried in mule-status', async () => {
    const harness = new Harness();
    harness.store.next('create', refuse(400, 'InvalidArgument'));
    harness.uploader.addEventListener('mule-status', ({ detail: { upload } }) => {
      if (upload.status === 'failed') harness.uploader.retry(upload.id);
    });
    await uploadParts(harness);
    expect(harness.detailsOf('mule-error').map(({ error }) => error?.code)).to.deep.equal(['store-refused']);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });
});
