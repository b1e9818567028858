import type { Phase } from '../api/errors.js';
import type { Settings } from '../api/options.js';
import type { Clock } from '../ports.js';
import type { ReachabilityByOrigin } from './reachability-by-origin.js';
import type { RestartRequired } from './restart-required.js';
import type { Scheduler } from './scheduler.js';
import type { ServerHealth } from './server-health.js';

/** The objects that all retry loops of an uploader share. */
export interface RetryServices {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly scheduler: Scheduler;
  readonly reachability: ReachabilityByOrigin;
  readonly health: ServerHealth;
}

/** The current attempt of a step, and counts of the attempts before it. */
export interface Attempt {
  /** Number of this attempt; 1 for the first. */
  count: number;
  /** Number of attempts of this step that stalled. */
  stalls: number;
  /** Number of attempts that got no answer although the store could be reached. */
  unanswered: number;
  /** Number of fresh signatures that were rejected in a row. */
  refusals: number;
}

/** Decides what follows a request that got no answer: a restart, or null for another attempt. */
export type OnConnectionLost = () => RestartRequired | null;

/** The retries of one step. */
export interface RetryState extends Attempt {
  readonly phase: Phase;
  readonly partNumber: number | null;
  readonly signal: AbortSignal;
  readonly onConnectionLost: OnConnectionLost | undefined;
  /** Number of failures of this step since the last success of any step. */
  level: number;
  /** Number of renewals of the grant in a row. */
  renewals: number;
  hasSignerFailed: boolean;
  /** Number of successes of all steps when this step last failed. */
  successes: number;
}
