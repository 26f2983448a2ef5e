// The stack as CloudFormation would get it, for tests of the template.

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { StratalogStack } from '../../../infra/stratalog-stack.ts';

export type StratalogStackProps = ConstructorParameters<typeof StratalogStack>[2];

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Synthesised {
  readonly app: App;
  readonly stack: StratalogStack;
  readonly template: Template;
  readonly resources: Readonly<Record<string, Resource>>;
}

export function synthesise(props: Partial<StratalogStackProps> = {}): Synthesised {
  const app = new App({ context: CONTEXT });
  const stack = new StratalogStack(app, 'Stratalog', { stage: 'prod', ...props });
  const template = Template.fromStack(stack);
  return { app, stack, template, resources: template.toJSON().Resources };
}

/** The resources of one type, with their logical ids. */
export function resourcesOf({ resources }: Synthesised, type: string): [string, Resource][] {
  return Object.entries(resources).filter(([, resource]) => resource.Type === type);
}

/** As in cdk.json. */
const CONTEXT = { '@aws-cdk/aws-iam:minimizePolicies': true };
