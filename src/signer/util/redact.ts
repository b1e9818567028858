/** Removes secrets from messages, logs and the output of the command line. */

const REMOVED = '[removed]';

/** Names of URL parameters, form fields and JSON members whose values grant access. */
const PARAMETERS =
  'x-amz-(?:signature|credential|security-token)|awsaccesskeyid|signature|access_token|token|password|passwd|secret|sig';
const PATTERNS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // up to the last @, because a password may contain an unencoded one
  [/\b([a-z][a-z\d+.-]*:\/\/)[^\s"'<>]*@/gi, `$1${REMOVED}@`],
  [new RegExp(`\\b(${PARAMETERS})(=|%3D)[^&\\s"'<>]+`, 'gi'), `$1$2${REMOVED}`],
  [new RegExp(`(["'](?:${PARAMETERS})["']\\s*:\\s*)(["'])[^"']*\\2`, 'gi'), `$1$2${REMOVED}$2`],
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-amz-security-token)(["']?\s*:\s*["']?)[^\r\n"']+/gi,
    `$1$2${REMOVED}`,
  ],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/g, `$1 ${REMOVED}`],
];

/**
 * Removes signatures, credentials, session tokens and passwords from URLs, headers and JSON.
 * @param secrets further values to remove
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const longestFirst = secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  const withoutSecrets = longestFirst.reduce((result, secret) => result.replaceAll(secret, REMOVED), text);
  return PATTERNS.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), withoutSecrets);
}

/** Describes an error and its causes for a log: with stacks, without secrets. */
export function describeError(error: unknown): string {
  const texts: string[] = [];
  for (let next: unknown = error, depth = 0; next !== undefined && depth < 5; depth += 1) {
    if (next instanceof Error) {
      texts.push(next.stack ?? next.message);
      next = next.cause;
    } else {
      texts.push(typeof next === 'string' ? next : `a thrown value of type ${typeof next}`);
      next = undefined;
    }
  }
  return redact(texts.join('\ncaused by: '));
}
