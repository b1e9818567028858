/** Matches files against an `accept` list; the same rule in browser and signer. */

/** A token that the HTML standard allows: an extension, a media type without parameters, or a range such as `image/*`. */
const STANDARD_TOKEN = /^(?:\.[^\s/;*]+|[^\s/;.*]+\/(?:[^\s/;*]+|\*)|\*|\*\/\*)$/;

/** Splits an `accept` list as the HTML standard does. */
const splitTokens = (accept: string): string[] =>
  accept
    .toLowerCase()
    .split(',')
    .map((token) => token.trim())
    .filter(Boolean);

/** Whether every token of an `accept` list is valid by the HTML standard. */
export const isStandardAccept = (accept: string): boolean =>
  splitTokens(accept).every((token) => STANDARD_TOKEN.test(token));

/**
 * Parses an `accept` list, and corrects common tokens that the standard does not allow: `jpg` and `*.jpg` become `.jpg`,
 * `image` becomes `image/*`, and parameters (`image/*;capture=camera`) are removed. Other invalid tokens are ignored, as in
 * browsers.
 * @returns extensions with their dot and media types, in lower case; none if everything is accepted
 * @see https://html.spec.whatwg.org/multipage/input.html#attr-input-accept
 */
export function parseAccept(accept: string): string[] {
  const tokens = splitTokens(accept)
    .join(',')
    .replace(/;\s*[\w-]+\s*=[^,;]*/g, '')
    .split(/[\s,;|]+/)
    .map((token) => {
      if (/^(?:image|audio|video)$/.test(token)) return `${token}/*`;
      return token.replace(/^\*(?=\.)/, '').replace(/^(?=[\w+-][\w.+-]*$)/, '.');
    })
    .filter((token) => STANDARD_TOKEN.test(token));
  // with either of these tokens, file pickers accept every file
  return tokens.some((token) => token === '*' || token === '*/*') ? [] : tokens;
}

/**
 * File formats, one per line: media types and extensions. The media types are those of the IANA registry, of the MIME
 * sniffing standard, and of the tables from which systems and browsers take a file's type: the Windows registry, Chromium's
 * table, and that of Linux desktops.
 * @see https://www.iana.org/assignments/media-types/media-types.xhtml
 * @see https://mimesniff.spec.whatwg.org/
 * @see https://source.chromium.org/chromium/chromium/src/+/main:net/base/mime_util.cc
 * @see https://gitlab.freedesktop.org/xdg/shared-mime-info
 */
export const FORMATS = `image/jpeg image/jpg image/pjpeg .jpg .jpeg .jpe .jfif
image/png image/x-png .png
image/apng image/vnd.mozilla.apng .apng
image/gif .gif
image/webp .webp
image/avif .avif
image/heic image/heif image/heic-sequence image/heif-sequence .heic .heif .hif
image/jxl .jxl
image/bmp image/x-ms-bmp image/x-bmp .bmp
image/tiff image/x-tiff .tif .tiff
image/svg+xml .svg
image/vnd.microsoft.icon image/x-icon .ico
image/x-adobe-dng image/dng .dng
image/x-canon-cr2 .cr2
image/x-canon-cr3 .cr3
image/x-nikon-nef .nef
image/x-sony-arw .arw
image/vnd.adobe.photoshop image/x-photoshop application/x-photoshop .psd
audio/mpeg audio/mp3 audio/x-mp3 audio/x-mpeg .mp3
audio/mp4 audio/m4a audio/x-m4a audio/mp4a-latm .m4a
audio/wav audio/x-wav audio/wave audio/vnd.wave .wav
audio/flac audio/x-flac .flac
audio/ogg audio/x-vorbis+ogg audio/opus audio/x-opus+ogg .ogg .oga .opus
audio/aac audio/x-aac audio/vnd.dlna.adts .aac
audio/aiff audio/x-aiff .aif .aiff
audio/webm .weba
audio/midi audio/x-midi audio/mid .mid .midi
audio/amr .amr
video/mp4 video/x-m4v .mp4 .m4v
video/quicktime .mov .qt
video/webm .webm
video/x-matroska video/matroska .mkv
video/x-msvideo video/avi video/msvideo video/vnd.avi .avi
video/mpeg .mpg .mpeg
video/x-ms-wmv .wmv
video/ogg video/x-theora+ogg .ogv
video/3gpp .3gp
video/3gpp2 .3g2
video/mp2t video/vnd.dlna.mpeg-tts .mts .m2ts
video/x-flv .flv
text/plain .txt .text .log
text/csv application/csv text/x-csv application/x-csv text/comma-separated-values .csv
text/tab-separated-values .tsv
text/markdown text/x-markdown .md .markdown
text/html .html .htm
text/css .css
text/xml application/xml .xml
text/javascript application/javascript application/x-javascript .js .mjs
text/calendar .ics
text/vcard text/x-vcard .vcf
application/json text/json .json
application/pdf application/x-pdf .pdf
application/rtf text/rtf .rtf
application/zip application/x-zip-compressed application/x-zip .zip
application/gzip application/x-gzip .gz
application/x-tar .tar
application/x-7z-compressed .7z
application/vnd.rar application/x-rar-compressed application/x-rar .rar
application/epub+zip .epub
application/msword .doc
application/vnd.ms-excel application/msexcel application/x-msexcel .xls
application/vnd.ms-powerpoint application/mspowerpoint .ppt
application/vnd.openxmlformats-officedocument.wordprocessingml.document .docx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet .xlsx
application/vnd.openxmlformats-officedocument.presentationml.presentation .pptx
application/vnd.oasis.opendocument.text .odt
application/vnd.oasis.opendocument.spreadsheet .ods
application/vnd.oasis.opendocument.presentation .odp`;

/** Maps each media type and each extension to all names of its format. */
const namesByFormatName = /* @__PURE__ */ new Map(
  /* @__PURE__ */ FORMATS.split('\n').flatMap((line) => {
    const names = line.split(' ');
    return names.map((name): [string, readonly string[]] => [name, names]);
  }),
);

/** Types whose content a browser executes. The extension of such a file counts only if it belongs to the type's format. */
const ACTIVE_TYPE = /[/+](?:html|xml|(?:x-)?(?:java|ecma)script)$/;

/**
 * Returns the media types and extensions that a file matches: the names of its type's format and of its extension's format.
 * Operating systems report different types for one format, or none (Windows, if no installed program opens it).
 * @param type media type without parameters, in lower case; empty if the browser knows none
 */
function acceptedNamesOf(name: string, type: string): Set<string> {
  const namesOfType = namesByFormatName.get(type) ?? [type];
  const [, extension = ''] = /[^/\\](\.[^./\\]+)$/.exec(name.toLowerCase()) ?? [];
  const namesOfExtension = namesByFormatName.get(extension) ?? [];
  const acceptedNames = new Set(namesOfType.filter((acceptedName) => acceptedName[0] !== '.' || !extension));
  if (!ACTIVE_TYPE.test(type) || namesOfExtension.includes(type))
    for (const acceptedName of namesOfExtension) acceptedNames.add(acceptedName);
  return acceptedNames;
}

/**
 * Whether a file matches an `accept` list, by its extension or its type.
 * @param type media type; empty if the browser knows none
 */
export function isAccepted(accept: string, name: string, type: string): boolean {
  const tokens = parseAccept(accept);
  if (!tokens.length) return true;
  const acceptedNames = [...acceptedNamesOf(name, type.split(';')[0]!.trim().toLowerCase())];
  return tokens.some((token) => {
    if (token.endsWith('/*')) return acceptedNames.some((acceptedName) => acceptedName.startsWith(token.slice(0, -1)));
    return acceptedNames.includes(token) || (token[0] === '.' && name.toLowerCase().endsWith(token));
  });
}
