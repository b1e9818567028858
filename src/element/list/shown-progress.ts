import type { UploadSnapshot, UploadStatus } from '../../engine/api/types.js';
import { hasEnded } from '../api/upload-state.js';

/** The largest share shown before the end: after the last byte, the server may still reject the file. */
const MAX_UNFINISHED_RATIO = 0.99;

/** In these states the stored parts have been listed. */
const KNOWN: ReadonlySet<UploadStatus> = new Set(['uploading', 'finishing']);

/** Returns the share to show, from 0 to 1. Only a complete upload has 100 %. */
export const shownRatio = (ratio: number, isComplete: boolean): number =>
  isComplete ? 1 : Math.min(ratio, MAX_UNFINISHED_RATIO);

/**
 * Whether the uploaded share of an upload of an earlier page load is not known yet: 0 % would look as if its bytes were
 * lost.
 */
export const isProgressUnknown = (upload: UploadSnapshot): boolean =>
  upload.recovered && upload.loaded === 0 && !KNOWN.has(upload.status) && !hasEnded(upload);
