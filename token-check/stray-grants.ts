/** What no reader's token should contain beside `video`, and grants that are misspelt or in the wrong place. */
import * as v from 'valibot';
import { type Finding, letInAlways } from './finding.ts';
import { type Claims, claimNames, jsonObject, videoNames } from './livekit-claims.ts';
import type { Token } from './rules.ts';
import { show } from './show.ts';

/** Claims other than `video` that no reader needs, each with what it allows. */
const powers: Readonly<Record<string, string>> = {
  sip: 'telephone, or administer telephony',
  agent: 'administer agents of the project',
  inference: 'use models at the project’s cost',
  observability: 'write into the project’s monitoring',
  agentEndpoint: 'call the project’s agents',
  agentThread: 'read and change what agents remember',
  roomConfig: 'set up the room, its recordings and agents',
  roomPreset: 'set up the room with a preset of the project',
  kind: 'appear as something other than a person',
  kindDetails: 'appear as something other than a person',
  sha256: 'nothing: it belongs to webhooks',
};

/** A cross for each claim that no reader needs; a warning for each grant that LiveKit ignores, or once did. */
export function strayGrants({ claims, payload }: Token): Finding[] {
  const video = v.is(jsonObject, payload['video']) ? payload['video'] : {};
  return [
    ...granted(claims).map(([claim, value]) => ({
      ...stray(
        'unneeded-grant',
        claim,
        `lets its bearer ${powers[claim]}`,
        'Leave it out: no reader needs it.',
      ),
      value: show(value),
      verdict: 'bad' as const,
    })),
    ...Object.keys(video)
      .filter((name) => !videoNames.includes(name))
      .map((name) => misspelt(`video.${name}`, meantBy(name, videoNames))),
    ...Object.keys(payload)
      .filter((name) => !claimNames.includes(name))
      .flatMap((name) => {
        const [known, inVideo] = [meantBy(name, claimNames), meantBy(name, videoNames)];
        if (isAnotherCase(name, known)) return [misspelt(name, known)];
        return inVideo === undefined ? [] : [misplaced(name, inVideo)];
      }),
  ];
}

/** A value that is false, empty or null grants nothing. */
function granted(claims: Claims): [string, unknown][] {
  const isEmpty = (value: unknown): boolean =>
    typeof value === 'object' ? Object.values(value ?? {}).every(isEmpty) : !value || value === 'standard';
  return Object.entries(claims).filter(([name, value]) => name in powers && !isEmpty(value));
}

const isAnotherCase = (name: string, known = '') => name.toLowerCase() === known.toLowerCase();

function misspelt(claim: string, known: string | undefined): Finding {
  const remedy = known === undefined ? 'Leave it out.' : `Spell it ${known}.`;
  return isAnotherCase(claim.replace('video.', ''), known)
    ? stray('another-case', claim, 'servers up to 1.12 ignore this spelling', remedy)
    : stray('unknown-grant', claim, 'LiveKit knows no such grant, and ignores it', remedy);
}

function misplaced(claim: string, known: string): Finding {
  return stray(
    'misplaced-grant',
    claim,
    'a grant outside video, where LiveKit ignores it',
    `Put ${known} into video.`,
  );
}

function stray(code: string, claim: string, meaning: string, remedy: string): Finding {
  return { code, claim, value: 'present', verdict: 'warning', meaning, answers: letInAlways, remedy };
}

/** The known name that this one spells in another way: `can_publish` for `canPublish`, `roomName` for `room`. */
function meantBy(name: string, names: readonly string[]): string | undefined {
  const plain = (text: string) =>
    text
      .replaceAll(/[_-]/g, '')
      .toLowerCase()
      .replace(/^roomname$/, 'room');
  return names.find((known) => plain(known) === plain(name));
}
