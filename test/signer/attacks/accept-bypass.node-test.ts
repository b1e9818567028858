/** An object has the type and extension by which `accept` allowed its file, also after a renewal of the grant. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InitFile } from '../../../src/protocol.js';
import { createMemoryTracker } from '../../../src/signer/index.js';
import type { Policy } from '../../../src/signer/index.js';
import { createCaller } from '../caller.js';

const typeOf = ({ put, init }: { put?: { headers?: object }; init?: { headers?: object } }): string =>
  ((put ?? init)!.headers as Record<string, string>)['content-type']!;

const init = (policy: Policy, file: Partial<InitFile>) => createCaller({ policy }).init({ filesize: 3, ...file });

describe('a file that is accepted by its extension', () => {
  const cases: [accept: string, filename: string, claimed: string, stored: string][] = [
    ['.png', 'a.png', 'text/html', 'image/png'],
    ['.png', 'a.png', 'image/svg+xml', 'image/png'],
    ['.png', 'a.png', 'TEXT/HTML; charset=utf-8', 'image/png'],
    ['.png', 'a.png', 'image/png', 'image/png'],
    ['.png', 'a.png', '', 'application/octet-stream'],
    ['.pdf', 'a.pdf', 'application/pdf', 'application/pdf'],
    ['.csv', 'a.csv', 'application/vnd.ms-excel', 'application/vnd.ms-excel'],
    ['.csv', 'a.csv', 'text/csv;charset=utf-8', 'text/csv;charset=utf-8'],
    ['.zip', 'a.zip', 'application/x-zip-compressed', 'application/x-zip-compressed'],
    ['.dwg', 'a.dwg', 'image/vnd.dwg', 'image/vnd.dwg'],
    ...[
      'text/html',
      'application/atom+xml',
      'application/rss+xml',
      'application/mathml+xml',
      'Application/XSLT+XML; charset=utf-8',
      'application/x-unknown+xml',
      'text/xml',
      'text/xsl',
      'application/vnd.wap.xhtml',
      'application/x-javascript',
      'text/ecmascript',
      'multipart/x-mixed-replace',
    ].map((type): [string, string, string, string] => ['.dwg', 'a.dwg', type, 'application/octet-stream']),
    ['.dwg', 'a.dwg', 'application/x-autocad', 'application/x-autocad'],
    ['.gpx, application/gpx+xml', 'a.gpx', 'application/gpx+xml', 'application/gpx+xml'],
    ['.png, text/html', 'a.png', 'text/html', 'text/html'],
  ];
  for (const [accept, filename, claimed, stored] of cases) {
    it(`is stored as ${stored}: ${filename} as ${claimed || 'nothing'} under ${accept}`, async () => {
      assert.equal(typeOf(await init({ accept }, { filename, content_type: claimed })), stored);
    });
  }
});

describe('a file that is accepted by its type', () => {
  const cases: [accept: string, filename: string, type: string, end: string][] = [
    ['image/png', 'x.html', 'image/png', '/x.html.png'],
    ['image/*', 'x.php', 'image/jpeg', '/x.php.jpg'],
    ['image/*', 'x.png', 'image/png', '/x.png'],
    ['image/*', 'photo', 'image/png', '/photo'],
    ['image/*', 'a.unknown', 'image/png', '/a.unknown'],
    ['text/csv', 'export.txt', 'text/csv', '/export.txt.csv'],
    ['*/*', 'x.html', 'image/png', '/x.html'],
  ];
  for (const [accept, filename, content_type, end] of cases) {
    it(`has an extension that fits its type: ${filename} as ${content_type} under ${accept}`, async () => {
      const { key } = await init({ accept }, { filename, content_type });
      assert.ok(key.endsWith(end), key);
      const named = await init({ accept, key: (file) => `k/${file.filename}` }, { filename, content_type });
      assert.ok(named.key.endsWith(end), named.key);
    });
  }
});

describe('a requested key', () => {
  const requestKey = async (accept: string | undefined, object_key: string, file: Partial<InitFile> = {}) => {
    const image = { filename: 'a.png', content_type: 'image/png' };
    const { key, error } = await init({ accept, objectKeys: 'o/' }, { ...image, object_key, ...file });
    return error?.code ?? key;
  };

  it('is refused for an extension that is not accepted', async () => {
    for (const accept of ['image/*', '.png', 'image/png, .jpg']) {
      for (const key of ['x.html', 'x.png/../y.svg.html', 'x.php', 'x.png.jsp', 'x.HTML'])
        assert.equal(await requestKey(accept, key), 'key-refused', `${accept} ${key}`);
      assert.equal(
        await requestKey(accept, 'x.html', { filename: 'x.html' }),
        accept === '.png' ? 'type' : 'key-refused',
      );
    }
  });

  it("is granted with an accepted extension, the file's own, none, or a number", async () => {
    assert.equal(await requestKey('image/*', 'avatars/me.jpg'), 'o/avatars/me.jpg');
    assert.equal(await requestKey('image/*', 'avatars/me'), 'o/avatars/me');
    assert.equal(await requestKey('image/*', 'reports/2026.11'), 'o/reports/2026.11');
    assert.equal(await requestKey('image/*', 'raw/me.xyz', { filename: 'b.xyz' }), 'o/raw/me.xyz');
    assert.equal(await requestKey('image/*', 'folder/'), 'o/folder/a.png');
    assert.equal(await requestKey(undefined, 'x.html'), 'o/x.html');
  });
});

describe('the renewal of a grant', () => {
  const policy: Policy = {
    accept: '.png, .html',
    overwrite: true,
    key: ({ filename, params }) => {
      if ((params as { course?: string } | undefined)?.course === 'closed') throw new Error('closed');
      return `k/${filename}`;
    },
    metadata: ({ params }) => ({ course: String((params as { course?: string } | undefined)?.course) }),
  };
  const png = { filename: 'a.png', content_type: 'image/png', filesize: 3, params: { course: 'open' } };

  it('signs the same object with the same headers again', async () => {
    const caller = createCaller({ policy });
    const { key, grant, put } = await caller.init(png);
    const renewed = await caller.init({ ...png, key, grant });
    assert.deepEqual(renewed.put!.headers, put!.headers);
    const withInventedId = await caller.init({ ...png, key, grant, upload_id: 'u' });
    assert.deepEqual(withInventedId.put!.headers, put!.headers);
    const disguised = await caller.init({ ...png, content_type: 'application/pdf', key, grant });
    assert.equal(typeOf(disguised), 'image/png');
  });

  it('is refused for another type, name, ACL or other params than the policy has checked, so that the upload restarts', async () => {
    for (const size of [3, 100e6]) {
      const caller = createCaller({ policy: { ...policy, acls: ['public-read'] } });
      const file = { ...png, filesize: size };
      const { key, grant } = await caller.init(file);
      for (const change of [
        { content_type: 'image/x-png' },
        { filename: 'a.html' },
        { acl: 'public-read' },
        { params: { course: 'closed' } },
        { params: undefined },
        { relative_path: 'x/a.png' },
        { object_key: 'other/a.png' },
      ]) {
        assert.equal((await caller.init({ ...file, ...change, key, grant })).error?.code, 'grant-expired');
        const continued = await caller.init({ ...file, ...change, key, grant, upload_id: 'u' });
        if (size === 3) {
          assert.equal(continued.error?.code, 'grant-expired', 'a file of a single request has no upload to continue');
          continue;
        }
        // with the upload ID, the multipart upload continues, and no new object is signed
        assert.equal(continued.upload_id, 'u');
        assert.ok(!continued.init && !continued.put);
      }
    }
  });

  it('for an upload in the tracker creates no new object under its key', async () => {
    for (const size of [3, 100e6]) {
      const caller = createCaller({ policy, tracker: createMemoryTracker() });
      const file = { ...png, filesize: size };
      const { key, grant } = await caller.init(file);
      await caller.call('chunk_loaded', { key, grant, upload_id: 'u', chunks: [], state: 'started' });
      const closed = { ...file, params: { course: 'closed' } };
      assert.equal((await caller.init(closed)).error?.code, 'policy-failed', 'the upload has other params');
      const found = await caller.init(file);
      // the tracker has no upload of a file of one request
      assert.equal(found.upload_id, size === 3 ? undefined : 'u');
      const renewed = await caller.init({ ...closed, key: found.key, grant: found.grant });
      assert.equal(renewed.error?.code, 'grant-expired');
    }
  });
});
