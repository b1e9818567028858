import { expect } from '@open-wc/testing';
import { isRunning } from '../../../src/engine/api/status.js';
import type { UploadStatus } from '../../../src/engine/api/types.js';
import { transition } from '../../../src/engine/model/state-machine.js';
import type { StatusEvent } from '../../../src/engine/model/state-machine.js';

const STATUSES: readonly UploadStatus[] = [
  ...(['queued', 'starting', 'uploading', 'waiting', 'paused'] as const),
  ...(['finishing', 'complete', 'failed', 'aborted', 'needs-file'] as const),
];
const EVENTS: readonly StatusEvent[] = [
  ...(['start', 'show-starting', 'show-uploading', 'show-finishing', 'show-waiting', 'pause'] as const),
  ...(['hold', 'enqueue', 'need-file', 'fail', 'abort', 'complete'] as const),
];

/** Events that an upload in that status accepts. */
const accepted = (status: UploadStatus): StatusEvent[] =>
  EVENTS.filter((event) => {
    try {
      return Boolean(transition(status, event));
    } catch {
      return false;
    }
  });

describe('the state machine of an upload', () => {
  it('leaves neither complete nor aborted, and names the impossible step', () => {
    for (const status of ['complete', 'aborted'] as const) {
      expect(accepted(status)).to.be.empty;
      expect(() => transition(status, 'abort')).to.throw(`${status} cannot abort`);
    }
  });

  it('aborts from every other status', () => {
    for (const status of STATUSES.filter((one) => one !== 'complete' && one !== 'aborted'))
      expect(transition(status, 'abort')).to.deep.equal({ status: 'aborted', event: 'mule-abort' });
  });

  it('completes only a running upload', () => {
    expect(STATUSES.filter((status) => accepted(status).includes('complete'))).to.deep.equal(
      STATUSES.filter(isRunning),
    );
  });

  it('continues after a pause, a failure or a missing file only through the queue', () => {
    for (const status of ['paused', 'failed', 'needs-file'] as const) {
      expect(transition(status, 'enqueue').status).to.equal('queued');
      expect(accepted(status).filter((event) => isRunning(transition(status, event).status))).to.be.empty;
    }
  });

  it('yields the DOM event that follows', () => {
    const eventOf = (status: UploadStatus, event: StatusEvent): string | null => transition(status, event).event;
    expect(eventOf('queued', 'start')).to.equal('mule-start');
    expect(eventOf('uploading', 'pause')).to.equal('mule-pause');
    expect(eventOf('uploading', 'fail')).to.equal('mule-error');
    expect(eventOf('finishing', 'complete')).to.equal('mule-complete');
    expect(eventOf('uploading', 'show-waiting')).to.equal(null);
  });
});
