import { startCeph } from '../servers/ceph.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import type { StoreAccess } from '../servers/s3-client.js';

/** A store under test that can be killed and restarted with its data. */
export interface TestStore extends StoreAccess {
  restart(signal: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

/** The known differences between stores; in everything else they must agree. */
export interface Differences {
  /** The code for any call about an upload that was aborted, beside status 404. */
  codeAfterAbort: string;
  /** The response to Complete for an aborted upload. Ceph's 500 must not be retried without limit. */
  completeAfterAbort: { status: number; code: string };
  /** Whether Complete rejects an unordered list, instead of sorting it. */
  refusesDisorder: boolean;
  /** Whether part numbers outside 1 to 10,000 are rejected. */
  refusesPartNumbers: boolean;
  /** Whether presigned URLs dated in the future are rejected. */
  refusesFuture: boolean;
  /** Whether Complete may leave out parts that were sent. */
  mayLeaveOutParts: boolean;
  /** Whether the first response to Complete has the ETag; HEAD always has it. */
  completeTellsEtag: boolean;
  /** Whether `x-amz-*` headers outside the signature are rejected, as on AWS. */
  refusesUnsignedHeaders: boolean;
  /**
   * Which wrong checksums are rejected. Bodies: of parts and of single objects. Whole: in Complete's header. Named: of
   * parts, in Complete's list. Size: `x-amz-mp-object-size`. Empty: the store ignores all.
   */
  refusesChecksums: readonly ('bodies' | 'whole' | 'whole of crc64nvme' | 'named' | 'size')[];
  /** Whether a 403 lets the page read it. */
  corsOnForbidden: boolean;
}

export interface StoreUnderTest {
  name: string;
  differences: Differences;
  start(): Promise<TestStore>;
}

async function startCephAsStore(): Promise<TestStore> {
  const ceph = await startCeph();
  return { ...ceph, restart: (signal) => ceph.restartGateway(signal) };
}

export const STORES: readonly StoreUnderTest[] = [
  {
    name: 'the embedded bucket',
    differences: {
      codeAfterAbort: 'NoSuchUpload',
      completeAfterAbort: { status: 404, code: 'NoSuchUpload' },
      refusesDisorder: true,
      refusesPartNumbers: true,
      refusesFuture: true,
      mayLeaveOutParts: true,
      completeTellsEtag: true,
      refusesUnsignedHeaders: true,
      refusesChecksums: ['bodies', 'whole', 'whole of crc64nvme', 'named', 'size'],
      corsOnForbidden: true,
    },
    start: () => startEmbeddedBucket(),
  },
  {
    name: 'Ceph 16',
    differences: {
      codeAfterAbort: 'NoSuchKey',
      completeAfterAbort: { status: 500, code: 'InternalError' },
      refusesDisorder: false,
      refusesPartNumbers: false,
      refusesFuture: false,
      mayLeaveOutParts: false,
      completeTellsEtag: false,
      refusesUnsignedHeaders: false,
      refusesChecksums: [],
      corsOnForbidden: false,
    },
    start: startCephAsStore,
  },
];
