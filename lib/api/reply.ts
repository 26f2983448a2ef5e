// What an operation answers, before it is written as a response.

export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  /** Instead of JSON: written one after the other. */
  readonly raw?: readonly Uint8Array[];
  readonly headers?: Readonly<Record<string, string>>;
}
