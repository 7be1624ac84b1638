/** The page: choose a reader and a club, get a token and look at it, join the meeting. It shows one step at a time. */
import { createTokenClient } from 'booky-meeting-client';
import type { MeetingState } from 'booky-meeting-client/react';
import { setLogLevel } from 'livekit-client';
import { useCallback, useState, useTransition } from 'react';
import { createRoot } from 'react-dom/client';
import { addressFor, type Choices, Choose, choicesFrom, nameOf, readers } from './choose.tsx';
import { explain, type Problem } from './explain.ts';
import { Meeting } from './meeting.tsx';
import type { PageSettings } from './settings.ts';
import { signIn } from './sign-in.ts';
import './style.css';
import { Token, type Visit, visitOf } from './token.tsx';

/** In the order in which a reader goes through them. The URL's fragment says which is shown, so that Back works. */
const steps = { choose: 'Who are you, and which club meets?', token: 'Your token', meeting: 'The meeting' };

function Page({ settings, hash }: { settings: PageSettings; hash: string }) {
  const { tokenEndpoint: url } = settings;
  const [choices, setChoices] = useState(() => choicesFrom(new URLSearchParams(window.location.search)));
  const [visit, setVisit] = useState<Visit>();
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, startTransition] = useTransition();
  // A token is not kept over a reload.
  const isToken = hash === '#token' && visit !== undefined;
  const step = hash === '#meeting' ? 'meeting' : isToken ? 'token' : 'choose';
  const heading = step === 'meeting' ? `reading-club-${choices.club}` : steps[step];

  const getToken = (chosen: Choices) => {
    setChoices(chosen);
    setProblem(undefined);
    startTransition(async () => {
      try {
        const bearer = await signIn(settings, chosen);
        const client = createTokenClient({ url, getBearer: () => bearer });
        const request = { reading_club_id: chosen.club, participant_name: nameOf(chosen) };
        setVisit(await visitOf(chosen, bearer, await client.getToken(request)));
        window.location.hash = 'token';
      } catch (error) {
        setProblem(await explain(error, url));
      }
    });
  };
  const onState = useCallback(
    async (state: MeetingState) => {
      const isFault = state.name === 'over' && state.error !== undefined;
      setProblem(isFault ? await explain(state.error, url) : undefined);
    },
    [url],
  );
  const another = Object.keys(readers).find((id) => id !== choices.reader) ?? '';
  const decides = settings.signIn.kind === 'development';
  const form = { choices, decides, isBusy, wrong: problem?.fields ?? [] };

  return (
    <>
      <title>{`${heading} · Booky`}</title>
      <header>
        <h1>Booky: reading-club meeting</h1>
        <ol className="actions" aria-label="Steps">
          {Object.entries(steps).map(([name, label]) => (
            <li key={name} aria-current={name === step ? 'step' : undefined}>
              {label}
            </li>
          ))}
        </ol>
      </header>
      <main>
        <h2 tabIndex={-1}>{heading}</h2>
        <div role="alert">
          {problem !== undefined && step === 'choose' && (
            <p>
              <strong>{problem.what}</strong> {problem.details}
            </p>
          )}
        </div>
        {step === 'choose' && <Choose {...form} label="Sign in and get a token" onChosen={getToken} />}
        {isToken && (
          <div className="card">
            <Token visit={visit} />
            <div className="actions">
              <a href="#meeting">Go to the meeting</a>
              <a href="#choose">Back</a>
            </div>
          </div>
        )}
        {step === 'meeting' && (
          <>
            <Meeting
              url={url}
              getBearer={() => signIn(settings, choices)}
              userId={`${choices.reader} as ${choices.as}`}
              clubId={choices.club}
              name={nameOf(choices)}
              onState={onState}
            />
            <small>{problem?.details}</small>
            <a href={addressFor(another, choices)} target="_blank" rel="noopener">
              Open a second tab as {readers[another]}
            </a>
            <details>
              <summary>Sign out and in as another reader, or take another club</summary>
              <Choose {...form} label="Change" onChosen={setChoices} />
            </details>
          </>
        )}
      </main>
    </>
  );
}

setLogLevel('warn');
const settings: PageSettings = await fetch('/settings.json').then((response) => response.json());
const root = createRoot(document.getElementById('page') ?? document.body);
const show = () => root.render(<Page settings={settings} hash={window.location.hash} />);
show();
window.addEventListener('hashchange', () => {
  show();
  document.querySelector('h2')?.focus();
});
