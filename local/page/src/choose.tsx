/** The first step: who signs in, and for which club. The page's URL keeps it, so that a reload or a second tab starts with it. */
import { type SubmitEvent, useEffect, useRef, useState } from 'react';
import type { Role } from '../../../lib/contract.ts';

export const readers: Record<string, string> = {
  'user-001': 'Ana',
  'user-002': 'Bruno',
  'user-003': 'Chidi',
};

const someoneElse = 'someone-else';
const readerLabels = {
  ...Object.fromEntries(Object.entries(readers).map(([id, name]) => [id, `${name} (${id})`])),
  [someoneElse]: 'Someone else …',
};

const clubs = { '123': 'Evening Novels', '456': 'Poetry at Noon', 'travel-books': 'Travel Books' };

/** What the sign-in says of the reader, in the club that they ask for. A moderator or listener is listed as a member too. */
const standings = {
  member: 'Member: sees, hears, speaks and writes',
  moderator: 'Moderator: may mute and remove others, too',
  listener: 'Listener: sees, hears and writes, but does not speak',
  stranger: 'Not in this club: refused, if the API checks membership',
} satisfies Record<Role | 'stranger', string>;

const signIns = {
  valid: 'Valid',
  nameless: 'Valid, without a name',
  expired: 'Expired an hour ago',
  foreign: 'Meant for another application',
};

const usual = { reader: 'user-001', id: '', name: '', club: '123', as: 'member', signIn: 'valid' };
/** `id` and `name` are the reader's, `reader` what is chosen in the list. */
export type Choices = typeof usual;

/** From the URL's parameters, or the form's fields. */
function choicesFrom(values: Iterable<[string, string | File]>): Choices {
  const trimmed = [...values].map(([name, value]) => [name, `${value}`.trim()]);
  const chosen: Choices = { ...usual, ...Object.fromEntries(trimmed) };
  const name = readers[chosen.reader];
  return name === undefined ? chosen : { ...chosen, id: chosen.reader, name };
}

export const recallChoices = () => choicesFrom(new URLSearchParams(window.location.search));

/** The page's URL with this reader and club chosen. */
export function addressFor(reader: string, { club, as }: Choices): string {
  return `?${new URLSearchParams({ reader, club, as })}`;
}

interface ChooseProps {
  /** What the form begins with. */
  choices: Choices;
  /** Whether the issuer signs whatever it is asked for. Any other identity provider decides the reader's role itself. */
  decides: boolean;
  /** The label of its button, and what it does with the form's values. */
  label: string;
  onChosen: (choices: Choices) => void;
  isBusy: boolean;
  /** The fields that the API found wrong, by its names for them. */
  wrong: readonly string[];
}

/** The API, not the page, checks whether a club or a name is valid. */
export function Choose({ choices, decides, label, onChosen, isBusy, wrong }: ChooseProps) {
  const [{ reader, id, name }, setChosen] = useState(choices);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus(), [wrong]);
  const read = (form: HTMLFormElement) => choicesFrom(new FormData(form));
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const chosen = read(event.currentTarget);
    window.history.replaceState('', '', addressFor(chosen.reader, chosen) + window.location.hash);
    onChosen(chosen);
  };
  const select = (name: string, text: string, initial: string, options: object) => (
    <div>
      <label htmlFor={name}>{text}</label>
      <select {...{ id: name, name, defaultValue: initial }}>{optionsOf(options)}</select>
    </div>
  );
  /** `request` is the API's name for it. */
  const input = (name: string, text: string, initial: string, request: string) => (
    <div>
      <label htmlFor={name}>{text}</label>
      <input
        {...{ id: name, name, defaultValue: initial, autoComplete: 'off', spellCheck: false }}
        {...{ list: `${name}s`, 'aria-invalid': wrong.includes(request) || undefined }}
        onInput={({ currentTarget }) => currentTarget.removeAttribute('aria-invalid')}
      />
    </div>
  );
  return (
    <form
      className="card"
      ref={form}
      onChange={({ currentTarget }) => setChosen(read(currentTarget))}
      onSubmit={submit}
      noValidate
    >
      <div className="fields">
        {select('reader', 'Reader', choices.reader, readerLabels)}
        {input('club', 'Reading club, by its id', choices.club, 'reading_club_id')}
        <datalist id="clubs">{optionsOf(clubs)}</datalist>
        {reader === someoneElse && input('id', 'Your reader id', id, 'participant_identity')}
        {reader === someoneElse && input('name', 'Your name', name, 'participant_name')}
      </div>
      {decides && (
        <details open={choices.as !== 'member'}>
          <summary>Roles, and what can go wrong</summary>
          <div className="fields">
            {select('as', 'What your sign-in says of you in this club', choices.as, standings)}
            {select('signIn', 'Your sign-in', choices.signIn, signIns)}
          </div>
        </details>
      )}
      <div className="actions">
        <button type="submit" className="primary" aria-disabled={isBusy}>
          {label}
        </button>
      </div>
    </form>
  );
}

const optionsOf = (labels: object) =>
  Object.entries(labels).map(([value, label]) => (
    <option key={value} value={value}>
      {label}
    </option>
  ));
