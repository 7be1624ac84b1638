/**
 * Asks the token endpoint as its readers would: a new version, before CloudFormation lets it serve, and the one in place, on a
 * schedule.
 */
import process from 'node:process';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { systemClock } from '../lib/clock.ts';
import { ConfigurationFault, parseConfig, parseLogging } from '../lib/config.ts';
import { createLog, describeError } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { type Fault, sentenceOn, tryVersion, unexcused } from '../token-check/try-version.ts';
import {
  answerCustomResource,
  type CustomResourceEvent,
  customResourceEvent,
} from './check/custom-resource.ts';
import { askVersion } from './check/invoke.ts';

/** The longest that all requests together may take, in milliseconds. The function's timeout leaves time for the answer. */
const longestCheckMs = 95_000;

const client = new LambdaClient({});
const log = createLog({
  ...parseLogging(process.env),
  now: systemClock.now,
  write: (line) => process.stdout.write(line),
});

const versionOf = (qualifier: string) => askVersion(client, process.env['TOKEN_FUNCTION'] ?? '', qualifier);
const live = 'live';

/** Never rejects: Lambda would send the event again. */
export async function handler(event: unknown): Promise<void> {
  const request = customResourceEvent(event);
  if (request === undefined) return checkInPlace();
  try {
    await answerCustomResource(
      request,
      request.RequestType === 'Create' ? await verdictOn(request) : unchanged,
    );
  } catch (error) {
    log('ERROR', 'CloudFormation did not get the answer.', { causes: describeError(error) });
  }
}

/** A version is checked when it is published. There is nothing to undo or to delete. */
const unchanged = { isRefused: false, found: 'Not checked again.' };

/** The check of a new version. */
async function verdictOn({ ResourceProperties: { Version: version = '' } }: CustomResourceEvent) {
  let said: readonly Fault[] = [];
  const refused = await known(async () => {
    const found = await tryVersion(parseConfig(process.env), versionOf(version));
    said = found.map(({ fault }) => fault);
    return unexcused(found, versionOf(live));
  });
  const isRefused = refused.length > 0;
  const found =
    isRefused || said.length > 0
      ? sentenceOn(
          isRefused ? 'The new version' : 'The new version serves, though it',
          isRefused ? refused : said,
        )
      : 'Nothing is wrong.';
  log(isRefused ? 'ERROR' : said.length > 0 ? 'WARN' : 'INFO', found, {
    version,
    failed: codesOf([...refused, ...said]),
  });
  return { isRefused, found };
}

/** The check of what readers meet, on the schedule: a line with the result, which CloudWatch counts. */
async function checkInPlace(): Promise<void> {
  const faults = await known(async () => {
    const found = await tryVersion(parseConfig(process.env), versionOf(live));
    return found.map(({ fault }) => fault);
  });
  const isWell = faults.length === 0;
  const found = isWell ? 'Nothing is wrong.' : sentenceOn('The endpoint', faults);
  log(isWell ? 'INFO' : 'ERROR', found, { failed: codesOf(faults) }, resultMetrics(isWell));
}

/** The faults that a check found; one of its own where it could not be made. */
async function known(check: () => Promise<Fault[]>): Promise<Fault[]> {
  const tooLong = new Promise<never>((_, reject) => {
    setTimeout(
      () => reject(new Error(`no result within ${longestCheckMs / 1000} s`)),
      longestCheckMs,
    ).unref();
  });
  try {
    return await Promise.race([check(), tooLong]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof ConfigurationFault) {
      return [{ code: 'configuration', did: `can’t be configured like this: ${reason}` }];
    }
    return [{ code: 'not-checked', did: `could not be checked: ${reason}` }];
  }
}

const codesOf = (faults: readonly Fault[]) => [...new Set(faults.map(({ code }) => code))];

const resultMetrics = (isWell: boolean): Metrics => ({
  values: { check_passed: Number(isWell), check_failed: Number(!isWell) },
  directives: [
    {
      Dimensions: [[]],
      Metrics: [
        { Name: 'check_passed', Unit: 'Count' },
        { Name: 'check_failed', Unit: 'Count' },
      ],
    },
  ],
});
