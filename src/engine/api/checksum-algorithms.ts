import type { ChecksumAlgorithm } from '../../protocol.js';

/** Every checksum algorithm, best first. */
export const ALGORITHMS: readonly ChecksumAlgorithm[] = ['crc64nvme', 'crc32c', 'crc32', 'sha256'];
