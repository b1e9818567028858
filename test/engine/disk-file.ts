/** A file that a test changes on disk. It stays readable, as in WebKit, or becomes unreadable, as in other browsers. */
export class DiskFile extends File {
  content: Blob;
  isReadable = true;

  constructor(content: File) {
    super([content], content.name, { lastModified: content.lastModified });
    this.content = content;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.slice().arrayBuffer();
  }

  override slice(start?: number, end?: number): Blob {
    const blob = this.content.slice(start, end);
    if (this.isReadable) return blob;
    blob.arrayBuffer = () => Promise.reject(new DOMException('it has changed', 'NotReadableError'));
    return blob;
  }
}
