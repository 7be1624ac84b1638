/** What no reader's token should contain: each grant with what it would allow. */
import type * as v from 'valibot';
import { type Finding, letIn } from './finding.ts';
import { claimNames, type LiveKitClaims, videoNames } from './livekit-claims.ts';
import { show } from './show.ts';

const powers: Readonly<Record<string, string>> = {
  roomCreate: 'create and delete any room of the project',
  roomList: 'list every room of the project',
  roomRecord: 'record rooms, at the project’s cost',
  ingressAdmin: 'bring streams from outside into any room',
  canUpdateOwnMetadata: 'change what the others see of the reader, the role too',
  hidden: 'be in the room without being seen',
  recorder: 'appear as a recorder',
  agent: 'register as an agent, which joins any room',
  canSubscribeMetrics: 'read the server’s measurements',
  canManageAgentSession: 'control agents in the room',
  destinationRoom: 'forward participants to another room',
};

/** Claims other than `video` that no reader needs. */
const claimPowers: Readonly<Record<string, string>> = {
  sip: 'telephone, or administer telephony',
  agent: 'administer agents of the project',
  inference: 'use models at the project’s cost',
  observability: 'write into the project’s monitoring',
  roomConfig: 'set up the room, its recordings and agents',
  roomPreset: 'set up the room with a preset of the project',
  kind: 'appear as something other than a person',
  sha256: 'nothing: it belongs to webhooks',
};

type Claims = v.InferOutput<typeof LiveKitClaims>;

/** A cross for each grant that is there and that no reader needs; a warning for each that LiveKit doesn't know. */
export function unneededGrants(claims: Claims): Finding[] {
  const video = claims.video ?? {};
  return [
    ...present(video, powers).map(([name, value]) => unneeded(`video.${name}`, value, powers[name])),
    ...present(claims, claimPowers).map(([name, value]) => unneeded(name, value, claimPowers[name])),
    ...Object.keys(video)
      .filter((name) => !videoNames.includes(name))
      .map((name) => unknown(`video.${name}`, videoNames, name)),
    ...Object.keys(claims)
      .filter((name) => !claimNames.includes(name) && resembles(name, videoNames) !== undefined)
      .map((name) => misplaced(name)),
  ];
}

/** A value that is false, empty or null grants nothing. */
function present(object: object, names: Readonly<Record<string, string>>): [string, unknown][] {
  return Object.entries(object).filter(([name, value]) => {
    const isEmpty = typeof value === 'object' && Object.values(value ?? {}).every((part) => part === false);
    return name in names && Boolean(value) && !isEmpty;
  });
}

function unneeded(claim: string, value: unknown, power = ''): Finding {
  return {
    code: 'unneeded-grant',
    claim,
    value: show(value),
    verdict: 'bad',
    meaning: `lets its bearer ${power}`,
    answer: letIn,
    remedy: 'Leave it out: no reader needs it.',
  };
}

function unknown(claim: string, names: readonly string[], name: string): Finding {
  const meant = resembles(name, names);
  return {
    code: 'unknown-grant',
    claim,
    value: 'present',
    verdict: 'warning',
    meaning: 'LiveKit knows no such grant, and ignores it',
    answer: letIn,
    remedy: meant === undefined ? 'Leave it out.' : `Spell it ${meant}.`,
  };
}

function misplaced(name: string): Finding {
  return {
    code: 'misplaced-grant',
    claim: name,
    value: 'present',
    verdict: 'warning',
    meaning: 'a grant outside video, where LiveKit ignores it',
    answer: letIn,
    remedy: `Put ${resembles(name, videoNames)} into video.`,
  };
}

/** The known name that this one spells in another way: `can_publish` for `canPublish`. */
function resembles(name: string, names: readonly string[]): string | undefined {
  const plain = (text: string) => text.replaceAll(/[_-]/g, '').toLowerCase();
  return names.find((known) => plain(known) === plain(name));
}
