// What holds data is never replaced, and goes only with a stage that says so.

import { describe, expect, it } from 'vitest';
import { resourcesOf, synthesise } from '../support/deploy/template.ts';

/** A change here means that an upgrade makes new, empty resources beside the old ones: it needs a migration. */
const STATEFUL: Readonly<Record<string, string>> = {
  LogStorageBucket274109FC: 'AWS::S3::Bucket',
  LogStorageTopicsTable90571E5A: 'AWS::DynamoDB::Table',
  LogStorageHeadsTableE14B7A1E: 'AWS::DynamoDB::Table',
  LogStorageIndexTableCE7DE6C8: 'AWS::DynamoDB::Table',
  LogStorageGroupsTable09F6DD5B: 'AWS::DynamoDB::Table',
  LogStorageProducersTable94FEF398: 'AWS::DynamoDB::Table',
  LogStorageAclsTableEA973F3E: 'AWS::DynamoDB::Table',
};
const KEYS: Readonly<Record<string, readonly string[]>> = {
  LogStorageTopicsTable90571E5A: ['topic'],
  LogStorageHeadsTableE14B7A1E: ['pk'],
  LogStorageIndexTableCE7DE6C8: ['pk', 'sk'],
  LogStorageGroupsTable09F6DD5B: ['group', 'sk'],
  LogStorageProducersTable94FEF398: ['id', 'sk'],
  LogStorageAclsTableEA973F3E: ['resource', 'principal'],
};

describe('upgrades', () => {
  it.each([
    {},
    { stage: 'dev' },
    { api: 'rest' },
    { tracing: true },
    { acls: { superUsers: ['User:root'] } },
  ] as const)('keep the bucket and the tables, whatever the options (%j)', (props) => {
    const { resources } = synthesise(props);
    for (const [id, type] of Object.entries(STATEFUL)) expect(resources[id]?.Type).toBe(type);
    const stack = synthesise(props);
    const found = [
      ...resourcesOf(stack, 'AWS::S3::Bucket'),
      ...resourcesOf(stack, 'AWS::DynamoDB::Table'),
    ];
    expect(found.map(([id]) => id).sort()).toEqual(Object.keys(STATEFUL).sort());
  });

  it('keep what CloudFormation would replace a table for: its key and its name', () => {
    for (const [id, { Properties }] of resourcesOf(synthesise(), 'AWS::DynamoDB::Table')) {
      const keys = Properties.KeySchema.map((key: { AttributeName: string }) => key.AttributeName);
      expect(keys).toEqual(KEYS[id]);
      expect(Properties.TableName).toBeUndefined();
    }
  });
});

describe('what holds data', () => {
  const stateful = (stage: string) => {
    const { resources } = synthesise({ stage });
    return Object.keys(STATEFUL).map((id) => resources[id]);
  };

  it.each(['prod', 'staging', 'test', 'Dev'])('stays when the stage %s is deleted', (stage) => {
    for (const resource of stateful(stage)) {
      expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('goes with the stage dev', () => {
    for (const resource of stateful('dev')) expect(resource?.DeletionPolicy).toBe('Delete');
  });

  it('can be restored to a moment of the last days, bucket and tables alike', () => {
    const stack = synthesise();
    for (const [, { Properties }] of resourcesOf(stack, 'AWS::DynamoDB::Table')) {
      expect(Properties.PointInTimeRecoverySpecification).toEqual({
        PointInTimeRecoveryEnabled: true,
        RecoveryPeriodInDays: 7,
      });
      expect(Properties.DeletionProtectionEnabled).toBe(true);
      expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
    }
    const [[, bucket] = []] = resourcesOf(stack, 'AWS::S3::Bucket');
    expect(bucket?.Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(bucket?.Properties.LifecycleConfiguration.Rules).toContainEqual(
      expect.objectContaining({ NoncurrentVersionExpiration: { NoncurrentDays: 7 } }),
    );
  });
});
