/** The first step: who signs in, and for which club. The page's URL keeps it, so that a reload or a second tab starts with it. */
import { type SubmitEvent, useEffect, useRef, useState } from 'react';
import type { Role } from '../../../lib/contract.ts';

export const readers: Readonly<Record<string, string>> = {
  'user-001': 'Ana',
  'user-002': 'Bruno',
  'user-003': 'Chidi',
};

const readerLabels = {
  ...Object.fromEntries(Object.entries(readers).map(([id, name]) => [id, `${name} (${id})`])),
  'someone-else': 'Someone else …',
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

export interface Choices {
  reader: { id: string; name: string };
  club: string;
  as: keyof typeof standings;
  signIn: keyof typeof signIns;
}

/** The page's URL with this reader and club chosen. */
export function addressFor(reader: string, { club, as }: Pick<Choices, 'club' | 'as'>): string {
  return `?${new URLSearchParams({ reader, club, as })}`;
}

export function recallChoices(): Choices {
  const query = new URLSearchParams(window.location.search);
  return choicesFrom({ reader: 'user-001', club: '123', ...Object.fromEntries(query) });
}

/** From the URL's parameters, or the form's fields. */
function choicesFrom(values: Readonly<Record<string, string>>): Choices {
  const { reader = '', club = '', as, signIn, id = '', name = '' } = values;
  const known = readers[reader];
  return {
    reader: known === undefined ? { id, name } : { id: reader, name: known },
    club,
    as: keyOf(standings, as) ?? 'member',
    signIn: keyOf(signIns, signIn) ?? 'valid',
  };
}

function keyOf<Key extends string>(record: Record<Key, unknown>, value: unknown): Key | undefined {
  return (Object.keys(record) as Key[]).find((key) => key === value);
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
  const initialReader = keyOf(readers, choices.reader.id) ?? 'someone-else';
  const [who, setWho] = useState(initialReader);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus(), [wrong]);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = [...new FormData(event.currentTarget)].map(([name, value]) => [name, `${value}`.trim()]);
    const chosen = choicesFrom(Object.fromEntries(values));
    window.history.replaceState('', '', addressFor(who, chosen) + window.location.hash);
    onChosen(chosen);
  };
  const select = (name: string, text: string, initial: string, options: object) => (
    <div className="field">
      <label htmlFor={name}>{text}</label>
      <select {...{ id: name, name, defaultValue: initial }}>{optionsOf(options)}</select>
    </div>
  );
  /** `request` is the API's name for it. */
  const input = (name: string, text: string, initial: string, request: string, hint = '') => (
    <div className="field">
      <label htmlFor={name}>{text}</label>
      <input
        {...{ id: name, name, defaultValue: initial, autoComplete: 'off', spellCheck: false }}
        {...{ list: `${name}-list`, 'aria-describedby': `${name}-hint` }}
        aria-invalid={wrong.includes(request) || undefined}
        onInput={({ currentTarget }) => currentTarget.removeAttribute('aria-invalid')}
      />
      <p id={`${name}-hint`} className="hint">
        {hint}
      </p>
    </div>
  );
  return (
    <form
      className="card"
      ref={form}
      onChange={({ currentTarget }) => setWho(`${new FormData(currentTarget).get('reader')}`)}
      onSubmit={submit}
      noValidate
    >
      <div className="fields">
        {select('reader', 'Reader', initialReader, readerLabels)}
        {input(
          'club',
          'Reading club',
          choices.club,
          'reading_club_id',
          'A number, or letters, digits, - and _',
        )}
        <datalist id="club-list">{optionsOf(clubs)}</datalist>
        {who === 'someone-else' && input('id', 'Your reader id', choices.reader.id, 'participant_identity')}
        {who === 'someone-else' && input('name', 'Your name', choices.reader.name, 'participant_name')}
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
