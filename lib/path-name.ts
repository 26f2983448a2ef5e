// Names in paths. A group, a member or a transactional id may be called anything, and gateways, proxies and URL parsers
// disagree on what is to be decoded when: API Gateway's HTTP API decodes a path before it looks for a route, and ends it
// at a question mark that comes of that; URL parsers take `%2e%2e` for a step up; policies match who knows what. So
// a name of other than unreserved characters is `~` and base64url of its UTF-8, which nobody on the way changes.
//
// segment = plain | "~" base64url     ; plain: letters, digits and - . _, but neither "." nor ".."

const PLAIN = /^(?!\.{1,2}$)[\w.-]+$/;
const ENCODED = /^~[\w-]*$/;

export function encodePathName(name: string): string {
  return PLAIN.test(name) ? name : `~${Buffer.from(name).toString('base64url')}`;
}

/** The name that a segment stands for, percent-decoded as it is; undefined: `~` and no base64url of a name. */
export function decodePathName(segment: string): string | undefined {
  if (!segment.startsWith('~')) return segment;
  if (!ENCODED.test(segment)) return undefined;
  const name = Buffer.from(segment.slice(1), 'base64url').toString();
  // One name has one such segment: what is no UTF-8, or ends in stray bits, is none.
  return `~${Buffer.from(name).toString('base64url')}` === segment ? name : undefined;
}
