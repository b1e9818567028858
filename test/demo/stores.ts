import { startCeph } from '../servers/ceph.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import type { StoreAccess } from '../servers/s3-client.js';

/** A store under test that can be killed and restarted with its data. */
export interface TestStore extends StoreAccess {
  restart(signal: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

/** The known differences between stores. In everything else, the suites require the same behaviour. */
export interface Differences {
  /** Error code of a request for an aborted upload; its status is 404. */
  codeAfterAbort: string;
  /** The response to CompleteMultipartUpload for an aborted upload. Ceph's 500 must not be retried without limit. */
  completeAfterAbort: { status: number; code: string };
  /** Whether CompleteMultipartUpload rejects parts in the wrong order, instead of sorting them. */
  requiresPartOrder: boolean;
  /** Whether part numbers outside 1 to 10,000 are rejected. */
  limitsPartNumbers: boolean;
  /** Whether presigned URLs dated in the future are rejected. */
  rejectsFutureDates: boolean;
  /** Whether CompleteMultipartUpload may omit stored parts. */
  allowsOmittedParts: boolean;
  /** Whether the first response to CompleteMultipartUpload has the ETag; the response to HEAD always has it. */
  completeReturnsEtag: boolean;
  /** Whether `x-amz-*` headers outside the signature are rejected, as by Amazon S3. */
  refusesUnsignedHeaders: boolean;
  /** Which checksums the store verifies; an empty list if it ignores all of them. */
  verifiedChecksums: readonly VerifiedChecksum[];
  /** Whether a 403 response has CORS headers, so that a page can read it. */
  hasCorsOnForbidden: boolean;
}

/**
 * A checksum that a store verifies:
 * - `body`: of a part, or of an object sent in one request
 * - `object`: CRC32 or CRC32C of a multipart object, in a header of CompleteMultipartUpload
 * - `crc64nvme object`: CRC64NVME of a multipart object, in the same place
 * - `listed part`: of a part, in the body of CompleteMultipartUpload
 */
export type VerifiedChecksum = 'body' | 'object' | 'crc64nvme object' | 'listed part';

/** A kind of store that the suites run on. */
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
      requiresPartOrder: true,
      limitsPartNumbers: true,
      rejectsFutureDates: true,
      allowsOmittedParts: true,
      completeReturnsEtag: true,
      refusesUnsignedHeaders: true,
      verifiedChecksums: ['body', 'object', 'crc64nvme object', 'listed part'],
      hasCorsOnForbidden: true,
    },
    start: () => startEmbeddedBucket(),
  },
  {
    name: 'Ceph 16',
    differences: {
      codeAfterAbort: 'NoSuchKey',
      completeAfterAbort: { status: 500, code: 'InternalError' },
      requiresPartOrder: false,
      limitsPartNumbers: false,
      rejectsFutureDates: false,
      allowsOmittedParts: false,
      completeReturnsEtag: false,
      refusesUnsignedHeaders: false,
      verifiedChecksums: [],
      hasCorsOnForbidden: false,
    },
    start: startCephAsStore,
  },
];
