import { S3Error } from './errors.js';
import { childText, childTexts, element, group, parseXml, xmlDocument } from './xml.js';
import type { XmlElement } from './xml.js';

/** One rule of a bucket's CORS configuration. Origins and headers may hold one `*`. */
export interface CorsRule {
  allowedOrigins: readonly string[];
  allowedMethods: readonly string[];
  allowedHeaders?: readonly string[];
  exposeHeaders?: readonly string[];
  maxAgeSeconds?: number;
}

/** Allows pages of every origin to upload. */
export const OPEN_CORS: readonly CorsRule[] = [
  {
    allowedOrigins: ['*'],
    allowedMethods: ['GET', 'PUT', 'POST', 'HEAD', 'DELETE'],
    allowedHeaders: ['*'],
    exposeHeaders: [
      'ETag',
      'Retry-After',
      'x-amz-request-id',
      'x-amz-version-id',
      'x-amz-checksum-crc64nvme',
      'x-amz-checksum-crc32c',
      'x-amz-checksum-crc32',
      'x-amz-checksum-sha256',
      'x-amz-checksum-type',
    ],
    maxAgeSeconds: 3000,
  },
];

/** The properties of a request that a rule allows or not. */
interface CorsRequest {
  origin: string;
  method: string;
  headers: readonly string[];
}

function matchesPattern(pattern: string, value: string): boolean {
  const [prefix = '', suffix] = pattern.split('*');
  if (suffix === undefined) return pattern === value;
  return value.length >= prefix.length + suffix.length && value.startsWith(prefix) && value.endsWith(suffix);
}

function findRule(rules: readonly CorsRule[], { origin, method, headers }: CorsRequest): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.allowedOrigins.some((pattern) => matchesPattern(pattern, origin))
      && rule.allowedMethods.includes(method)
      && headers.every((header) =>
        (rule.allowedHeaders ?? []).some((pattern) => matchesPattern(pattern.toLowerCase(), header)),
      ),
  );
}

function allowHeaders(rule: CorsRule, { origin, method }: CorsRequest): Record<string, string> {
  const isOpen = rule.allowedOrigins.includes('*');
  return {
    'access-control-allow-origin': isOpen ? '*' : origin,
    ...(!isOpen && { 'access-control-allow-credentials': 'true' }),
    'access-control-allow-methods': rule.allowedMethods.length > 0 ? rule.allowedMethods.join(', ') : method,
    ...(rule.exposeHeaders?.length && { 'access-control-expose-headers': rule.exposeHeaders.join(', ') }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}

/** Returns the headers that let a page of that origin read the response; none if no rule allows it. */
export function corsHeaders(rules: readonly CorsRule[], origin: string, method: string): Record<string, string> {
  const corsRequest = { origin, method, headers: [] };
  const rule = findRule(rules, corsRequest);
  return rule ? allowHeaders(rule, corsRequest) : {};
}

/**
 * Returns the headers of the response to a preflight.
 * @throws S3Error if no rule allows origin, method and headers
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
 */
export function preflightHeaders(
  rules: readonly CorsRule[],
  header: (name: string) => string | undefined,
): Record<string, string> {
  const origin = header('origin');
  const method = header('access-control-request-method');
  if (!origin || !method)
    throw new S3Error('InvalidRequest', 'Insufficient information. Origin request header needed.');
  const headers = (header('access-control-request-headers') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const corsRequest = { origin, method, headers };
  const rule = findRule(rules, corsRequest);
  if (!rule)
    throw new S3Error('AccessForbidden', 'CORSResponse: This CORS request is not allowed.', { Method: method });
  return {
    ...allowHeaders(rule, corsRequest),
    ...(headers.length > 0 && { 'access-control-allow-headers': headers.join(', ') }),
    ...(rule.maxAgeSeconds !== undefined && { 'access-control-max-age': String(rule.maxAgeSeconds) }),
  };
}

function readRule(rule: XmlElement): CorsRule {
  const maxAge = childText(rule, 'MaxAgeSeconds');
  return {
    allowedOrigins: childTexts(rule, 'AllowedOrigin'),
    allowedMethods: childTexts(rule, 'AllowedMethod'),
    allowedHeaders: childTexts(rule, 'AllowedHeader'),
    exposeHeaders: childTexts(rule, 'ExposeHeader'),
    ...(maxAge !== null && { maxAgeSeconds: Number(maxAge) }),
  };
}

/**
 * Reads a CORSConfiguration document.
 * @throws S3Error MalformedXML
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
 */
export function parseCorsConfiguration(text: string): CorsRule[] {
  try {
    const root = parseXml(text);
    const rules = root.children.filter(({ name }) => name === 'CORSRule').map(readRule);
    const isValid =
      root.name === 'CORSConfiguration'
      && rules.length > 0
      && rules.every((rule) => rule.allowedOrigins.length && rule.allowedMethods.length);
    if (isValid) return rules;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new S3Error(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

/** Writes rules as a CORSConfiguration document. */
export function corsDocument(rules: readonly CorsRule[]): string {
  const elementsOf = (name: string, values: readonly string[] = []): string[] =>
    values.map((value) => element(name, value));
  return xmlDocument(
    'CORSConfiguration',
    rules.map((rule) =>
      group('CORSRule', [
        ...elementsOf('AllowedOrigin', rule.allowedOrigins),
        ...elementsOf('AllowedMethod', rule.allowedMethods),
        ...elementsOf('AllowedHeader', rule.allowedHeaders),
        ...elementsOf('ExposeHeader', rule.exposeHeaders),
        ...(rule.maxAgeSeconds === undefined ? [] : [element('MaxAgeSeconds', rule.maxAgeSeconds)]),
      ]),
    ),
  );
}
