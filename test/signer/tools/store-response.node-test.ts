import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { childrenIn, readText } from '../../../src/signer/tools/store-response.js';
import { MAX_XML_LENGTH, readXml, textIn } from '../../../src/xml.js';

describe('the XML body of a store response', () => {
  it('is read as UTF-8, in pieces of any size', async () => {
    const bytes = new TextEncoder().encode('<Error><Code>Zürich 🐴</Code></Error>');
    const body = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    assert.equal(textIn(await readText(new Response(body)), 'Code'), 'Zürich 🐴');
    assert.equal(await readText(new Response(null)), '');
  });

  it('is read only up to the limit, and then counts as incomplete', async () => {
    let isCancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(32)),
      cancel: () => void (isCancelled = true),
    });
    const text = await readText(new Response(endless));
    assert.ok(isCancelled);
    assert.ok(text.length > MAX_XML_LENGTH && text.length <= MAX_XML_LENGTH + 65_536);
    assert.equal(readXml(text).isWhole, false);
  });

  it('yields no elements if it is incomplete or has a DOCTYPE', () => {
    const text = '<ListPartsResult><Part><PartNumber>1</PartNumber></Part><Part/></ListPartsResult>';
    assert.equal(childrenIn(text, 'Part').length, 2);
    assert.deepEqual(childrenIn(text.slice(0, -3), 'Part'), []);
    assert.deepEqual(childrenIn(`<!DOCTYPE a>${text}`, 'Part'), []);
  });
});
