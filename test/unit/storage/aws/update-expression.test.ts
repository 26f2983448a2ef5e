import { describe, expect, it } from 'vitest';
import {
  conditionExpressions,
  updateExpressions,
} from '../../../../lib/storage/aws/update-expression.ts';

describe('updateExpressions', () => {
  it('gives every attribute and value a placeholder', () => {
    const expressions = updateExpressions({
      set: { status: { S: 'live' } },
      compute: { counter: '#counter + :step' },
      remove: ['client', 'regex'],
      clauses: ['attribute_exists(#sk)', '#epoch < :epoch OR #owner = :owner'],
      values: { step: { N: '1' }, epoch: { N: '5' }, owner: { S: 'm' } },
    });
    expect(expressions).toEqual({
      UpdateExpression:
        'SET #status = :set_status, #counter = #counter + :step REMOVE #client, #regex',
      ConditionExpression: '(attribute_exists(#sk)) AND (#epoch < :epoch OR #owner = :owner)',
      ExpressionAttributeNames: {
        '#status': 'status',
        '#counter': 'counter',
        '#client': 'client',
        '#regex': 'regex',
        '#sk': 'sk',
        '#epoch': 'epoch',
        '#owner': 'owner',
      },
      ExpressionAttributeValues: {
        ':set_status': { S: 'live' },
        ':step': { N: '1' },
        ':epoch': { N: '5' },
        ':owner': { S: 'm' },
      },
    });
  });

  it('leaves out what is not there', () => {
    expect(updateExpressions({ remove: ['owner'], clauses: ['attribute_exists(#sk)'] })).toEqual({
      UpdateExpression: 'REMOVE #owner',
      ConditionExpression: '(attribute_exists(#sk))',
      ExpressionAttributeNames: { '#owner': 'owner', '#sk': 'sk' },
    });
  });
});

describe('conditionExpressions', () => {
  it('joins the clauses, each whole', () => {
    const condition = { clauses: ['#a = :a OR #b = :a', '#c = :a'], values: { a: { N: '1' } } };
    expect(conditionExpressions(condition)).toEqual({
      ConditionExpression: '(#a = :a OR #b = :a) AND (#c = :a)',
      ExpressionAttributeNames: { '#a': 'a', '#b': 'b', '#c': 'c' },
      ExpressionAttributeValues: { ':a': { N: '1' } },
    });
  });
});
