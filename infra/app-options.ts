// The app's options, from the CDK's context (`-c stage=dev`). What isn't understood is refused: a wrong name or an empty
// value would deploy another log than was meant, say one without the access lists.

import type { Auth } from './constructs/api.ts';
import type { AclOptions } from './constructs/stratalog-function.ts';
import type { StratalogProps } from './stratalog-props.ts';

const OPTIONS = [
  'stage',
  'api',
  'webAclArn',
  'jwtIssuer',
  'jwtAudiences',
  'jwtPrincipalClaim',
  'aclSuperUsers',
  'aclAllowEveryoneIfNoAclFound',
] as const;
type Option = (typeof OPTIONS)[number];
type Options = { readonly [Name in Option]?: string };

/** What the CDK itself, and its look-ups, put into the context has other signs in its name. */
const OWN_NAME = /^[A-Za-z][A-Za-z0-9]*$/;

export function appOptions(context: Readonly<Record<string, unknown>>): StratalogProps {
  const options = readOptions(context);
  const { stage = 'prod', api = 'http', webAclArn } = options;
  if (api !== 'http' && api !== 'rest') {
    throw new Error(`the option api is "http" or "rest", not "${api}"`);
  }
  return {
    stage,
    api,
    auth: authOption(options),
    ...(webAclArn === undefined ? {} : { webAclArn }),
    ...aclsOption(options),
  };
}

function readOptions(context: Readonly<Record<string, unknown>>): Options {
  const options: Record<string, string> = {};
  for (const [name, value] of Object.entries(context)) {
    if (!OWN_NAME.test(name)) continue;
    if (!(OPTIONS as readonly string[]).includes(name)) {
      throw new Error(`there is no option "${name}"; there are ${OPTIONS.join(', ')}`);
    }
    if (typeof value !== 'string' || value.trim() === '') {
      throw new Error(`the option ${name} is empty, or no text; leave it out for the default`);
    }
    options[name] = value;
  }
  return options;
}

function authOption({ jwtIssuer, jwtAudiences, jwtPrincipalClaim }: Options): Auth {
  if (jwtIssuer === undefined) {
    if (jwtAudiences === undefined && jwtPrincipalClaim === undefined) return { kind: 'iam' };
    throw new Error('jwtAudiences and jwtPrincipalClaim need jwtIssuer: -c jwtIssuer=https://…');
  }
  const audiences = jwtAudiences?.split(',') ?? [];
  if (audiences.length === 0) throw new Error('jwtIssuer needs jwtAudiences: -c jwtAudiences=a,b');
  const claim = jwtPrincipalClaim === undefined ? {} : { principalClaim: jwtPrincipalClaim };
  return { kind: 'jwt', issuer: jwtIssuer, audiences, ...claim };
}

function aclsOption(options: Options): { readonly acls?: AclOptions } {
  const { aclSuperUsers, aclAllowEveryoneIfNoAclFound: allow } = options;
  if (allow !== undefined && allow !== 'true' && allow !== 'false') {
    throw new Error(`the option aclAllowEveryoneIfNoAclFound is true or false, not "${allow}"`);
  }
  if (aclSuperUsers === undefined) {
    if (allow === undefined) return {};
    throw new Error(
      'aclAllowEveryoneIfNoAclFound needs aclSuperUsers, which turns access lists on',
    );
  }
  const superUsers = aclSuperUsers.split(';');
  return { acls: { superUsers, allowEveryoneIfNoAclFound: allow === 'true' } };
}
