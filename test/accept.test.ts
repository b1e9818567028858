import { expect, fixture, html } from '@open-wc/testing';
import { isAccepted } from '../src/accept.js';
import type { RejectDetail } from '../src/engine/index.js';
import { createHarness, fileOf } from './element/harness.js';
import { setFiles } from './wtr/files.js';

/** Adds a file to an element with this `accept`. @returns `accepted`, or the code of the rejection */
async function outcomeOf(accept: string, file: File): Promise<string> {
  const { element } = await createHarness(html`<mule-upload multiple accept=${accept}></mule-upload>`);
  const rejected: RejectDetail[] = [];
  element.addEventListener('mule-reject', ({ detail }) => rejected.push(detail));
  const added = await element.add([file]);
  return added.length === 1 ? 'accepted' : (rejected[0]?.code ?? 'neither accepted nor rejected');
}

/** `accept` lists, names and types of files as browsers and systems report them, and the outcome. */
const TABLE: readonly (readonly [accept: string, name: string, type: string, outcome: 'accepted' | 'type'])[] = [
  // Windows with Excel; Windows without
  ['text/csv', 'e.csv', 'application/vnd.ms-excel', 'accepted'],
  ['text/csv', 'e.csv', '', 'accepted'],
  ['text/csv', 'e.xls', 'application/vnd.ms-excel', 'type'],
  ['application/zip', 'f.zip', 'application/x-zip-compressed', 'accepted'],
  ['application/x-zip-compressed', 'f.zip', 'application/zip', 'accepted'],
  ['image/jpg', 'd.jpg', 'image/jpeg', 'accepted'],
  ['audio/mp3', 'h.mp3', 'audio/mpeg', 'accepted'],
  ['audio/wav', 'h.wav', 'audio/x-wav', 'accepted'],
  ['image/*', 'c.heic', '', 'accepted'],
  ['image/*', 'c.HEIC', 'application/octet-stream', 'accepted'],
  ['video/*', 'a.mkv', '', 'accepted'],
  ['image/*', 'notes.txt', '', 'type'],
  ['image/*', 'heic', '', 'type'],
  ['application/msword', 'a.docx', '', 'type'],
  // macOS and Android choose by type: they offer photo.jpeg for .jpg
  ['.jpg', 'photo.jpeg', 'image/jpeg', 'accepted'],
  ['.jpg', 'photo', 'image/jpeg', 'accepted'],
  ['.jpg', 'photo.html', 'image/jpeg', 'type'],
  ['.jpg', 'photo.png', 'image/png', 'type'],
  // a type that a browser would execute is not an image, whatever its name
  ['image/*', 'a.png', 'text/html', 'type'],
  ['image/*', 'a.svg', 'image/svg+xml', 'accepted'],
  // parameters
  ['text/plain', 'x.txt', 'text/plain; charset=utf-8', 'accepted'],
  ['text/plain;charset=utf-8', 'x.txt', 'text/plain', 'accepted'],
  ['image/*;capture=camera', 'i.jpg', 'image/jpeg', 'accepted'],
  ['image/*;capture=camera', 'i.txt', 'text/plain', 'type'],
  // not tokens of the standard, but common
  ['jpg,png', 'g.jpg', 'image/jpeg', 'accepted'],
  ['jpg,png', 'g.gif', 'image/gif', 'type'],
  ['jpg png', 'g.png', 'image/png', 'accepted'],
  ['*.jpg;*.png', 'g.png', 'image/png', 'accepted'],
  ['image', 'g.png', 'image/png', 'accepted'],
  ['"', 'g.png', 'image/png', 'accepted'],
  // extensions and wildcards in any case
  ['.jpg', 'A.JPG', '', 'accepted'],
  ['.tar.gz', 'b.TAR.GZ', '', 'accepted'],
  [' .PDF , image/* ', 'c.pdf', '', 'accepted'],
  [' .PDF , image/* ', 'c.bin', '', 'type'],
  ['*/*', 'c', '', 'accepted'],
  ['*', 'c', '', 'accepted'],
];

describe('accept', () => {
  for (const [accept, name, type, outcome] of TABLE) {
    it(`“${accept}”: ${name} of type “${type}” is ${outcome === 'accepted' ? 'accepted' : 'rejected'}`, async () => {
      expect(await outcomeOf(accept, new File(['x'], name, { type }))).to.equal(outcome);
    });
  }

  it('accepts what this browser’s own input accepts', async () => {
    const host = await fixture(html`<div></div>`);
    host.id = 'accepting';
    const input = Object.assign(document.createElement('input'), { type: 'file', multiple: true });
    host.attachShadow({ mode: 'open' }).append(input);
    const acceptByName: Record<string, string> = {
      'a.jpg': 'image/jpeg',
      'a.jpeg': 'image/jpg',
      'a.png': 'image/*',
      'a.heic': 'image/*',
      'a.avif': 'image/avif',
      'a.tif': 'image/tiff',
      'a.bmp': 'image/bmp',
      'a.ico': 'image/x-icon',
      'a.svg': 'image/svg+xml',
      'a.mp3': 'audio/mp3',
      'a.wav': 'audio/wav',
      'a.flac': 'audio/flac',
      'a.m4a': 'audio/*',
      'a.ogg': 'audio/ogg',
      'a.mp4': 'video/mp4',
      'a.mov': 'video/*',
      'a.mkv': 'video/*',
      'a.avi': 'video/*',
      'a.webm': 'video/webm',
      'a.csv': 'text/csv',
      'a.txt': 'text/plain',
      'a.md': 'text/markdown',
      'a.xml': 'application/xml',
      'a.js': 'application/javascript',
      'a.json': 'application/json',
      'a.pdf': 'application/pdf',
      'a.zip': 'application/zip',
      'a.gz': 'application/gzip',
      'a.rar': 'application/vnd.rar',
      'a.7z': 'application/x-7z-compressed',
      'a.doc': 'application/msword',
      'a.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      'a.xls': 'application/vnd.ms-excel',
      'a.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      'a.odt': 'application/vnd.oasis.opendocument.text',
      'a.rtf': 'application/rtf',
      'a.epub': 'application/epub+zip',
      'a.ics': 'text/calendar',
    };
    const changed = new Promise((resolve) => input.addEventListener('change', resolve));
    await setFiles(
      ['#accepting', 'input'],
      Object.keys(acceptByName).map((name) => ({ name, content: name })),
    );
    await changed;
    const { uploader } = await createHarness();
    const rejected: string[] = [];
    for (const file of input.files!) {
      const accept = acceptByName[file.name]!;
      const taken = await uploader.add([file], { accept });
      if (taken.length === 0) rejected.push(`${accept} refuses ${file.name} of “${file.type}”`);
    }
    expect(rejected).to.deep.equal([]);
  });

  it('warns once of invalid tokens, and corrects them for the browser’s input', async () => {
    const warnings: string[] = [];
    const { warn } = console;
    console.warn = (text: string) => warnings.push(text);
    try {
      const markup = html`<mule-upload accept="jpe, image/*;capture=camera"></mule-upload>`;
      const { element } = await createHarness(markup);
      await createHarness(markup);
      await createHarness(html`<mule-upload accept=".jpg, image/*,*/*"></mule-upload>`);
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.include('<mule-upload accept="jpe, image/*;capture=camera">');
      expect(element.shadowRoot!.querySelector('input')!.accept).to.equal('.jpe,image/*');
      expect(element.accept).to.equal('jpe, image/*;capture=camera');
      expect(await element.add([fileOf('a.jpe')])).to.have.length(1);
    } finally {
      console.warn = warn;
    }
  });
});

describe('isAccepted', () => {
  it('accepts everything when the list is empty', () => {
    for (const accept of ['', ' ', ',', '*/*', '*']) expect(isAccepted(accept, 'a.bin', ''), accept).to.be.true;
  });

  it('matches extensions, in any case', () => {
    expect(isAccepted('.png, .jpg', 'Photo.JPG', '')).to.be.true;
    expect(isAccepted('.tar.gz', 'archive.tar.gz', '')).to.be.true;
    expect(isAccepted('.jpg', 'jpg', '')).to.be.false;
  });

  it('matches MIME types and ranges', () => {
    expect(isAccepted('image/*,video/*', 'a', 'video/mp4')).to.be.true;
    expect(isAccepted('VIDEO/mp4', 'a', 'Video/MP4')).to.be.true;
    expect(isAccepted('video/*', 'a', 'videox/mp4')).to.be.false;
    expect(isAccepted('video/*', 'a', '')).to.be.false;
  });
});
