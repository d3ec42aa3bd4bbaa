/**
 * Any name as one that every file system takes, and back.
 *
 * 1. Different names become different ones, also where `a` and `A` are the same, where accents are taken apart, or where dots and
 *    spaces at the end are dropped: all but `a` to `z`, digits, `-` and `_` is written as `%2e` or, above 255, as `%u1f34`.
 * 2. None is reserved, as `con` is, and none has a dot in it: names with one are free for what isn't anybody's.
 * 3. None is longer than 240 bytes: what is longer becomes folders, whose names end with `%-`, as no other does.
 */

const longestPiece = 200;
const folderMark = '%-';
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;

/** The folders and the file, or the last folder, that stand for a name. */
export function piecesOfName(name: string): [string, ...string[]] {
  const encoded = encodeName(name);
  const pieces: string[] = [];
  let start = 0;
  for (; encoded.length - start > longestPiece; start += longestPiece)
    pieces.push(encoded.slice(start, start + longestPiece) + folderMark);
  pieces.push(encoded.slice(start));
  return pieces as [string, ...string[]];
}

/** Whether a folder is part of longer names, and none by itself. */
export function isFolderOfNames(piece: string): boolean {
  return piece.endsWith(folderMark);
}

/** The name that folders and a file stand for; `undefined` where they stand for none. */
export function nameOfPieces(pieces: readonly string[]): string | undefined {
  const encoded = pieces
    .map((piece) => (isFolderOfNames(piece) ? piece.slice(0, -folderMark.length) : piece))
    .join('');
  const name = decodeName(encoded);
  // What isn't as it would be written is somebody else's.
  return name !== '' && piecesOfName(name).join('/') === pieces.join('/') ? name : undefined;
}

/** A name in `a` to `z`, digits, `-`, `_` and `%`; of any length. */
export function encodeName(name: string): string {
  const encoded = name.replaceAll(/[^\da-z_-]/g, escaped);
  return reserved.test(encoded) ? `${escaped(encoded)}${encoded.slice(1)}` : encoded;
}

/** What {@link encodeName} was given. */
export function decodeName(encoded: string): string {
  return encoded.replaceAll(/%(?:u([\da-f]{4})|([\da-f]{2}))/g, (_, wide?: string, narrow?: string) =>
    String.fromCharCode(Number.parseInt(wide ?? narrow ?? '', 16)),
  );
}

/** The first unit of a text: half of a pair of surrogates may stand alone in a name. */
function escaped(text: string): string {
  const unit = text.charCodeAt(0);
  return unit < 256 ? `%${unit.toString(16).padStart(2, '0')}` : `%u${unit.toString(16).padStart(4, '0')}`;
}
