/** The page: choose a reader and a club, get a token and look at it, join the meeting. It shows one view at a time. */
import { ConnectionError, setLogLevel } from 'livekit-client';
import { createTokenClient, type TokenAnswer, TokenError } from '../../../client/index.ts';
import { judgeToken } from '../../../token-check/judge-token.ts';
import { setUpAnyToken } from './any-token.ts';
import {
  addressFor,
  type Choices,
  markInvalid,
  readChoices,
  readers,
  rememberChoices,
  setUpChoices,
} from './choices.ts';
import { byId, create } from './dom.ts';
import { showFindings } from './findings.ts';
import { disconnectionProblem, joinProblem } from './join-problem.ts';
import { decodeJwt } from './jwt.ts';
import { joinMeeting } from './meeting.ts';
import { type Problem, toProblem } from './problem.ts';
import { loadSettings, type Settings } from './settings.ts';
import { signIn } from './sign-in.ts';
import { tokenProblem } from './token-problem.ts';
import { goBackTo, goTo, headingOfView, show, startViews, viewInHistory } from './views.ts';

interface Session {
  choices: Choices;
  bearer: string;
  token: TokenAnswer;
}

/** A token with less than this left, in milliseconds, is replaced before it is used. */
const leastTimeLeft = 30_000;

const alertBox = byId('alert', HTMLElement);
const statusLine = byId('status', HTMLElement);

async function start(): Promise<void> {
  setLogLevel('warn');
  const settings = await loadSettings();
  setUpChoices();
  setUpAnyToken();
  // Any other identity provider decides the reader's role itself.
  byId('more', HTMLElement).hidden = settings.signIn.kind !== 'development';
  startViews();
  let session: Session | undefined;
  let leaveMeeting: (() => Promise<void>) | undefined;

  window.addEventListener('popstate', () => {
    const view = viewInHistory();
    // The browser's Forward, to a view that no longer exists.
    if (view === 'meeting' || (view === 'token' && session === undefined)) return window.history.back();
    clearNews();
    show(view);
    void leaveMeeting?.();
  });

  byId('choices', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    void busy(byId('get-token', HTMLButtonElement), 'Signing in …', async () => {
      rememberChoices();
      session = await obtain(settings, readChoices()).catch(async (error: unknown) => {
        throw await problemOf(error, settings);
      });
      await showToken(session);
      goTo('token');
    });
  });

  byId('back', HTMLButtonElement).addEventListener('click', () => window.history.back());

  byId('join', HTMLButtonElement).addEventListener('click', () => {
    void busy(byId('join', HTMLButtonElement), 'Joining …', async () => {
      if (session === undefined) return;
      let current = session;
      const newToken = async () => {
        current = await obtain(settings, current.choices);
        session = current;
        return current.token;
      };
      const freshToken = () =>
        isAboutToExpire(current.token)
          ? newToken().catch(async (error: unknown) => {
              throw await problemOf(error, settings);
            })
          : Promise.resolve(current.token);
      const token = await freshToken();
      leaveMeeting = await joinMeeting({
        token,
        devices: {
          camera: byId('with-camera', HTMLInputElement).checked,
          microphone: byId('with-microphone', HTMLInputElement).checked,
        },
        newToken,
        freshToken,
        onNews: tell,
        onProblem: complain,
        onEnd: async (reason, error) => {
          leaveMeeting = undefined;
          // Unless the browser's Back ended it.
          if (viewInHistory() === 'meeting') await goBackTo(reason === 'left' ? 'choose' : 'token');
          if (reason === 'left') tell(`You have left ${token.room_name}.`);
          else if (error === undefined) complain(disconnectionProblem(reason));
          else if (error instanceof ConnectionError) complain(joinProblem(error, current.token.server_url));
          else complain(await problemOf(error, settings));
        },
      });
      byId('meeting-heading', HTMLElement).textContent = token.room_name;
      inviteSomeone(current.choices);
      goTo('meeting');
    });
  });
}

/** Signs in and gets a token; rejects with a `TokenError`, or with a `Problem` when signing in fails. */
async function obtain(settings: Settings, choices: Choices): Promise<Session> {
  let bearer = '';
  const { getToken } = createTokenClient({
    url: settings.tokenEndpoint,
    // Signs in again each time: it needs no input.
    getBearer: async () => {
      bearer = await signIn(settings, choices);
      return bearer;
    },
  });
  const token = await getToken({ reading_club_id: choices.club, participant_name: choices.reader.name });
  return { choices, bearer, token };
}

function isAboutToExpire({ expires_at }: TokenAnswer): boolean {
  return Date.parse(expires_at) - Date.now() < leastTimeLeft;
}

async function problemOf(error: unknown, { tokenEndpoint }: Settings): Promise<Problem> {
  return error instanceof TokenError ? tokenProblem(error, tokenEndpoint) : toProblem(error);
}

async function showToken({ choices, bearer, token }: Session): Promise<void> {
  const claims = decodeJwt(token.participant_token);
  const findings = await judgeToken(token.participant_token, {
    room: token.room_name,
    reader: choices.reader.id,
    role: token.role,
  });
  const crosses = findings.filter(({ verdict }) => verdict === 'bad').length;
  byId('token-summary', HTMLElement).textContent =
    crosses === 0
      ? `This token opens ${token.room_name} to ${token.participant_name}${token.role ? `, as ${token.role}` : ''}.`
      : `This token is not what a meeting needs: ${crosses} of ${findings.length} checks failed.`;
  byId('token-advice', HTMLElement).textContent = adviceOnRole(choices, token);
  showFindings(byId('checks', HTMLElement), findings);
  byId('token-claims', HTMLElement).textContent = JSON.stringify(claims, null, 2);
  byId('sign-in-claims', HTMLElement).textContent = JSON.stringify(decodeJwt(bearer), null, 2);
  byId('devices', HTMLElement).hidden = token.role === 'listener';
}

/** A chosen role has no effect where the API does not read its claim. Then this says so. */
function adviceOnRole({ clubs, club }: Choices, { role }: TokenAnswer): string {
  const unread = (what: string, variable: string) =>
    `You signed in as ${what}, but this API reads no claim that says so: "npm start" with ${variable} set makes it.`;
  if (clubs.moderator.includes(club)) {
    return role === 'moderator' ? '' : unread('a moderator', 'MODERATED_CLUBS_CLAIM=moderated_clubs');
  }
  if (clubs.listener.includes(club)) {
    return role === 'listener' ? '' : unread('a listener', 'LISTENERS_CLAIM=listening_clubs');
  }
  if (clubs.member.includes(club)) return '';
  return unread('a reader who is not in this club', 'CLUBS_CLAIM=reading_clubs');
}

/** Another tab can join as another reader. */
function inviteSomeone({ reader, club }: Choices): void {
  const somebody = readers.find(({ id }) => id !== reader.id);
  if (somebody === undefined) return;
  const link = byId('second-tab', HTMLAnchorElement);
  link.textContent = `Open a second tab as ${somebody.name}`;
  link.href = addressFor(somebody.id, club);
}

/** Runs a task of this button, once at a time; shows its progress, and what went wrong. */
async function busy(button: HTMLButtonElement, label: string, task: () => Promise<void>): Promise<void> {
  if (button.ariaDisabled === 'true') return;
  const usual = button.textContent;
  button.ariaDisabled = 'true';
  button.textContent = label;
  clearNews();
  tell(label);
  try {
    await task();
    if (statusLine.textContent === label) tell('');
  } catch (error) {
    tell('');
    complain(error);
  } finally {
    button.ariaDisabled = null;
    button.textContent = usual;
  }
}

function tell(news: string): void {
  statusLine.textContent = news;
}

function complain(error: unknown): void {
  const problem = toProblem(error);
  alertBox.replaceChildren(
    create('p', { className: 'what' }, [problem.message]),
    create('p', {}, [problem.why]),
    create('p', {}, [problem.remedy]),
    create('button', { type: 'button', onclick: dismiss }, ['Dismiss']),
  );
  markInvalid(problem.fields);
}

/** The button disappears with the message, so the focus is moved. */
function dismiss(): void {
  alertBox.replaceChildren();
  headingOfView().focus();
}

function clearNews(): void {
  tell('');
  alertBox.replaceChildren();
}

start().catch(complain);
