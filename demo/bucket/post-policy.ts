import { createHmac } from 'node:crypto';
import { S3Error } from './errors.js';
import { isSameSignature, readScope } from './signature.js';
import type { SignatureRules } from './signature.js';

/** The size limits of a valid policy, in bytes. */
export interface FileLimits {
  minSize: number;
  maxSize: number;
}

type Fields = ReadonlyMap<string, string>;

interface Condition {
  operator: 'eq' | 'starts-with';
  field: string;
  value: string;
}

/** Fields that need no condition in the policy. */
const EXEMPT_FIELDS = /^(policy|x-amz-signature|file|x-ignore-.*)$/;

const invalid = (message: string): S3Error => new S3Error('InvalidPolicyDocument', `Invalid Policy: ${message}`);
const denied = (reason: string): S3Error => new S3Error('AccessDenied', `Invalid according to Policy: ${reason}`);

function readDocument(policy: string): { expiration: number; conditions: unknown[] } {
  try {
    const { expiration, conditions } = JSON.parse(Buffer.from(policy, 'base64').toString('utf8')) as Record<
      string,
      unknown
    >;
    const time = Date.parse(String(expiration));
    if (Array.isArray(conditions) && !Number.isNaN(time)) return { expiration: time, conditions };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw invalid('expiration or conditions are missing, or it is not JSON.');
}

function readCondition(item: readonly unknown[]): Condition | null {
  const [operator, field, value] = item;
  const isComparison = (operator === 'eq' || operator === 'starts-with') && String(field).startsWith('$');
  return isComparison ? { operator, field: String(field).slice(1).toLowerCase(), value: String(value) } : null;
}

function readConditions(rawConditions: readonly unknown[]): { conditions: Condition[]; limits: FileLimits | null } {
  let limits: FileLimits | null = null;
  const conditions: Condition[] = [];
  for (const item of rawConditions) {
    if (Array.isArray(item)) {
      const parts: readonly unknown[] = item;
      const condition = readCondition(parts);
      if (condition) conditions.push(condition);
      else if (parts[0] === 'content-length-range') limits = { minSize: Number(parts[1]), maxSize: Number(parts[2]) };
      else throw invalid('a condition has an unknown form.');
    } else {
      for (const [field, value] of Object.entries(item ?? {})) {
        conditions.push({ operator: 'eq', field: field.toLowerCase(), value: String(value) });
      }
    }
  }
  return { conditions, limits };
}

function assertCondition({ operator, field, value }: Condition, fields: Fields): void {
  const actual = fields.get(field) ?? '';
  const isMet = operator === 'eq' ? actual === value : actual.startsWith(value);
  if (!isMet) throw denied(`Policy Condition failed: ["${operator}", "$${field}", "${value}"]`);
}

/**
 * Checks signature, expiry and conditions of a browser's POST.
 * @param fields the form's fields before the file, with names in lower case, and `bucket`
 * @param now epoch milliseconds
 * @throws S3Error if a check fails
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export function assertPolicy(fields: Fields, rules: SignatureRules, now: number): FileLimits {
  const policy = fields.get('policy');
  if (!policy) throw new S3Error('AccessDenied', 'Access Denied');
  const { key } = readScope(fields.get('x-amz-credential') ?? '', rules);
  const expected = createHmac('sha256', key).update(policy).digest();
  if (
    fields.get('x-amz-algorithm') !== 'AWS4-HMAC-SHA256'
    || !isSameSignature(expected, fields.get('x-amz-signature') ?? '')
  ) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
    );
  }
  if (fields.get('x-amz-security-token') !== rules.credentials.sessionToken) {
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  const { expiration, conditions: rawConditions } = readDocument(policy);
  if (now > expiration) throw denied('Policy expired.');
  const { conditions, limits } = readConditions(rawConditions);
  for (const condition of conditions) assertCondition(condition, fields);
  const coveredFields = new Set(conditions.map(({ field }) => field));
  const extraField = [...fields.keys()].find(
    (field) => field !== 'bucket' && !coveredFields.has(field) && !EXEMPT_FIELDS.test(field),
  );
  if (extraField) throw denied(`Extra input fields: ${extraField}`);
  return limits ?? { minSize: 0, maxSize: Infinity };
}
