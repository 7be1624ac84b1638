import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { describeBundle, packageFoldersIn } from '../../deploy/describe-bundle.ts';
import { billOfMaterials } from '../../scripts/sbom.ts';

const bomSchema = v.object({
  metadata: v.object({ component: v.object({ name: v.string() }) }),
  components: v.array(
    v.object({ group: v.optional(v.string()), name: v.string(), version: v.string(), purl: v.string() }),
  ),
});

test('the bill of materials is valid CycloneDX', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  expect(await validator.validate(await billOfMaterials())).toBeNull();
  expect(await validator.validate('{"bomFormat": "CycloneDX"}')).not.toBeNull();
});

test('it lists the packages in the bundle, and is the same each time', async () => {
  const text = await billOfMaterials();
  const { metadata, components } = v.parse(bomSchema, JSON.parse(text));
  expect(metadata.component.name).toBe('booky-meeting-token');
  expect(components.map(({ group, name }) => [group, name].filter(Boolean).join('/')).sort()).toEqual(
    packageFoldersIn(await describeBundle())
      .map((folder) => folder.replace(/^.*node_modules\//, ''))
      .sort(),
  );
  expect(components.find(({ name }) => name === 'livekit-server-sdk')?.purl).toMatch(
    /^pkg:npm\/livekit-server-sdk@\d+\.\d+\.\d+$/,
  );
  expect(await billOfMaterials()).toBe(text);
});
