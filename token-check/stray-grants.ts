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
    ...granted(claims).map(([claim, value]): Finding => {
      const meaning = `lets its bearer ${powers[claim]}`;
      const remedy = 'Leave it out: no reader needs it.';
      return { ...stray('unneeded-grant', claim, meaning, remedy), value: show(value), verdict: 'bad' };
    }),
    ...Object.keys(video).flatMap((name) => {
      const known = meantBy(name, videoNames);
      const remedy = known === undefined ? 'Leave it out.' : `Spell it ${known}.`;
      if (known === name) return [];
      if (isAnotherCase(name, known)) return [stray('another-case', `video.${name}`, ignoredOnce, remedy)];
      return [stray('unknown-grant', `video.${name}`, 'LiveKit knows no such grant, and ignores it', remedy)];
    }),
    ...Object.keys(payload).flatMap((name) => {
      const [known, inVideo] = [meantBy(name, claimNames), meantBy(name, videoNames)];
      if (known === name || (inVideo ?? known) === undefined) return [];
      if (isAnotherCase(name, known)) return [stray('another-case', name, ignoredOnce, `Spell it ${known}.`)];
      const meaning = 'a grant outside video, where LiveKit ignores it';
      return inVideo === undefined
        ? []
        : [stray('misplaced-grant', name, meaning, `Put ${inVideo} into video.`)];
    }),
  ];
}

/** A value that is false, empty or null grants nothing. */
function granted(claims: Claims): [string, unknown][] {
  const isEmpty = (value: unknown): boolean =>
    typeof value === 'object' ? Object.values(value ?? {}).every(isEmpty) : !value || value === 'standard';
  return Object.entries(claims).filter(([name, value]) => name in powers && !isEmpty(value));
}

const ignoredOnce = 'servers up to 1.12 ignore this spelling';
const isAnotherCase = (name: string, known = '') => name.toLowerCase() === known.toLowerCase();

function stray(code: string, claim: string, meaning: string, remedy: string): Finding {
  return { code, claim, value: 'present', verdict: 'warning', meaning, answers: letInAlways, remedy };
}

/** The known name that this one spells in another way: `can_publish` for `canPublish`, `roomName` for `room`. */
function meantBy(name: string, names: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[_-]|(?<=^room[_-]?)name$/g, '');
  return names.find((known) => known === name) ?? names.find((known) => plain(known) === plain(name));
}
