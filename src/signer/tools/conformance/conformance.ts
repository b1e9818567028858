/**
 * Holds a signer in any language to the protocol: calls it as the element does, sends real bytes to its bucket, and
 * tries what has to be refused. It reports every broken rule in words for the author of that backend.
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

export interface Verdict {
  /** What was tried, as a rule of the protocol. */
  rule: string;
  /** Null where the signer keeps the rule. */
  fault: string | null;
}

/** In the order in which they are tried; the last ones read the answers of all the others. */
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

/** Every rule, by its name. */
export const CONFORMANCE_RULES: readonly string[] = RULES.map(({ rule }) => rule);

/**
 * Runs a signer through the protocol, against the bucket that it signs for. It leaves a few small objects behind, and
 * one of 16 MiB.
 * @returns one verdict for each rule that could be tried: a few need a second user, or a multipart upload
 */
export async function checkConformance(options: ConformanceOptions): Promise<Verdict[]> {
  const run = new ConformanceRun(options);
  const verdicts: Verdict[] = [];
  for (const { rule, check, needsUpload, needsOther } of RULES) {
    if ((needsUpload && !run.big) || (needsOther && !run.other)) continue;
    let fault: string | null = null;
    try {
      await check(run);
    } catch (error) {
      fault = error instanceof Fault ? error.message : `it could not be tried: ${String(error)}`;
    }
    verdicts.push({ rule, fault });
  }
  return verdicts;
}
