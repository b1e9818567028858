import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../src/signer/util/bytes.js';
import { nodeHashes, webHashes } from '../../../src/signer/util/hashes.js';

/** Texts: empty, short, one block of SHA-256, long, with multibyte characters, and with a lone surrogate. */
const TEXTS = ['', 'abc', 'x'.repeat(64), 'long '.repeat(1_000), 'naïve — 漢字 🫏', 'broken \uD83D pair'];

for (const [name, hashes] of Object.entries({ "WebCrypto's": webHashes, "Node's": nodeHashes()! }))
  describe(`${name} hashes`, () => {
    it('return the published values', async () => {
      // FIPS 180-2, appendix B.1; RFC 4231, test case 2
      assert.equal(hex(await hashes.sha256('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
      const key = await hashes.hmacKey(utf8('Jefe'));
      assert.equal(
        hex(await key.sign('what do ya want for nothing?')),
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      );
    });

    it('agree with the other implementation on every text', async () => {
      const other = hashes === webHashes ? nodeHashes()! : webHashes;
      const [key, otherKey] = [await hashes.hmacKey(utf8('secret')), await other.hmacKey(utf8('secret'))];
      for (const text of TEXTS) {
        assert.equal(hex(await hashes.sha256(text)), hex(await other.sha256(text)));
        assert.ok(await key.verify(await otherKey.sign(text), text));
      }
    });

    it('reject a signature of another key or another text', async () => {
      const key = await hashes.hmacKey(utf8('secret'));
      const other = await hashes.hmacKey(utf8('secreT'));
      assert.equal(await key.verify(await other.sign('text'), 'text'), false);
      assert.equal(await key.verify(await key.sign('Text'), 'text'), false);
    });

    it('reject a signature that is too short or too long, without an error', async () => {
      const key = await hashes.hmacKey(utf8('secret'));
      const signature = await key.sign('text');
      for (const other of [new Uint8Array(), signature.slice(0, 31), new Uint8Array([...signature, 0])])
        assert.equal(await key.verify(other, 'text'), false, `${other.length} bytes`);
    });
  });

describe('a runtime without modules of Node', () => {
  it('uses WebCrypto', (t) => {
    t.mock.method(process, 'getBuiltinModule', () => undefined);
    assert.equal(nodeHashes(), null);
  });
});
