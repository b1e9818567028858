/**
 * Checks that a signer in any language implements the protocol: calls it as the element does, sends bytes to its bucket,
 * and sends requests that it must refuse. The faults are described for the author of that signer.
 */
import { Fault } from './conformance-caller.js';
import { ANSWER_RULES } from './answer-rules.js';
import { COMPLETION_RULES } from './completion-rules.js';
import { GRANT_RULES } from './grant-rules.js';
import { HTTP_RULES } from './http-rules.js';
import { INIT_RULES } from './init-rules.js';
import { BEGIN_RULES, PART_RULES } from './part-rules.js';
import { ConformanceRun } from './conformance-run.js';
import type { ConformanceOptions, Rule } from './conformance-run.js';
import { SINGLE_REQUEST_RULES } from './single-request-rules.js';

export type { ConformanceOptions } from './conformance-run.js';

export interface RuleResult {
  /** The rule of the protocol that was tried. */
  rule: string;
  /** Null if the signer follows the rule. */
  fault: string | null;
}

/** In the order in which they are tried. The last ones read the answers to the calls of all others. */
const RULES: readonly Rule[] = [
  ...HTTP_RULES,
  ...SINGLE_REQUEST_RULES,
  ...INIT_RULES,
  ...BEGIN_RULES,
  ...PART_RULES,
  ...GRANT_RULES,
  ...COMPLETION_RULES,
  ...ANSWER_RULES,
];

/** The name of every rule. */
export const CONFORMANCE_RULES: readonly string[] = RULES.map(({ rule }) => rule);

/**
 * Tries every rule on a signer and its bucket. It leaves a few small objects in the bucket, and one of 16 MiB.
 * @returns one result for each rule that could be tried; some need a second user, or a multipart upload
 */
export async function checkConformance(options: ConformanceOptions): Promise<RuleResult[]> {
  const run = new ConformanceRun(options);
  const results: RuleResult[] = [];
  for (const { rule, check, needsUpload, needsOther } of RULES) {
    if ((needsUpload && !run.upload) || (needsOther && !run.otherUser)) continue;
    let fault: string | null = null;
    try {
      await check(run);
    } catch (error) {
      fault = error instanceof Fault ? error.message : `it could not be tried: ${String(error)}`;
    }
    results.push({ rule, fault });
  }
  return results;
}
