/**
 * `npm run test:fleet`: a dozen processes of the packaged function, under the Node of Lambda where there is one, read one secret
 * over TLS from a stand-in that gets into every trouble, while bursts of requests come. Every token is checked, and some of each
 * phase are shown to a real LiveKit server that knows two keys. Fails where a request fails that its phase does not explain, or
 * waits that should not.
 *
 *   --short     phases of 3 s instead of 10
 *   --publish   also puts the table of faults into docs/performance.md
 */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { decodeJwt } from 'jose';
import { TokenVerifier } from 'livekit-server-sdk';
import * as v from 'valibot';
import { packageFunction } from '../../deploy/package-function.ts';
import { findLiveKit, howToGetLiveKit, LiveKitFault, startLiveKit } from '../../local/livekit.ts';
import { freePort } from '../../local/ports.ts';
import { findNode24 } from '../../stand-ins/lambda/aws-runtime.ts';
import { tokenEvent } from '../../stand-ins/lambda/event.ts';
import { startSecretsManager } from '../../stand-ins/secrets-manager.ts';
import { startTlsFront } from '../../stand-ins/tls-front.ts';
import { type Answer, Fleet } from './environments.ts';
import { type Phase, phases } from './phases.ts';
import { faultsOf, faultsTable, logged, type Outcome, summary } from './report.ts';

const { values: options } = parseArgs({
  options: { short: { type: 'boolean' }, publish: { type: 'boolean' } },
});

const environments = 12;
const phaseMs = options.short ? 3_000 : 10_000;
/** The longest that the fleet may take to have newly read credentials after a phase: the longest back-off, and a little. */
const recoveryMs = 65_000;
const betweenBurstsMs = 250;
/** Requests to each environment in a burst. */
const burstSize = 2;
/** Of each phase, this many tokens are shown to LiveKit. */
const shownToLiveKit = 5;
const secretName = 'booky/livekit';
const keys = {
  'first key': {
    LIVEKIT_API_KEY: 'APIfirst',
    LIVEKIT_API_SECRET: 'the-first-secret-of-32-characters-or-more',
  },
  'second key': {
    LIVEKIT_API_KEY: 'APIsecond',
    LIVEKIT_API_SECRET: 'the-second-secret-of-32-characters-or-more',
  },
};

const responseSchema = v.object({
  body: v.pipe(
    v.string(),
    v.parseJson(),
    v.object({ code: v.optional(v.string(), 'ok'), token: v.optional(v.string()) }),
  ),
});

/** By API key: the key's name, and who verifies what it signed. */
const signers = new Map(
  Object.entries(keys).map(([name, { LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret }]) => [
    apiKey,
    { name, verifier: new TokenVerifier(apiKey, apiSecret) },
  ]),
);

const binary = await findLiveKit(process.env);
if (binary === undefined) throw new LiveKitFault(howToGetLiveKit);
const nodePath = findNode24();
const [first, second] = [keys['first key'], keys['second key']];
const liveKit = await startLiveKit({
  binary,
  port: await freePort(),
  apiKey: first.LIVEKIT_API_KEY,
  apiSecret: first.LIVEKIT_API_SECRET,
  furtherKeys: { [second.LIVEKIT_API_KEY]: second.LIVEKIT_API_SECRET },
});
const packaged = await packageFunction();
const store = await startSecretsManager();
const front = await startTlsFront(store.url);
const fleet = new Fleet({
  directory: packaged.directory,
  nodePath,
  env: {
    ...store.environment,
    ...front.environment,
    LIVEKIT_SECRET_ID: secretName,
    // Short, for many refreshes in little time; what requests wait for are the defaults.
    CREDENTIALS_MAX_AGE_SECONDS: '1',
    CREDENTIALS_COOLDOWN_SECONDS: '1',
  },
});

let key: keyof typeof keys = 'first key';
let holdsGarbage = false;
const putSecret = (version: keyof typeof keys | 'garbage') => {
  if (version !== 'garbage') key = version;
  const text =
    version === 'garbage' ? 'garbage' : JSON.stringify({ ...keys[version], LIVEKIT_WS_URL: liveKit.url });
  store.put(secretName, text);
  holdsGarbage = version === 'garbage';
};

try {
  putRight();
  putSecret('first key');
  await fleet.grow(environments);
  await recovered();

  const outcomes: Outcome[] = [];
  for (const phase of phases) {
    const outcome = await runPhase(phase);
    outcomes.push(outcome);
    process.stdout.write(`${summary(outcome)}\n`);
  }
  const faults = outcomes.flatMap(faultsOf);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (faults.length > 0) process.exitCode = 1;
  else if (options.publish) await publish(outcomes);
} finally {
  await Promise.all([fleet.stop(), store.close(), front.close(), liveKit.close(), packaged.remove()]);
}

async function runPhase(phase: Phase): Promise<Outcome> {
  fleet.newLogLines();
  const answers: Answer[] = [];
  const readsBefore = store.reads;
  await phase.run({
    store,
    fleet,
    putSecret,
    load: async (part) => {
      const until = performance.now() + part * phaseMs;
      do {
        answers.push(...(await burst()));
        await delay(betweenBurstsMs);
      } while (performance.now() < until);
    },
    pause: (part, ms = 0) => delay(Math.max(ms, part * phaseMs)),
  });
  const reads = store.reads - readsBefore;
  const tokens = answers.flatMap(({ token }) => token ?? []);
  const signedWith = new Set<string>();
  for (const token of tokens) signedWith.add(await keyThatSigned(token));
  const log = logged(fleet.newLogLines());
  const stride = Math.max(1, Math.floor(tokens.length / shownToLiveKit));
  const refusedByLiveKit = (
    await Promise.all(tokens.filter((_, index) => index % stride === 0).map(isRefusedByLiveKit))
  ).filter((isRefused) => isRefused).length;

  const from = performance.now();
  putRight();
  const isFreshAgain = await recovered();
  return {
    phase,
    answers,
    reads,
    signedWith: [...signedWith],
    log,
    refusedByLiveKit,
    freshAgainMs: performance.now() - from,
    isFreshAgain,
  };
}

/** The store in good health, with a good secret. */
function putRight(): void {
  store.recover();
  store.latencyMs = 20;
  store.diesInSilence = false;
  if (holdsGarbage) putSecret(key);
}

/**
 * Sends requests until every environment signs with the current key and credentials that are not past due, or `recoveryMs` are over.
 *
 * @returns whether they do
 */
async function recovered(): Promise<boolean> {
  const until = performance.now() + recoveryMs;
  for (;;) {
    fleet.newLogLines();
    const answers = await burst();
    await delay(betweenBurstsMs);
    const { states } = logged(fleet.newLogLines());
    const signers = await Promise.all(answers.map(({ token }) => token && keyThatSigned(token)));
    const isFresh = [...states.keys()].join() === 'fresh' && signers.every((signer) => signer === key);
    if (isFresh || performance.now() > until) return isFresh;
  }
}

function burst(): Promise<Answer[]> {
  return fleet.burst(burstSize, tokenEvent, (payload) => {
    const { body } = v.parse(responseSchema, payload);
    return { code: body.code, token: body.token };
  });
}

/** Which key a token was signed with, after a check of its signature; throws where that is wrong. */
async function keyThatSigned(token: string): Promise<string> {
  const { iss = '' } = decodeJwt(token);
  const signer = signers.get(iss);
  if (signer === undefined) throw new Error(`A token was signed with an unknown key, ${iss}.`);
  await signer.verifier.verify(token);
  return signer.name;
}

async function isRefusedByLiveKit(token: string): Promise<boolean> {
  const url = `${liveKit.url.replace(/^ws/, 'http')}/rtc/validate?${new URLSearchParams({ access_token: token })}`;
  const response = await fetch(url);
  await response.body?.cancel();
  return !response.ok;
}

async function publish(outcomes: readonly Outcome[]): Promise<void> {
  const page = new URL('../../docs/performance.md', import.meta.url);
  const text = await readFile(page, 'utf8');
  await writeFile(
    page,
    text.replace(/(<!-- faults -->\n).*?(<!-- end -->)/s, (_, start: string, end: string) => {
      return `${start}\n${faultsTable(outcomes)}\n\n${end}`;
    }),
  );
}
