/** Media types and file extensions that belong together: the formats of `accept`, and those that only a store meets. */
import { FORMATS } from '../../accept.js';

/** In the form of `FORMATS`; a format that stands there too gets more names here. */
const MORE_FORMATS = `text/csv application/vnd.ms-excel .csv
text/html .shtml
application/xhtml+xml .xhtml .xht
text/xml application/xml .xsl .xsd
image/svg+xml .svgz
text/javascript .cjs
application/json .map
application/wasm .wasm
text/vcard text/directory .vcf
text/vtt .vtt
application/x-subrip text/plain .srt
application/msword .dot
application/vnd.ms-powerpoint .pps
audio/ogg video/ogg application/ogg .ogg .oga
audio/x-ms-wma .wma
video/mp4 application/mp4 .mp4
video/webm audio/webm .webm
video/3gpp audio/3gpp .3gp
video/mp2t .ts
application/gzip .tgz
application/x-bzip2 .bz2
application/x-xz .xz
application/zstd .zst
application/java-archive application/x-java-archive .jar
application/vnd.android.package-archive .apk
application/vnd.microsoft.portable-executable application/x-msdownload application/x-msdos-program .exe .dll
application/x-msi application/x-ms-installer .msi
application/x-sh text/x-sh application/x-shellscript .sh
application/x-httpd-php application/x-php text/x-php .php .php3 .php4 .php5 .phtml
application/x-bat application/bat application/x-msdos-program .bat .cmd
application/hta .hta
application/x-shockwave-flash .swf
multipart/related message/rfc822 application/x-mimearchive .mht .mhtml
message/rfc822 .eml
font/woff .woff
font/woff2 .woff2
font/ttf .ttf
font/otf .otf
model/gltf-binary .glb
model/gltf+json .gltf
model/stl application/sla .stl`;

/** Types by extension, the one to store first, and the usual extension by type; extensions without their dot. */
const BY_EXTENSION = new Map<string, string[]>();
const BY_TYPE = new Map<string, string>();
for (const line of `${FORMATS}\n${MORE_FORMATS}`.split('\n')) {
  const names = line.split(' ');
  const types = names.filter((name) => name.includes('/'));
  const extensions = names.filter((name) => name.startsWith('.')).map((name) => name.slice(1));
  for (const extension of extensions)
    BY_EXTENSION.set(extension, [...new Set([...(BY_EXTENSION.get(extension) ?? []), ...types])]);
  for (const type of types) if (!BY_TYPE.has(type)) BY_TYPE.set(type, extensions[0]!);
}

/** What is meant by no type: browsers, and the engine, write it for what they do not know. */
export const UNKNOWN_TYPE = 'application/octet-stream';

/** Gives a type without parameters, in lower case; `''` for one that says nothing. */
export function mediaTypeOf(contentType: string): string {
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  return type === UNKNOWN_TYPE ? '' : type;
}

/** Gives a name's extension in lower case, without the dot; `''` where it has none. */
export const extensionOf = (name: string): string => /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** Gives the types that files of a name's extension have; undefined where the table does not know. */
export const typesOfName = (name: string): readonly string[] | undefined => BY_EXTENSION.get(extensionOf(name));

/** Gives the extension that goes with a type; undefined where the table does not know. */
export const extensionFor = (type: string): string | undefined => BY_TYPE.get(type);
