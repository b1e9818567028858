import { after, before, describe } from 'node:test';
import { startCeph20 } from '../servers/ceph-20.js';
import type { Ceph } from '../servers/ceph.js';
import { testChecksums } from './checksum-suite.js';
import { StoreFixture } from './store-fixture.js';

// Ceph 20 is a download of 150 MB
const isEnabled = Boolean(process.env.MULE_TEST_ALL);

describe('checksums at Ceph 20', { skip: !isEnabled && 'only with npm run test:all' }, () => {
  let ceph: Ceph | undefined;
  let fixture: StoreFixture;

  before(async () => {
    ceph = await startCeph20();
    fixture = await StoreFixture.create({ ...ceph, restart: (signal) => ceph!.restartGateway(signal) });
  });
  after(() => ceph?.stop());

  // Ceph 20 computes the CRC64NVME of an object, but does not compare it with the header of CompleteMultipartUpload
  testChecksums(() => fixture, ['body', 'object']);
});
