/** The managed upload of the AWS SDK, which signs in the page with the store's credentials. */
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { runOnChoice, runPool, DEFAULT_CONCURRENCY } from './page.js';

runOnChoice((files, { store, bucket, region, accessKeyId, secretAccessKey, partSize, concurrency, keyPrefix }) => {
  const client = new S3Client({
    endpoint: store,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  return runPool(files, files.length > 1 ? (concurrency ?? DEFAULT_CONCURRENCY) : 1, (file) =>
    new Upload({
      client,
      params: { Bucket: bucket, Key: `${keyPrefix}/${file.name}`, Body: file },
      ...(partSize && { partSize }),
      ...(concurrency && { queueSize: concurrency }),
    }).done(),
  );
});
