import { MillraceError } from '../base/errors.ts';

/**
 * A value that was too large for a message isn't where it was put, or isn't the same any more. Coordinator and workers have to be given
 * the same `blobs`.
 */
export class MissingBlobError extends MillraceError {
  override readonly name = 'MissingBlobError';
  override readonly code = 'MISSING_BLOB';

  /** What it was put away as. */
  readonly blob: string;
  /** How many bytes it had. */
  readonly size: number;

  constructor(blob: string, size: number) {
    super(
      `a value of ${String(size)} bytes isn't in the blob store (${blob}); give coordinator and workers the same \`blobs\``,
    );
    this.blob = blob;
    this.size = size;
  }
}
