/** The page: choose a reader and a club, get a token and look at it, join the meeting. It shows one step at a time. */
import { createTokenClient } from 'booky-meeting-client';
import type { MeetingState } from 'booky-meeting-client/react';
import { setLogLevel } from 'livekit-client';
import { useCallback, useState, useTransition } from 'react';
import { createRoot } from 'react-dom/client';
import { addressFor, type Choices, Choose, readers, recallChoices } from './choose.tsx';
import { explain, explainLiveKit, type Problem } from './explain.ts';
import { Meeting } from './meeting.tsx';
import type { PageSettings } from './settings.ts';
import { signIn } from './sign-in.ts';
import './style.css';
import { Token, type Visit } from './token.tsx';

/** In the order in which a reader goes through them. The URL's fragment says which is shown, so that Back works. */
const steps = { choose: 'Who and where', token: 'Your token', meeting: 'The meeting' };

function goTo(step: keyof typeof steps) {
  window.location.hash = step;
}

function Page({ settings, hash }: { settings: PageSettings; hash: string }) {
  const { tokenEndpoint: url } = settings;
  const [choices, setChoices] = useState(recallChoices);
  const [visit, setVisit] = useState<Visit>();
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, startTransition] = useTransition();
  const [forDeveloper, setForDeveloper] = useState('');
  // A token is not kept over a reload.
  const isToken = hash === '#token' && visit !== undefined;
  const step = hash === '#meeting' ? 'meeting' : isToken ? 'token' : 'choose';
  const heading = {
    choose: 'Who are you, and which club meets?',
    token: 'Your token',
    meeting: `reading-club-${choices.club}`,
  }[step];

  const getToken = (chosen: Choices) => {
    setChoices(chosen);
    setProblem(undefined);
    startTransition(async () => {
      try {
        const bearer = await signIn(settings, chosen);
        const client = createTokenClient({ url, getBearer: () => bearer });
        const request = { reading_club_id: chosen.club, participant_name: chosen.name };
        setVisit({ choices: chosen, answer: await client.getToken(request), bearer });
        goTo('token');
      } catch (error) {
        setProblem(await explain(error, url));
      }
    });
  };
  const onState = useCallback(
    async (state: MeetingState) => {
      if (state.name !== 'over' || state.error === undefined) return setForDeveloper('');
      setForDeveloper(explainLiveKit(state.error) ?? (await explain(state.error, url)).details);
    },
    [url],
  );
  const another = Object.keys(readers).find((id) => id !== choices.id) ?? '';
  const decides = settings.signIn.kind === 'development';
  const form = { choices, decides, isBusy, wrong: problem?.fields ?? [] };

  return (
    <>
      <title>{`${heading} · Booky`}</title>
      <header>
        <h1>Booky: reading-club meeting</h1>
        <ol className="steps" aria-label="Steps">
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
            <>
              <strong className="bad">{problem.what}</strong>
              <p>{problem.details}</p>
            </>
          )}
        </div>
        {step === 'choose' && (
          <Choose
            {...form}
            label="Sign in and get a token"
            onChosen={(chosen) => startTransition(() => getToken(chosen))}
          />
        )}
        {isToken && (
          <div className="card">
            <Token visit={visit} />
            <div className="actions">
              <button type="button" className="primary" onClick={() => goTo('meeting')}>
                Go to the meeting
              </button>
              <button type="button" onClick={() => window.history.back()}>
                Back
              </button>
            </div>
          </div>
        )}
        {step === 'meeting' && (
          <>
            <Meeting
              url={url}
              getBearer={() => signIn(settings, choices)}
              userId={`${choices.id} as ${choices.as}`}
              clubId={choices.club}
              name={choices.name}
              onState={onState}
            />
            <p className="hint">{forDeveloper}</p>
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
