/**
 * Media types and the file extensions that go with them: the common ones, the one to store first.
 * @see https://www.iana.org/assignments/media-types/media-types.xhtml
 * @see https://developer.mozilla.org/docs/Web/HTTP/Guides/MIME_types/Common_types
 */

const TABLE = `
text/plain: txt text log
text/csv application/vnd.ms-excel application/csv: csv
text/tab-separated-values: tsv
text/html: html htm shtml
application/xhtml+xml: xhtml xht
text/xml application/xml: xml xsl xsd
image/svg+xml: svg svgz
text/css: css
text/javascript application/javascript application/x-javascript: js mjs cjs
application/json text/json: json map
application/wasm: wasm
text/markdown: md markdown
text/calendar: ics
text/vcard text/x-vcard text/directory: vcf
text/vtt: vtt
application/x-subrip text/plain: srt
application/pdf application/x-pdf: pdf
application/rtf text/rtf: rtf
application/epub+zip: epub
application/msword: doc dot
application/vnd.openxmlformats-officedocument.wordprocessingml.document: docx
application/vnd.ms-excel: xls
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet: xlsx
application/vnd.ms-powerpoint: ppt pps
application/vnd.openxmlformats-officedocument.presentationml.presentation: pptx
application/vnd.oasis.opendocument.text: odt
application/vnd.oasis.opendocument.spreadsheet: ods
application/vnd.oasis.opendocument.presentation: odp
image/jpeg image/jpg image/pjpeg: jpg jpeg jpe jfif
image/png image/x-png: png
image/apng image/vnd.mozilla.apng: apng
image/gif: gif
image/webp: webp
image/avif: avif
image/heic image/heif image/heic-sequence: heic
image/heif image/heic image/heif-sequence: heif
image/jxl: jxl
image/bmp image/x-ms-bmp: bmp
image/tiff: tif tiff
image/vnd.microsoft.icon image/x-icon: ico
image/vnd.adobe.photoshop application/x-photoshop: psd
image/x-adobe-dng: dng
audio/mpeg audio/mp3 audio/x-mpeg: mp3
audio/mp4 audio/x-m4a audio/m4a: m4a
audio/aac audio/x-aac: aac
audio/wav audio/x-wav audio/wave audio/vnd.wave: wav
audio/flac audio/x-flac: flac
audio/ogg video/ogg application/ogg: ogg oga
audio/opus audio/ogg: opus
audio/midi audio/mid: mid midi
audio/aiff audio/x-aiff: aif aiff
audio/x-ms-wma: wma
video/mp4 application/mp4: mp4
video/x-m4v video/mp4: m4v
video/quicktime: mov qt
video/webm audio/webm: webm
video/matroska video/x-matroska: mkv
video/x-msvideo video/avi video/msvideo: avi
video/mpeg: mpg mpeg
video/ogg: ogv
video/3gpp audio/3gpp: 3gp
video/mp2t: ts mts m2ts
video/x-ms-wmv: wmv
video/x-flv: flv
application/zip application/x-zip-compressed application/x-zip: zip
application/gzip application/x-gzip: gz tgz
application/x-bzip2: bz2
application/x-xz: xz
application/zstd: zst
application/x-tar: tar
application/vnd.rar application/x-rar-compressed application/x-rar: rar
application/x-7z-compressed: 7z
application/java-archive application/x-java-archive: jar
application/vnd.android.package-archive: apk
application/vnd.microsoft.portable-executable application/x-msdownload application/x-msdos-program: exe dll
application/x-msi application/x-ms-installer: msi
application/x-sh text/x-sh application/x-shellscript: sh
application/x-httpd-php application/x-php text/x-php: php php3 php4 php5 phtml
application/x-bat application/bat application/x-msdos-program: bat cmd
application/hta: hta
application/x-shockwave-flash: swf
multipart/related message/rfc822 application/x-mimearchive: mht mhtml
message/rfc822: eml
font/woff: woff
font/woff2: woff2
font/ttf: ttf
font/otf: otf
model/gltf-binary: glb
model/gltf+json: gltf
model/stl application/sla: stl
`;

const BY_EXTENSION = new Map<string, readonly string[]>();
const BY_TYPE = new Map<string, string>();
for (const line of TABLE.trim().split('\n')) {
  const [types, extensions] = line.split(': ').map((list) => list.split(' ')) as [string[], string[]];
  for (const extension of extensions) BY_EXTENSION.set(extension, types);
  for (const type of types) if (!BY_TYPE.has(type)) BY_TYPE.set(type, extensions[0]!);
}

/** What is meant by no type: browsers, and the engine, write it for what they do not know. */
export const UNTYPED = 'application/octet-stream';

/** Gives a type without parameters, in lower case; `''` for one that says nothing. */
export function bareType(contentType: string): string {
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  return type === UNTYPED ? '' : type;
}

/** Gives a name's extension in lower case, without the dot; `''` where it has none. */
export const extensionOf = (name: string): string => /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** Gives the types that files of a name's extension have; undefined where the table does not know. */
export const typesOfName = (name: string): readonly string[] | undefined => BY_EXTENSION.get(extensionOf(name));

/** Gives the extension that goes with a type; undefined where the table does not know. */
export const extensionFor = (type: string): string | undefined => BY_TYPE.get(type);
