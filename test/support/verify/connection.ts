// How a verification reaches the log: by the public client, over HTTP, with a token or a signature where one is wanted.

import { sigv4Transport } from '../../../lib/client/transports/sigv4.ts';
import { httpTransport, type Transport } from '../../../lib/index.ts';

export interface Connection {
  readonly endpoint: string;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  /** Signed with the environment's credentials, for this region. */
  readonly region?: string | undefined;
}

export function transportOf({ endpoint, token, region }: Connection): Transport {
  if (region !== undefined) return sigv4Transport({ endpoint, region });
  return httpTransport({ endpoint, ...(token === undefined ? {} : { token }) });
}
