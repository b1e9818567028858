/** EvaporateJS with Signature Version 4. It needs MD5 and SHA-256 from the page, and gets this project's. */
import Evaporate from 'evaporate';
import { createBlockHashKernel } from '../../../src/engine/hashing/block-hash-kernel.js';
import type { Hash } from '../../../src/engine/hashing/crc-kernel.js';
import { hex } from '../../../src/engine/util/bytes.js';
import { runOnChoice } from './page.js';

const { md5, sha256 } = createBlockHashKernel();

function digest(hash: Hash, data: string | ArrayBuffer): Uint8Array {
  hash.update(typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data));
  return hash.digest();
}

runOnChoice(async (files, { store, bucket, region, accessKeyId, partSize, concurrency, keyPrefix }) => {
  const evaporate = await Evaporate.create({
    signerUrl: '/sign-evaporate',
    aws_key: accessKeyId,
    aws_url: store,
    bucket,
    awsRegion: region,
    cloudfront: false,
    awsSignatureVersion: '4',
    computeContentMd5: true,
    cryptoMd5Method: (data) => btoa(String.fromCharCode(...digest(md5(), data))),
    cryptoHexEncodedHash256: (data) => hex(digest(sha256(), data)),
    logging: false,
    ...(partSize && { partSize }),
    ...(concurrency && { maxConcurrentParts: concurrency }),
  });
  await Promise.all(files.map((file) => evaporate.add({ name: `${keyPrefix}/${file.name}`, file })));
});
