import type { ChecksumAlgorithm, InitFile, PostPolicy } from '../../protocol.js';
import type { Call } from './call-context.js';
import { cleanName, MAX_KEY_BYTES } from '../policy/object-keys.js';
import type { ResolvedPolicy } from '../policy/policy.js';
import { randomPrefix, signPostPolicy } from '../s3/post-policy.js';
import type { PostConditions } from '../s3/post-policy.js';

/**
 * The POST policies of one init call. Files with the same headers share a policy, whose holder may choose any name below
 * the prefix of the call. If the option `accept` restricts names, each file has a policy of its own, for its exact key.
 */
export class PostPolicyBatch {
  readonly #prefix = randomPrefix();
  readonly #allowsAnyName: boolean;
  readonly #policies = new Map<string, PostConditions & { ref: string; sizes: [number, number] }>();
  #keyCount = 0;

  constructor({ accept }: Pick<ResolvedPolicy, 'accept'>) {
    this.#allowsAnyName = !accept;
  }

  /** Returns a new key below the prefix of this call. */
  keyFor({ filename }: InitFile): string {
    const folder = `${this.#prefix}${(this.#keyCount += 1)}/`;
    return folder + cleanName(filename, MAX_KEY_BYTES - folder.length);
  }

  /**
   * Adds an object to a policy. A key of `keyFor` matches the policy by its prefix if any name is allowed. Other keys match
   * exactly.
   * @returns the name of the policy
   */
  add(key: string, size: number, headers: PostConditions['headers'], checksum: ChecksumAlgorithm | null): string {
    const isShared = this.#allowsAnyName && key.startsWith(this.#prefix);
    const keyCondition = isShared ? { prefix: this.#prefix } : { exact: key };
    const id = JSON.stringify([keyCondition, headers, checksum]);
    const policy = this.#policies.get(id) ?? {
      ref: `p${this.#policies.size + 1}`,
      key: keyCondition,
      sizes: [size, size],
      headers,
      checksum,
    };
    policy.sizes = [Math.min(policy.sizes[0], size), Math.max(policy.sizes[1], size)];
    this.#policies.set(id, policy);
    return policy.ref;
  }

  /** Signs the policies; undefined if none was added. */
  async sign({ postSigner, terms }: Call): Promise<Record<string, PostPolicy> | undefined> {
    if (this.#policies.size === 0) return undefined;
    const signed = [...this.#policies.values()].map(async (policy) => {
      return [policy.ref, await signPostPolicy(postSigner, terms, policy)] as const;
    });
    return Object.fromEntries(await Promise.all(signed));
  }
}
