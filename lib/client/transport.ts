// How a request gets to the log and its answer back: HTTP, a Lambda by its name, or the core in the same process. All
// speak in requests and answers of the HTTP API, so that everything above is written once.

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface TransportRequest {
  readonly method: HttpMethod;
  /** Below the endpoint, query included: `/topics/orders?as=json`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: Buffer;
}

export interface Transport {
  /** For messages: where requests go. */
  readonly description: string;
  /** The log is on this machine: bytes cost nothing on their way. */
  readonly isLocal?: boolean;
  /** Errors: StratalogConnectionError when no answer came; any HTTP status is an answer. */
  send(request: TransportRequest): Promise<TransportResponse>;
  /** Takes a whole URL, such as a reference to a range of an object; left out where there is no way to S3. */
  get?(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<TransportResponse>;
  close(): Promise<void>;
}
