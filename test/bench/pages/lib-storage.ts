/** The AWS SDK's managed upload, with the store's keys in the page. */
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { offer, pool, DEFAULT_CONCURRENCY } from './page.js';

offer((files, { store, bucket, region, accessKeyId, secretAccessKey, partSize, concurrency, run }) => {
  const client = new S3Client({
    endpoint: store,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  return pool(files, files.length > 1 ? (concurrency ?? DEFAULT_CONCURRENCY) : 1, (file) =>
    new Upload({
      client,
      params: { Bucket: bucket, Key: `${run}/${file.name}`, Body: file },
      ...(partSize && { partSize }),
      ...(concurrency && { queueSize: concurrency }),
    }).done(),
  );
});
