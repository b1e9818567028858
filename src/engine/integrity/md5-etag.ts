/** Whether an ETag has the form of an MD5. ETags of multipart objects have another form. */
export const isMd5Etag = (etag: string): boolean => /^[\da-f]{32}$/i.test(etag);
