// How the CLI gets to the log: plainly, with a token, or signed with AWS credentials where the endpoint is API Gateway's.

import type { Transport } from '../client/transport.ts';
import { httpTransport } from '../client/transports/http.ts';
import { sigv4Transport } from '../client/transports/sigv4.ts';
import { listValue, pairsOf, textValue, UsageError, type Values } from './command.ts';

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4510';

const API_GATEWAY_HOST = /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/;

export interface Connection {
  readonly endpoint: string;
  /** Sent with every request; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** How requests say who asks. */
  readonly auth:
    | { readonly kind: 'none' }
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'sigv4'; readonly region: string };
}

/** What the options and the environment say; options win. */
export function connectionOf(values: Values, environment: NodeJS.ProcessEnv): Connection {
  const option = (name: string) =>
    textValue(values, name) ?? settingOf(environment, `STRATALOG_${name.toUpperCase()}`);
  const endpoint = option('endpoint') ?? DEFAULT_ENDPOINT;
  if (!URL.canParse(endpoint)) {
    throw new UsageError(`the endpoint is a URL such as ${DEFAULT_ENDPOINT}, not "${endpoint}"`);
  }
  const to = { endpoint, headers: headersOf(values, environment) };
  const token = option('token');
  if (token !== undefined) return { ...to, auth: { kind: 'token', token } };
  const region = option('region') ?? API_GATEWAY_HOST.exec(new URL(endpoint).hostname)?.[1];
  return { ...to, auth: region === undefined ? { kind: 'none' } : { kind: 'sigv4', region } };
}

/** Of the environment; empty counts as not set. */
export function settingOf(
  environment: NodeJS.ProcessEnv,
  ...names: readonly string[]
): string | undefined {
  return names
    .map((name) => environment[name])
    .find((value) => value !== undefined && value !== '');
}

function headersOf(values: Values, environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = listValue(values, 'http-header');
  const set = settingOf(environment, 'STRATALOG_HEADERS')?.split(',') ?? [];
  const headers = pairsOf('http-header', given.length > 0 ? given : set);
  return Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value]));
}

export function transportOf({ endpoint, headers, auth }: Connection): Transport {
  switch (auth.kind) {
    case 'none':
      return httpTransport({ endpoint, headers });
    case 'token':
      return httpTransport({ endpoint, headers, token: auth.token });
    case 'sigv4': {
      const { region } = auth;
      // Loaded when the first request is signed: the SDK takes longer to load than most commands take to run.
      const credentials = async () => (await import('./aws.ts')).awsCredentials();
      return sigv4Transport({ endpoint, headers, region, credentials });
    }
  }
}
