/** The endpoint under a domain of the team's own: the gateway knows it by the Host header. */
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeStack } from '../../scripts/rehearsal/stack.ts';
import { addReader, type Cloud, startCloud } from './support/cloud.ts';

const domain = 'meetings.booky.example';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await startCloud();
});

afterAll(() => cloud?.close());

test('answers under its URL, which outlives the API', async () => {
  const { CertificateArn: certificate } = await cloud.aws(
    ['acm', 'request-certificate', '--domain-name', domain, '--validation-method', 'DNS'],
    v.object({ CertificateArn: v.string() }),
  );
  const { bearer, parameters } = await addReader(cloud);
  const deployment = { stage: 'prod', parameters: { ...parameters, domain, certificate } };
  const first = await cloud.deploy(deployment);
  const url = first.output('TokenEndpointUrl') ?? '';
  expect(url).toBe(`https://${domain}/api/reading-clubs/meetings/token`);
  expect(await askUnder(url, bearer)).toMatchObject({ room_name: 'reading-club-1' });

  const { DomainNameConfigurations: configurations } = await cloud.aws(
    ['apigatewayv2', 'get-domain-name', '--domain-name', domain],
    v.object({ DomainNameConfigurations: v.array(v.looseObject({})) }),
  );
  expect(configurations).toMatchObject([
    {
      ApiGatewayDomainName: first.output('DomainTarget'),
      HostedZoneId: first.output('DomainTargetZone'),
      CertificateArn: certificate,
      SecurityPolicy: 'TLS_1_2',
    },
  ]);

  await removeStack(cloud.ministack, deployment);
  const second = await cloud.deploy(deployment);
  expect(second.apiId).not.toBe(first.apiId);
  expect(second.output('TokenEndpointUrl')).toBe(url);
  expect(await askUnder(url, bearer)).toMatchObject({ room_name: 'reading-club-1' });
});

/** What this machine's cloud answers to a request for that URL: a resolver would have led there by the domain's DNS record. */
function askUnder(url: string, bearer: string): Promise<unknown> {
  const { host, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    request(
      new URL(pathname, cloud.ministack.url),
      {
        method: 'POST',
        headers: { host, authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      },
      (response) => resolve(json(response)),
    )
      .on('error', reject)
      .end('{"reading_club_id": 1}');
  });
}
