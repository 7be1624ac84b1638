import { expect, test } from 'vitest';
import { describeBundle, packageFoldersIn } from '../../deploy/describe-bundle.ts';
import { billOfMaterials } from '../../scripts/sbom.ts';

test('the bill of materials lists the packages in the bundles, and is the same each time', async () => {
  const text = await billOfMaterials();
  const { components, ...rest } = JSON.parse(text);
  expect(rest).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    metadata: { component: { type: 'application', name: 'booky-meeting-token' } },
  });
  const names = components.map(({ group, name }: { group?: string; name: string }) =>
    [group, name].filter(Boolean).join('/'),
  );
  const bundled = packageFoldersIn(await describeBundle('token'), await describeBundle('check'));
  expect(names).toEqual(bundled.map((folder) => folder.replace(/^.*node_modules\//, '')));
  const purl = expect.stringMatching(/^pkg:npm\/valibot@\d+\.\d+\.\d+$/);
  expect(components).toContainEqual({
    type: 'library',
    'bom-ref': purl,
    name: 'valibot',
    version: expect.any(String),
    licenses: [{ expression: 'MIT' }],
    purl,
  });
  expect(await billOfMaterials()).toBe(text);
});
