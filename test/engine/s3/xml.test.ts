import { expect } from '@open-wc/testing';
import { completionBody, parseCompletion } from '../../../src/engine/s3/completion.js';
import { parsePartList } from '../../../src/engine/s3/part-list.js';
import { bareEtag, parseError, parseUploadId } from '../../../src/engine/s3/xml.js';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const part = (number: number, size = 5, etag = `&quot;e${number}&quot;`): string =>
  `<Part><PartNumber>${number}</PartNumber><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>${etag}</ETag><Size>${size}</Size></Part>`;
const list = (inner: string): string =>
  `${HEAD}<ListPartsResult ${NAMESPACE}><Bucket>b</Bucket><Key>k</Key>${inner}</ListPartsResult>`;

describe('the response to CreateMultipartUpload', () => {
  it('has the upload ID, with entities decoded', () => {
    const xml = `${HEAD}<InitiateMultipartUploadResult ${NAMESPACE}><Key>k</Key><UploadId>a&amp;b&#45;&#x63;</UploadId></InitiateMultipartUploadResult>\n`;
    expect(parseUploadId(xml)).to.equal('a&b-c');
  });

  it('is rejected when truncated, empty, or another document', () => {
    const whole = '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>';
    for (const text of [
      whole.slice(0, -5),
      '',
      'null',
      '<html></html>',
      '<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>',
    ]) {
      expect(parseUploadId(text), text).to.equal(null);
    }
  });
});

describe('a page of ListParts', () => {
  it('has number, size and bare ETag of each part', () => {
    expect(parsePartList(list(part(1, 5_242_880) + part(2, 7, 'bare')))).to.deep.equal({
      parts: [
        { partNumber: 1, size: 5_242_880, etag: 'e1' },
        { partNumber: 2, size: 7, etag: 'bare' },
      ],
      next: null,
    });
  });

  it('may be empty', () => {
    expect(parsePartList(list('<IsTruncated>false</IsTruncated>'))).to.deep.equal({ parts: [], next: null });
  });

  it('has the marker of the next page, even if the store omits it', () => {
    const marker = '<NextPartNumberMarker>1000</NextPartNumberMarker><IsTruncated>true</IsTruncated>';
    expect(parsePartList(list(marker + part(999)))?.next).to.equal(1000);
    expect(parsePartList(list(`<IsTruncated>true</IsTruncated>${part(4)}${part(7)}`))?.next).to.equal(7);
  });

  it('has no next page unless IsTruncated is true', () => {
    expect(parsePartList(list(`<NextPartNumberMarker>7</NextPartNumberMarker>${part(7)}`))?.next).to.equal(null);
    expect(parsePartList(list('<IsTruncated>true</IsTruncated>'))?.next).to.equal(null);
  });

  it('is rejected when truncated at any byte', () => {
    const whole = list(part(1) + part(2) + part(3));
    for (let length = 0; length < whole.length; length++) expect(parsePartList(whole.slice(0, length))).to.equal(null);
  });

  it('is rejected when a part has no number or size', () => {
    expect(parsePartList(list('<Part><Size>1</Size></Part>'))).to.equal(null);
    expect(parsePartList(list('<Part><PartNumber>1</PartNumber></Part>'))).to.equal(null);
    expect(parsePartList(list('<Part><PartNumber>x</PartNumber><Size>1</Size></Part>'))).to.equal(null);
  });

  it('is parsed with 10,000 parts', () => {
    const all = Array.from({ length: 10_000 }, (_, index) => part(index + 1)).join('');
    expect(parsePartList(list(all))?.parts.at(-1)).to.deep.equal({ partNumber: 10_000, size: 5, etag: 'e10000' });
  });
});

describe('an Error document', () => {
  it('is found at the start of a response, with any white space before it', () => {
    expect(
      parseError(`${HEAD}<Error><Code>SlowDown</Code><Message>Please &lt;wait&gt;</Message></Error>`),
    ).to.deep.equal({ code: 'SlowDown', message: 'Please <wait>' });
    // S3 keeps a long Complete alive with white space before the document
    expect(parseError('  \n  <Error><Code>InternalError</Code></Error>')?.code).to.equal('InternalError');
  });

  it('is not found in other documents', () => {
    for (const text of ['', '<html>Error</html>', '<CompleteMultipartUploadResult/>', '<ErrorReport></ErrorReport>']) {
      expect(parseError(text), text).to.equal(null);
    }
  });

  it('is recognised even when truncated', () => {
    expect(parseError('<Error><Code>Int')).to.deep.equal({ code: '', message: '' });
  });
});

describe('the response to CompleteMultipartUpload', () => {
  it('has the bare ETag, empty if the store sends none', () => {
    const answer = (etag: string): string =>
      `${HEAD}<CompleteMultipartUploadResult ${NAMESPACE}>${etag}</CompleteMultipartUploadResult>`;
    expect(parseCompletion(answer('<ETag>&quot;abc-3&quot;</ETag>'))?.etag).to.equal('abc-3');
    expect(parseCompletion(answer('<ETag>"abc-3"</ETag>'))).to.deep.equal({ etag: 'abc-3', checksums: {} });
    expect(parseCompletion(answer('<ETag></ETag>'))?.etag).to.equal('');
    expect(parseCompletion(answer(''))?.etag).to.equal('');
  });

  it('has the checksums that the store reports', () => {
    const checksums = '<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>';
    const text = `<CompleteMultipartUploadResult>${checksums}</CompleteMultipartUploadResult>`;
    expect(parseCompletion(text)?.checksums).to.deep.equal({ crc64nvme: 'rosUhgp5mIg=' });
  });

  it('is rejected when truncated or empty', () => {
    expect(parseCompletion('<CompleteMultipartUploadResult><ETag>"abc-3"</ETag>')).to.equal(null);
    expect(parseCompletion('')).to.equal(null);
  });
});

describe('the body of CompleteMultipartUpload', () => {
  it('lists every part in order, its ETag in quotes and escaped', () => {
    const body = new DOMParser().parseFromString(completionBody([{ etag: 'a' }, { etag: 'b<&>"' }]), 'application/xml');
    const texts = (name: string): (string | null)[] =>
      [...body.getElementsByTagName(name)].map(({ textContent }) => textContent);
    expect(texts('PartNumber')).to.deep.equal(['1', '2']);
    expect(texts('ETag')).to.deep.equal(['"a"', '"b<&>""']);
    expect(texts('ChecksumSHA256')).to.deep.equal([]);
    expect(body.documentElement.namespaceURI).to.equal('http://s3.amazonaws.com/doc/2006-03-01/');
  });
});

describe('checksums of parts', () => {
  it('are parsed from ListParts, and written to Complete for a composite', () => {
    const part =
      '<Part><PartNumber>1</PartNumber><ETag>"a"</ETag><Size>9</Size><ChecksumSHA256>c2hh</ChecksumSHA256></Part>';
    const list = parsePartList(`<ListPartsResult>${part}</ListPartsResult>`);
    expect(list?.parts).to.deep.equal([{ partNumber: 1, etag: 'a', size: 9, checksums: { sha256: 'c2hh' } }]);
    const body = completionBody([{ etag: 'a', checksum: { algorithm: 'sha256', value: 'c2hh' } }]);
    expect(body).to.contain('<ChecksumSHA256>c2hh</ChecksumSHA256></Part>');
  });
});

describe('an ETag', () => {
  it('loses only its quotes and a weak prefix', () => {
    for (const [etag, bare] of [
      ['"abc-2"', 'abc-2'],
      ['abc-2', 'abc-2'],
      ['W/"abc"', 'abc'],
      ['  "abc" ', 'abc'],
      ['', ''],
      ['""', ''],
    ] as const) {
      expect(bareEtag(etag)).to.equal(bare);
    }
  });
});

describe('hostile and unusual XML', () => {
  const READERS = { parseError, parseUploadId, parsePartList, parseCompletion };
  const ROOTS = ['Error', 'InitiateMultipartUploadResult', 'ListPartsResult', 'CompleteMultipartUploadResult'];

  it('is parsed in linear time', () => {
    for (const root of ROOTS) {
      for (const unit of [
        '<Part>',
        '<ETag ',
        `<${root}>`,
        `</${root}> `,
        '<?',
        '<!--',
        '<![CDATA[',
        '&#x',
        '<a b="',
        "'",
      ])
        for (const text of [unit.repeat(2e6 / unit.length), `<${root}>${unit.repeat(2e6 / unit.length)}`])
          for (const [name, read] of Object.entries(READERS))
            if (name !== 'parseError') expect(read(text), `${name} ${root} ${unit}`).to.equal(null);
            else read(text);
    }
  });

  it('is parsed with CDATA, comments, processing instructions, prefixes and attributes', () => {
    const expected = { parts: [{ partNumber: 1, size: 5, etag: 'a&b' }], next: null };
    const inner = '<PartNumber>1</PartNumber><ETag>"a&amp;b"</ETag><Size>5</Size>';
    for (const text of [
      '<ListPartsResult><Part><PartNumber>1</PartNumber><ETag><![CDATA["a&b"]]></ETag><Size>5</Size></Part></ListPartsResult>',
      `<ListPartsResult><!-- <Part><PartNumber>9</PartNumber></Part> --><Part>${inner}</Part></ListPartsResult><!-- end -->`,
      `<ListPartsResult><![CDATA[<Part>]]><Part>${inner}</Part></ListPartsResult>`,
      `<?a <Part> ?><ListPartsResult a="'" b='>'><Part c="</Part>">${inner}</Part></ListPartsResult>`,
      `<s3:ListPartsResult xmlns:s3="urn:x"><s3:Part>${inner.replace(/<(\/?)/g, '<$1s3:')}</s3:Part></s3:ListPartsResult>`,
      `<ListPartsResult><Owner><ETag>x</ETag></Owner><Part><Owner><Size>7</Size></Owner>${inner}</Part></ListPartsResult >`,
    ])
      expect(parsePartList(text), text).to.deep.equal(expected);
    expect(parseError('<!-- a proxy --><e:Error xmlns:e="x"><e:Code>NoSuchUpload</e:Code></e:Error>')?.code).to.equal(
      'NoSuchUpload',
    );
  });

  it('is read field by field, each from its own element', () => {
    const text = '<CompleteMultipartUploadResult><Owner><ETag>"x"</ETag></Owner></CompleteMultipartUploadResult>';
    expect(parseCompletion(text)?.etag).to.equal('');
  });

  it('is rejected with a document type, mismatched tags or case, and content beside the root', () => {
    const whole = '<ListPartsResult></ListPartsResult>';
    expect(parsePartList(whole)).not.to.equal(null);
    for (const text of [
      `<!DOCTYPE ListPartsResult [<!ENTITY a "b">]>${whole}`,
      '<ListPartsResult><Part><Size>1</Part></Size></ListPartsResult>',
      `${whole}${whole}`,
      `text ${whole}`,
      `${whole} text`,
      '<ListPartsResult></ListpartsResult>',
      '<listPartsResult></listPartsResult>',
      `${'<a>'.repeat(50)}${'</a>'.repeat(50)}`,
      `<ListPartsResult>${' '.repeat(5e6)}</ListPartsResult>`,
    ])
      expect(parsePartList(text), text.slice(0, 99)).to.equal(null);
  });

  it('keeps unknown entities as text', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'nbsp', 'AMP', '#x110000', '#xffffffffff'])
      expect(parseError(`<Error><Code>a&${name};&lt;</Code></Error>`)?.code).to.equal(`a&${name};<`);
  });
});
