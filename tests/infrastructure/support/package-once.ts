import type { TestProject } from 'vitest/node';
import { type Packaged, packageStage, requiredParameters } from './packaged.ts';

/** For all tests of this layer, packages production with the required parameters alone, and a stage with all choices made. */
export default async function packageOnce(project: TestProject): Promise<() => Promise<void>> {
  const [production, staging] = await Promise.all([
    packageStage('prod', requiredParameters),
    packageStage('staging', choices, 'eu-west-1'),
  ]);
  const { remove, ...provided } = production;
  project.provide('production', provided);
  project.provide('staging', staging.template);
  return async () => {
    await Promise.all([remove(), staging.remove()]);
  };
}

declare module 'vitest' {
  interface ProvidedContext {
    production: Omit<Packaged, 'remove'>;
    staging: Packaged['template'];
  }
}

const arn = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:123456789012:${resource}`;

const choices = {
  ...requiredParameters,
  scopes: 'meetings/join,openid',
  secret: 'team/livekit',
  'create-secret': 'true',
  'kms-key': arn('kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
  'permissions-boundary': 'arn:aws:iam::123456789012:policy/boundary',
  'livekit-url': 'wss://booky.livekit.cloud',
  'clubs-claim': 'https://booky.example/clubs',
  'moderated-clubs-claim': 'hosts',
  'listeners-claim': 'guests',
  'clubs-prefix': 'club:',
  'identity-claim': 'booky_id',
  'name-claim': 'nickname',
  'token-ttl-seconds': '900',
  'throttling-rate': '7',
  'throttling-burst': '9',
  'reserved-concurrency': '0',
  'log-level': 'WARN',
  'log-retention-days': '30',
  tracing: 'true',
  domain: 'meetings.booky.example',
  certificate: arn('acm', 'certificate/1234abcd-12ab-34cd-56ef-1234567890ab'),
  'default-endpoint': 'false',
};
