import { after, before, describe } from 'node:test';
import { startCeph20 } from '../servers/ceph-20.js';
import type { Ceph } from '../servers/ceph.js';
import { testChecksums } from './checksum-suite.js';
import { StoreLab } from './store-lab.js';
import { STORES } from './stores.js';

// a download of 150 MB, which CI skips
const isFull = Boolean(process.env.MULE_TEST_ALL);

describe('checksums at Ceph 20', { skip: !isFull && 'only with npm run test:all' }, () => {
  let ceph: Ceph | undefined;
  let lab: StoreLab;

  before(async () => {
    ceph = await startCeph20();
    lab = await StoreLab.open({ ...ceph, restart: (signal) => ceph!.restartGateway(signal) });
  });
  after(() => ceph?.stop());

  // it combines the CRC64NVME of parts as we do, but does not compare it with Complete's header
  const [{ differences }] = STORES as [(typeof STORES)[number]];
  testChecksums(() => lab, { ...differences, refusesChecksums: ['bodies', 'whole'] });
});
