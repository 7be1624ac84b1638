/** The page: choose a reader and a club, get a token and look at it, join the meeting. It shows one step at a time. */
import { createTokenClient } from 'booky-meeting-client';
import type { MeetingState } from 'booky-meeting-client/react';
import { setLogLevel } from 'livekit-client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { addressFor, type Choices, Choose, readers, recallChoices } from './choose.tsx';
import { type ExplainedError, explain, explainLiveKit } from './explain.ts';
import { Meeting } from './meeting.tsx';
import { loadSettings, type PageSettings } from './settings.ts';
import { signIn } from './sign-in.ts';
import './style.css';
import { Token, type Visit } from './token.tsx';

/** In the order in which a reader goes through them. Each is a step of the browser's history. */
const steps = { choose: 'Who are you, and which club meets?', token: 'Your token', meeting: 'The meeting' };
type Step = keyof typeof steps;

function useStep() {
  const [step, setStep] = useState<Step>('choose');
  useEffect(() => {
    window.history.replaceState({ step: 'choose' }, '');
    const follow = ({ state }: PopStateEvent) => setStep(state?.step ?? 'choose');
    window.addEventListener('popstate', follow);
    return () => window.removeEventListener('popstate', follow);
  }, []);
  const goTo = useCallback((next: Step) => {
    window.history.pushState({ step: next }, '');
    setStep(next);
  }, []);
  return [step, goTo] as const;
}

function Page({ settings }: { settings: PageSettings }) {
  const { tokenEndpoint: url } = settings;
  const [choices, setChoices] = useState(recallChoices);
  const [step, goTo] = useStep();
  const [visit, setVisit] = useState<Visit>();
  const [problem, setProblem] = useState<ExplainedError>();
  const [isBusy, setBusy] = useState(false);
  const [forDeveloper, setForDeveloper] = useState('');
  // The browser's Forward, to a token of before a reload.
  const shown = step === 'token' && visit === undefined ? 'choose' : step;

  const heading = useRef<HTMLHeadingElement>(null);
  const shownBefore = useRef(shown);
  useEffect(() => {
    document.title = `${heading.current?.textContent} · Booky`;
    if (shownBefore.current !== shown) heading.current?.focus();
    shownBefore.current = shown;
  }, [shown, choices.club]);

  const getToken = async (chosen: Choices) => {
    if (isBusy) return;
    setChoices(chosen);
    setProblem(undefined);
    setBusy(true);
    let bearer = '';
    const client = createTokenClient({
      url,
      getBearer: async () => {
        bearer = await signIn(settings, chosen);
        return bearer;
      },
    });
    try {
      const request = { reading_club_id: chosen.club, participant_name: chosen.reader.name };
      setVisit({ choices: chosen, answer: await client.getToken(request), bearer });
      goTo('token');
    } catch (error) {
      setProblem(await explain(error, url));
    }
    setBusy(false);
  };
  const onState = useCallback(
    async (state: MeetingState) => {
      if (state.name !== 'over' || state.error === undefined) return setForDeveloper('');
      setForDeveloper(explainLiveKit(state.error) ?? (await explain(state.error, url)).details);
    },
    [url],
  );
  const somebody = readers.find(({ id }) => id !== choices.reader.id);
  const form = {
    choices,
    decides: settings.signIn.kind === 'development',
    isBusy,
    wrong: problem?.fields ?? [],
  };

  return (
    <>
      <header>
        <p className="brand">Booky</p>
        <h1>Reading-club meeting</h1>
        <ol className="steps" aria-label="Steps">
          {Object.entries({ choose: 'Who and where', token: 'Your token', meeting: 'The meeting' }).map(
            ([name, label]) => (
              <li key={name} aria-current={name === shown ? 'step' : undefined}>
                {label}
              </li>
            ),
          )}
        </ol>
      </header>
      <main className={shown}>
        <h2 ref={heading} tabIndex={-1}>
          {shown === 'meeting' ? `reading-club-${choices.club}` : steps[shown]}
        </h2>
        <div role="alert" id="problem">
          {problem !== undefined && shown === 'choose' && (
            <>
              <p className="what">{problem.message}</p>
              <p>{problem.details}</p>
            </>
          )}
        </div>
        {shown === 'choose' && <Choose {...form} label="Sign in and get a token" onChosen={getToken} />}
        {shown === 'token' && visit !== undefined && (
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
        {shown === 'meeting' && (
          <>
            <Meeting
              url={url}
              getBearer={() => signIn(settings, choices)}
              userId={`${choices.reader.id} as ${choices.as}`}
              clubId={choices.club}
              name={choices.reader.name}
              onState={onState}
            />
            <p className="hint">{forDeveloper}</p>
            {somebody !== undefined && (
              <p>
                <a href={addressFor(somebody.id, choices)} target="_blank" rel="noopener">
                  Open a second tab as {somebody.name}
                </a>
              </p>
            )}
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
const root = createRoot(document.getElementById('page') ?? document.body);
loadSettings().then((settings) => root.render(<Page settings={settings} />));
