// What MiniStack needs beyond AWS to run a bootstrapped stack with its policies checked. It is spoken to without TLS,
// which the bucket policies of the CDK's assets and of the log refuse, and it knows no `aws:ResourceAccount`.

import { DeleteBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import type { CloudFacts } from './cloud.ts';
import { callIam } from './iam.ts';

/** The CDK's default. */
const QUALIFIER = 'hnb659fds';
const ACCOUNT = '000000000000';

/** Lets the CDK's role for assets write into its bucket. */
export async function letPublishAssets(cloud: CloudFacts): Promise<void> {
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
  };
  await callIam(cloud, {
    Action: 'PutRolePolicy',
    RoleName: `cdk-${QUALIFIER}-file-publishing-role-${ACCOUNT}-${cloud.region}`,
    PolicyName: 'emulator',
    PolicyDocument: JSON.stringify(policy),
  });
  await allowPlainHttp(cloud, `cdk-${QUALIFIER}-assets-${ACCOUNT}-${cloud.region}`);
}

/** Removes the bucket's policy, which holds nothing but the refusal of requests without TLS. */
export async function allowPlainHttp(cloud: CloudFacts, bucket: string): Promise<void> {
  const { endpoint, region, credentials } = cloud;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
  client.destroy();
}
