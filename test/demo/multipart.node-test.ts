import { after, before, describe } from 'node:test';
import { testAccess } from './access-suite.js';
import { testChecksums } from './checksum-suite.js';
import { testObjects } from './object-suite.js';
import { StoreFixture } from './store-fixture.js';
import { STORES } from './stores.js';
import type { TestStore } from './stores.js';
import { testUploads } from './upload-suite.js';

for (const { name, differences, start } of STORES) {
  describe(`multipart upload to ${name}`, () => {
    let store: TestStore | undefined;
    let fixture: StoreFixture;
    const getFixture = (): StoreFixture => fixture;

    before(async () => {
      store = await start();
      fixture = await StoreFixture.create(store);
    });
    after(() => store?.stop());

    testUploads(getFixture, differences);
    testAccess(getFixture, differences);
    testObjects(getFixture);
    testChecksums(getFixture, differences.verifiedChecksums);
  });
}
