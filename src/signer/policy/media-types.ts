/** Maps file extensions to media types and back: the formats that `accept` knows, and further ones. */
import { FORMATS } from '../../accept.js';

/** In the format of `FORMATS`. A line may add names to a format that is listed there. */
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

/** Types by extension, the preferred one first, and the usual extension by type. Extensions have no dot. */
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

/** The type that browsers and the engine use for files of an unknown type. */
export const UNKNOWN_TYPE = 'application/octet-stream';

/** Returns a type without parameters, in lower case; an empty string for an unknown one. */
export function mediaTypeOf(contentType: string): string {
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  return type === UNKNOWN_TYPE ? '' : type;
}

/** Returns a name's extension in lower case, without the dot; an empty string if it has none. */
export const extensionOf = (name: string): string => /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** Returns the types of a name's extension; undefined for an unknown extension. */
export const typesOfName = (name: string): readonly string[] | undefined => BY_EXTENSION.get(extensionOf(name));

/** Returns the usual extension of a type; undefined for an unknown type. */
export const extensionFor = (type: string): string | undefined => BY_TYPE.get(type);

/**
 * Types of documents and scripts that browsers run: HTML, every XML type (scripts run in its XHTML elements), JavaScript
 * under all its names, and multipart documents. More than `accept` excludes: its code is also part of the page.
 * @see https://mimesniff.spec.whatwg.org/#mime-type-groups
 */
const ACTIVE_TYPE = /\+xml$|[/.-](?:x?html|xml|xsl|xslt)$|(?:java|ecma|j|live|vb)script|^multipart\//;

/** Whether browsers run the content of a type, which is without parameters and in lower case. */
export const isActiveType = (type: string): boolean => ACTIVE_TYPE.test(type);
