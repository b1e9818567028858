import { expect } from '@open-wc/testing';
import { rejectionOf } from '../../../src/engine/files/file-rules.js';

const file = (name: string, type = '', size = 0) => ({ name, type, size });

describe('the rules for a file', () => {
  const codeOf = (...args: Parameters<typeof rejectionOf>): string | null => rejectionOf(...args)?.code ?? null;

  it('accept everything by default', () => {
    expect(codeOf(file('a', '', 50e12), {}, 1_000)).to.equal(null);
    expect(codeOf(file('a'), {}, 0)).to.equal(null);
  });

  it('accept sizes at the limits', () => {
    const rules = { minSize: 10, maxSize: 20 };
    const codes = [9, 10, 20, 21].map((size) => codeOf(file('a', '', size), rules, 0));
    expect(codes).to.deep.equal(['too-small', null, null, 'too-big']);
  });

  it('reject files beyond the limit of listed files', () => {
    expect([1, 2, 3].map((count) => codeOf(file('a'), { maxFiles: 2 }, count))).to.deep.equal([
      null,
      'too-many',
      'too-many',
    ]);
  });

  it('reject with a message that names the file', () => {
    const rejections = [
      rejectionOf(file('a.exe'), { accept: '.jpg' }, 0),
      rejectionOf(file('a.exe', '', 2_500_000), { maxSize: 1_000_000 }, 0),
      rejectionOf(file('a.exe', '', 1), { minSize: 1_000 }, 0),
      rejectionOf(file('a.exe'), { maxFiles: 1 }, 1),
    ];
    expect(rejections.map((rejection) => rejection?.code)).to.deep.equal(['type', 'too-big', 'too-small', 'too-many']);
    for (const rejection of rejections) expect(rejection!.message).to.match(/^“a\.exe” was not added: .+\.$/);
    expect(rejections[1]!.message).to.contain('2,500,000 bytes').and.to.contain('1,000,000 bytes');
    expect(rejections[3]!.message).to.equal('“a.exe” was not added: the limit is 1 file.');
  });

  it('reject a file without a name', () => {
    expect(codeOf(file(''), {}, 0)).to.equal('empty-name');
  });
});
