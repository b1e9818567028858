/** Checks whether the store rejects `x-amz-*` headers that are not part of the signature. */
import { createMultipartUpload, uploadPart } from '../../s3/operations.js';
import type { StoreProbe, StoreReply } from './store-probe.js';

const RULE = 'the store rejects unsigned x-amz-acl and x-amz-copy-source headers';

const isSignatureError = ({ code, text }: StoreReply): boolean =>
  code === 'SignatureDoesNotMatch' || /not signed/i.test(text);

/**
 * Sends the two headers by which the holder of a signed request could do more than the signer intended. The upload is
 * never completed and the copy source does not exist, so that nothing is published or copied.
 */
export async function checkUnsignedHeaders(probe: StoreProbe, uploadId: string): Promise<void> {
  await probe.attempt(RULE, async () => {
    const accepted = await findAcceptedHeaders(probe, uploadId);
    if (accepted.length === 0) return probe.report(RULE, null);
    const names = accepted.join(' and ');
    if (probe.settings.refusesUnsignedHeaders) {
      const risk = "whoever holds a signed request can publish an object, or copy another user's";
      const fault = `the store acts on unsigned ${names}: ${risk}; remove the option refusesUnsignedHeaders`;
      return probe.report(RULE, fault);
    }
    const fault = `the store acts on unsigned ${names}; this signer signs headers that prevent both`;
    const advice = 'a release of the store that rejects unsigned headers, such as Ceph 20, is safer still';
    probe.report(RULE, fault, { isWarning: true, advice });
  });
}

async function findAcceptedHeaders(probe: StoreProbe, uploadId: string): Promise<string[]> {
  const aclKey = `${probe.key}-acl`;
  const acl = { 'x-amz-acl': 'public-read' };
  const isAclAccepted = (await probe.send(createMultipartUpload(aclKey, {}), { unsignedHeaders: acl })).ok;
  await probe.abortAllOf(aclKey);
  const copy = { 'x-amz-copy-source': `/${probe.name}/none` };
  const part = uploadPart(probe.key, uploadId, 2, 1);
  const unsigned = await probe.send(part, { body: 'x', unsignedHeaders: copy });
  const signed = await probe.send({ ...part, headers: copy }, { body: 'x' });
  // the same 403 for the signed header means that the credentials were refused, not the header
  const isCopyRefused =
    unsigned.status === 403 && (isSignatureError(unsigned) || unsigned.code !== signed.code || !isAclAccepted);
  return [...(isAclAccepted ? ['x-amz-acl'] : []), ...(isCopyRefused ? [] : ['x-amz-copy-source'])];
}
