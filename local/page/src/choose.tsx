/** The first step: who signs in, and for which club. The page's URL keeps it, so that a reload or a second tab starts with it. */
import { type SubmitEvent, useEffect } from 'react';
import type { Role } from '../../../lib/contract.ts';

export const readers: Readonly<Record<string, string>> = {
  'user-001': 'Ana',
  'user-002': 'Bruno',
  'user-003': 'Chidi',
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

const usual = { reader: 'user-001', name: '', club: '123', as: 'member', signIn: 'valid' };
/** `reader` and `club` are ids. */
export type Choices = typeof usual;

export const nameOf = ({ reader, name }: Choices) => name || (readers[reader] ?? '');

/** From the URL's parameters, or the form's fields. */
export function choicesFrom(values: Iterable<[string, string | File]>): Choices {
  const trimmed = [...values].map(([name, value]) => [name, `${value}`.trim()]);
  return { ...usual, ...Object.fromEntries(trimmed) };
}

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
  useEffect(() => document.querySelector<HTMLElement>('[aria-invalid]')?.focus(), [wrong]);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const chosen = choicesFrom(new FormData(event.currentTarget));
    window.history.replaceState('', '', addressFor(chosen.reader, chosen) + window.location.hash);
    onChosen(chosen);
  };
  const select = (name: 'as' | 'signIn', text: string, options: object) => (
    <div>
      <label htmlFor={name}>{text}</label>
      <select {...{ id: name, name, defaultValue: choices[name] }}>{optionsOf(options)}</select>
    </div>
  );
  /** `request` is the API's name for it. */
  const input = (name: 'reader' | 'club' | 'name', text: string, request: string, known: object = {}) => (
    <div>
      <label htmlFor={name}>{text}</label>
      <input
        {...{ id: name, name, defaultValue: choices[name], list: `${name}s`, autoComplete: 'off' }}
        {...{ spellCheck: false, 'aria-invalid': wrong.includes(request) || undefined }}
        onInput={({ currentTarget }) => currentTarget.removeAttribute('aria-invalid')}
      />
      <datalist id={`${name}s`}>{optionsOf(known)}</datalist>
    </div>
  );
  return (
    <form className="card" onSubmit={submit} noValidate>
      <div className="fields">
        {input('reader', 'Reader, by their id', 'participant_identity', readers)}
        {input('club', 'Reading club, by its id', 'reading_club_id', clubs)}
        {input('name', 'Name, if not the usual one', 'participant_name')}
      </div>
      {decides && (
        <details open={choices.as !== 'member'}>
          <summary>Roles, and what can go wrong</summary>
          <div className="fields">
            {select('as', 'What your sign-in says of you in this club', standings)}
            {select('signIn', 'Your sign-in', signIns)}
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
