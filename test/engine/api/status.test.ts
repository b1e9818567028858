import { expect } from '@open-wc/testing';
import { isOver, isRunning } from '../../../src/engine/api/status.js';
import type { UploadStatus } from '../../../src/engine/api/types.js';

const ALL: readonly UploadStatus[] = [
  'queued',
  'starting',
  'uploading',
  'waiting',
  'paused',
  'finishing',
  'complete',
  'failed',
  'aborted',
  'needs-file',
];

describe('the status of an upload', () => {
  it('is running, ended, or neither', () => {
    expect(ALL.filter(isRunning)).to.deep.equal(['starting', 'uploading', 'waiting', 'finishing']);
    expect(ALL.filter(isOver)).to.deep.equal(['complete', 'failed', 'aborted']);
  });
});
