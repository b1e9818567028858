import type { ChecksumAlgorithm } from '../../protocol.js';
import { childText } from '../../xml.js';
import type { XmlElement } from '../../xml.js';
import { ALGORITHMS } from '../api/checksum-algorithms.js';
import type { StoredChecksums } from '../model/stored-part.js';

/** Collects the checksums of an answer. @param read returns the value for an algorithm; empty or null if there is none */
export const collectChecksums = (read: (algorithm: ChecksumAlgorithm) => string | null): StoredChecksums =>
  Object.fromEntries(ALGORITHMS.map((algorithm) => [algorithm, read(algorithm)] as const).filter(([, value]) => value));

/** Returns the name of the element that has a checksum of this algorithm. */
export const checksumElement = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

/** Reads the checksums of a part or object, from elements such as `<ChecksumCRC32C>`. */
export const checksumsIn = (element: XmlElement): StoredChecksums =>
  collectChecksums((algorithm) => childText(element, checksumElement(algorithm)));
