// The log as its suites see it: something that takes a request of the HTTP API and answers. Behind it is a deployed API
// or the local home, so that one suite is run against both.

import type { CloudFacts, Credentials } from './cloud.ts';
import { type HttpResponse, send } from './send.ts';
import { signedHeaders } from './sigv4.ts';

export interface ApiRequest {
  readonly method: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT';
  /** Below the endpoint, query included. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export type LogEndpoint = (request: ApiRequest) => Promise<HttpResponse>;

export interface ApiAddress {
  /** Scheme, host that is connected to, and what comes before every path. */
  readonly base: string;
  /** As the Host header and the signature have it. */
  readonly host: string;
}

export interface Signing {
  readonly region: string;
  readonly credentials: Credentials;
  readonly now: Date;
}

/** Where an emulator serves the API with this URL: at its own port, told apart by the Host header. */
export function apiAddress(cloud: CloudFacts, apiUrl: string): ApiAddress {
  const { hostname, pathname } = new URL(apiUrl);
  const [apiId] = hostname.split('.');
  const { origin, port } = new URL(cloud.endpoint);
  const domain = cloud.name === 'localstack' ? 'localhost.localstack.cloud' : 'localhost';
  return {
    base: origin + (pathname === '/' ? '' : pathname),
    host: `${apiId}.execute-api.${domain}:${port}`,
  };
}

/** Requests as they are; `signing` undefined: unsigned. */
export function endpointOf(address: ApiAddress, signing: () => Signing | undefined): LogEndpoint {
  return async ({ method, path, headers = {}, body = new Uint8Array() }) => {
    const url = new URL(address.base + path);
    const scope = signing();
    const signedUrl = new URL(url);
    signedUrl.host = address.host;
    const sent =
      scope === undefined
        ? { ...headers, host: address.host }
        : signedHeaders(
            { method, url: signedUrl, headers, body },
            { ...scope, service: 'execute-api' },
          );
    return await send({ method, url, headers: sent, body });
  };
}

/** The endpoint of a deployed API, signed by somebody who may do anything. */
export function signedEndpoint(cloud: CloudFacts, apiUrl: string): LogEndpoint {
  const { region, credentials } = cloud;
  return endpointOf(apiAddress(cloud, apiUrl), () => ({ region, credentials, now: new Date() }));
}
