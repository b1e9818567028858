import { expect } from '@open-wc/testing';
import { ORIGIN } from '../fake-store.js';
import { fileOf, Harness } from '../harness.js';

describe('the location of a stored file', () => {
  const name = '100%25 #1?.bin';
  const location = `${ORIGIN}/bucket/files/100%2525%20%231%3F.bin`;

  for (const singleRequest of ['put', 'post'] as const)
    it(`is percent-encoded, for a file that is sent by ${singleRequest.toUpperCase()}`, async () => {
      const harness = new Harness();
      harness.signer.singleRequest = singleRequest;
      await harness.upload(fileOf(10, name));
      expect(harness.store.count(singleRequest)).to.equal(1);
      expect([...harness.store.objects.keys()]).to.deep.equal([`files/${name}`]);
      expect(harness.uploadOf(name)).to.include({ status: 'complete', location });
      expect(harness.detailsOf('mule-complete')[0]!.upload.location).to.equal(location);
      expect(decodeURIComponent(new URL(location).pathname), 'the URL names the object').to.equal(
        `/bucket/files/${name}`,
      );
    });
});
