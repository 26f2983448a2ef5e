// The entries that the options of `stratalog acls add` stand for.

import { describe, expect, it } from 'vitest';
import { parseCommand, UsageError } from '../../../lib/cli/command.ts';
import { ACL_COMMANDS, entriesOf } from '../../../lib/cli/commands/acls.ts';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from '../../../lib/client/admin-acls.ts';

const nameOf = (types: Readonly<Record<string, number>>, number: number) =>
  Object.keys(types).find((name) => types[name] === number);

/** `ALLOW User:a READ TOPIC t LITERAL` */
function entries(...args: string[]): string[] {
  const command = ACL_COMMANDS.find(({ name }) => name === 'acls add');
  if (command === undefined) throw new Error('there is no such command');
  return entriesOf(parseCommand(command, args).values).map((entry) =>
    [
      nameOf(AclPermissionTypes, entry.permissionType),
      entry.principal,
      nameOf(AclOperationTypes, entry.operation),
      nameOf(AclResourceTypes, entry.resourceType),
      entry.resourceName,
      nameOf(ResourcePatternTypes, entry.resourcePatternType),
    ].join(' '),
  );
}
const words = (text: string) => entries(...text.split(' '));

describe('entriesOf', () => {
  it('is everything where no operation is named, for each principal and each resource', () => {
    expect(words('--allow-principal User:a --deny-principal User:b --topic t --group g')).toEqual([
      'ALLOW User:a ALL TOPIC t LITERAL',
      'DENY User:b ALL TOPIC t LITERAL',
      'ALLOW User:a ALL GROUP g LITERAL',
      'DENY User:b ALL GROUP g LITERAL',
    ]);
  });

  it('takes operations however they are written', () => {
    const named = '--operation DescribeConfigs --operation alter-configs --operation READ';
    expect(words(`--allow-principal User:a --topic t ${named}`)).toEqual([
      'ALLOW User:a DESCRIBE_CONFIGS TOPIC t LITERAL',
      'ALLOW User:a ALTER_CONFIGS TOPIC t LITERAL',
      'ALLOW User:a READ TOPIC t LITERAL',
    ]);
  });

  it('is what a producer needs, with transactions and the cluster where they are named', () => {
    expect(
      words('--allow-principal User:a --producer --idempotent --topic t --transactional-id x'),
    ).toEqual([
      'ALLOW User:a WRITE TOPIC t LITERAL',
      'ALLOW User:a DESCRIBE TOPIC t LITERAL',
      'ALLOW User:a CREATE TOPIC t LITERAL',
      'ALLOW User:a WRITE TRANSACTIONAL_ID x LITERAL',
      'ALLOW User:a DESCRIBE TRANSACTIONAL_ID x LITERAL',
      'ALLOW User:a IDEMPOTENT_WRITE CLUSTER kafka-cluster LITERAL',
    ]);
  });

  it('is what a consumer needs, by prefix where one is asked for; the cluster has none', () => {
    const prefixed = '--resource-pattern-type prefixed --cluster --operation Describe';
    expect(words(`--allow-principal User:a --topic t --group g ${prefixed}`)).toEqual([
      'ALLOW User:a DESCRIBE TOPIC t PREFIXED',
      'ALLOW User:a DESCRIBE GROUP g PREFIXED',
      'ALLOW User:a DESCRIBE CLUSTER kafka-cluster LITERAL',
    ]);
    expect(words('--allow-principal User:a --consumer --topic * --group g')).toEqual([
      'ALLOW User:a READ TOPIC * LITERAL',
      'ALLOW User:a DESCRIBE TOPIC * LITERAL',
      'ALLOW User:a READ GROUP g LITERAL',
    ]);
  });

  it('is the right to write idempotently alone', () => {
    expect(words('--allow-principal User:a --idempotent')).toEqual([
      'ALLOW User:a IDEMPOTENT_WRITE CLUSTER kafka-cluster LITERAL',
    ]);
  });

  it.each([
    ['--allow-principal User:a', 'say what it is about'],
    ['--topic t', 'say whom it is about'],
    ['--allow-principal User:a --topic t --consumer', '--consumer needs'],
    ['--allow-principal User:a --group g --producer', 'needs nothing of GROUP'],
    ['--allow-principal User:a --topic t --operation Fly', 'takes ALL, READ'],
    ['--allow-principal User:a --topic t --resource-pattern-type match', 'takes literal, prefixed'],
  ])('refuses %s', (args, message) => {
    expect(() => words(args)).toThrow(UsageError);
    expect(() => words(args)).toThrow(message);
  });
});
