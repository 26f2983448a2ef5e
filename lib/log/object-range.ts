// A piece of an object, and a way to hand it out.

export interface ByteRange {
  readonly key: string;
  readonly positionBytes: number;
  readonly lengthBytes: number;
}

/** A URL that opens only these bytes, for anyone who has it, until it expires. */
export interface RangeReference {
  readonly url: string;
  /** Headers that the request must carry, as signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAtMs: number;
}
