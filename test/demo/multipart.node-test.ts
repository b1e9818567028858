import { after, before, describe } from 'node:test';
import { testAccess } from './access-suite.js';
import { testChecksums } from './checksum-suite.js';
import { testObjects } from './object-suite.js';
import { StoreLab } from './store-lab.js';
import { STORES } from './stores.js';
import type { TestStore } from './stores.js';
import { testUploads } from './upload-suite.js';

for (const { name, differences, start } of STORES) {
  describe(`multipart upload to ${name}`, () => {
    let store: TestStore | undefined;
    let lab: StoreLab;
    const open = (): StoreLab => lab;

    before(async () => {
      store = await start();
      lab = await StoreLab.open(store);
    });
    after(() => store?.stop());

    testUploads(open, differences);
    testAccess(open, differences);
    testObjects(open);
    testChecksums(open, differences);
  });
}
