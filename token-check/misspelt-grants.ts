/** Grants that are misspelt or in the wrong place: LiveKit ignores them, or once did. */
import * as v from 'valibot';
import { type Finding, letInAlways } from './finding.ts';
import { claimNames, jsonObject, videoNames } from './livekit-claims.ts';

/** A warning for each, in the claims as they were signed. */
export function misspeltGrants(payload: Readonly<Record<string, unknown>>): Finding[] {
  const video = v.is(jsonObject, payload['video']) ? payload['video'] : {};
  return [
    ...Object.keys(video).flatMap((name) => {
      const known = meantBy(name, videoNames);
      if (known === name) return [];
      if (isAnotherCase(name, known)) return [anotherCase(`video.${name}`, known)];
      const remedy = known === undefined ? 'Leave it out.' : `Spell it ${known}.`;
      return [
        warning('unknown-grant', `video.${name}`, 'LiveKit knows no such grant, and ignores it', remedy),
      ];
    }),
    ...Object.keys(payload).flatMap((name) => {
      const [known, inVideo] = [meantBy(name, claimNames), meantBy(name, videoNames)];
      if (known === name) return [];
      if (isAnotherCase(name, known)) return [anotherCase(name, known)];
      if (inVideo === undefined) return [];
      const meaning = 'a grant outside video, where LiveKit ignores it';
      return [warning('misplaced-grant', name, meaning, `Put ${inVideo} into video.`)];
    }),
  ];
}

const isAnotherCase = (name: string, known = '') => name.toLowerCase() === known.toLowerCase();
const anotherCase = (claim: string, known: string | undefined) =>
  warning('another-case', claim, 'servers up to 1.12 ignore this spelling', `Spell it ${known}.`);

function warning(code: string, claim: string, meaning: string, remedy: string): Finding {
  return { code, claim, value: 'present', verdict: 'warning', meaning, answers: letInAlways, remedy };
}

/** The known name that this one spells in another way: `can_publish` for `canPublish`, `roomName` for `room`. */
function meantBy(name: string, names: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[_-]|(?<=^room[_-]?)name$/g, '');
  return names.find((known) => known === name) ?? names.find((known) => plain(known) === plain(name));
}
