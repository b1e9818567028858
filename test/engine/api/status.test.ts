import { expect } from '@open-wc/testing';
import { assertStep, isOver, isRunning } from '../../../src/engine/api/status.js';
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
  it('never leaves complete or aborted', () => {
    for (const from of ['complete', 'aborted'] as const)
      for (const to of ALL) expect(() => assertStep(from, to)).to.throw(`from ${from} to ${to}`);
  });

  it('can become aborted from all others', () => {
    for (const from of ALL) {
      if (from !== 'complete' && from !== 'aborted') expect(() => assertStep(from, 'aborted')).not.to.throw();
    }
  });

  it('becomes complete only from a running status', () => {
    for (const from of ALL) {
      if (isRunning(from)) expect(() => assertStep(from, 'complete')).not.to.throw();
      else expect(() => assertStep(from, 'complete')).to.throw();
    }
  });

  it('continues from paused, failed or needs-file only as queued', () => {
    for (const from of ['paused', 'failed', 'needs-file'] as const) {
      expect(() => assertStep(from, 'queued')).not.to.throw();
      for (const to of ALL.filter(isRunning)) expect(() => assertStep(from, to)).to.throw();
    }
  });

  it('is running, over, or neither', () => {
    expect(ALL.filter(isRunning)).to.deep.equal(['starting', 'uploading', 'waiting', 'finishing']);
    expect(ALL.filter(isOver)).to.deep.equal(['complete', 'failed', 'aborted']);
  });
});
