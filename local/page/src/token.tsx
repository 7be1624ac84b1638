/** The second step: what the token says, and whether LiveKit would take it. A pasted token does not leave the page. */
import type { TokenAnswer } from 'booky-meeting-client';
import { decodeJwt, type JWTPayload } from 'jose';
import { type SubmitEvent, useState } from 'react';
import { type Finding, foretell, type Verdict } from '../../../token-check/finding.ts';
import { judgePasted, judgeToken } from '../../../token-check/judge-token.ts';
import type { Choices } from './choose.tsx';

/** What a reader has got: the sign-in JWT that the API read, its answer, and what the judge finds in the token. */
export type Visit = Awaited<ReturnType<typeof visitOf>>;

export async function visitOf(choices: Choices, bearer: string, answer: TokenAnswer) {
  const { participant_token: token, room_name: room, role } = answer;
  const findings = await judgeToken(token, { room, reader: choices.reader, role });
  return { choices, bearer, answer, findings };
}

const marks: Readonly<Record<Verdict, string>> = { good: '✓', warning: '!', bad: '✗', withheld: '–' };

export function Token({ visit: { choices, bearer, answer, findings } }: { visit: Visit }) {
  const { participant_token: token, room_name: room, role, participant_name } = answer;
  const crosses = findings.filter(({ verdict }) => verdict === 'bad').length;
  return (
    <>
      <p id="verdict">
        {crosses === 0
          ? `This token opens ${room} to ${participant_name}, as ${role}. The identity is ${decodeJwt(token)['sub']}.`
          : `This token is not what a meeting needs: ${crosses} of ${findings.length} checks failed.`}
      </p>
      <p>{advice(choices, answer, decodeJwt(bearer))}</p>
      <Findings label="What LiveKit needs, and what the token says" findings={findings} />
      <details>
        <summary>Every claim, as signed</summary>
        <h3>The meeting token, which LiveKit reads</h3>
        <pre>{JSON.stringify(decodeJwt(token), null, 2)}</pre>
        <h3>Your sign-in, which the API read</h3>
        <pre>{JSON.stringify(decodeJwt(bearer), null, 2)}</pre>
      </details>
      <details>
        <summary>Check another token</summary>
        <AnyToken />
      </details>
    </>
  );
}

/** A chosen role has no effect where the API does not read its claim, and a sign-in may have no name. Then this says so. */
function advice({ as }: Choices, { role }: TokenAnswer, signIn: JWTPayload): string {
  if (as !== role && as !== 'member') {
    return `You signed in as a ${as}, but this API reads no claim that says so: README.md has the "npm start" that does.`;
  }
  return 'name' in signIn ? '' : 'Your sign-in has no name, so the page sent one with its request.';
}

function Findings({ label, findings }: { label: string; findings: readonly Finding[] }) {
  return (
    <ul className="checks" aria-label={label}>
      {findings.map((finding) => (
        <li key={`${finding.claim} ${finding.code}`} className={finding.verdict}>
          <span role="img" aria-label={finding.verdict}>
            {marks[finding.verdict]}
          </span>{' '}
          <code>{finding.claim}</code> {finding.value} <small>{finding.meaning}</small> {foretell(finding)}{' '}
          {finding.remedy}
        </li>
      ))}
    </ul>
  );
}

function AnyToken() {
  const [pasted, setPasted] = useState<Awaited<ReturnType<typeof judgePasted>>>();
  const check = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setPasted(await judgePasted(String(new FormData(event.currentTarget).get('token'))));
  };
  return (
    <form onSubmit={check}>
      <label htmlFor="any-token">Any token, or a whole answer or error message that has one</label>
      <textarea id="any-token" name="token" rows={4} autoComplete="off" spellCheck={false} required />
      <button type="submit">Check this token</button>
      <p role="status">{pasted?.conclusion}</p>
      {pasted && <Findings label="What the pasted token says" findings={pasted.findings} />}
    </form>
  );
}
