/** The first step: who signs in, and for which club. The page's URL keeps it, so that a reload or a second tab starts with it. */
import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { Role } from '../../../lib/contract.ts';

export const readers = [
  { id: 'user-001', name: 'Ana' },
  { id: 'user-002', name: 'Bruno' },
  { id: 'user-003', name: 'Chidi' },
] as const;

const someoneElse = 'someone-else';

/** What the sign-in says of the reader, in the club that they ask for. A moderator or listener is listed as a member too. */
const standings = {
  member: { label: 'Member of this club', hint: 'Sees, hears, speaks and writes.' },
  moderator: { label: 'Moderator of this club', hint: 'May mute and remove others, too.' },
  listener: { label: 'Listener in this club', hint: 'Sees, hears and writes, but does not speak.' },
  stranger: { label: 'Not in this club', hint: 'Is refused where the API checks membership.' },
} satisfies Record<Role | 'stranger', { label: string; hint: string }>;

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

/** The clubs that the sign-in lists for the reader in this role. */
export function clubsIn(role: Role, { as, club }: Choices): string[] {
  if (as === 'stranger') return role === 'member' ? ['some-other-club'] : [];
  return role === 'member' || role === as ? [club] : [];
}

/** The page's URL with this reader and club chosen. */
export function addressFor(reader: string, { club, as }: Pick<Choices, 'club' | 'as'>): string {
  return `?${new URLSearchParams({ reader, club, as })}`;
}

const readerOf = (id: string) => readers.find((reader) => reader.id === id);

/** A value of the record's keys, or the first. */
function keyOf<Key extends string>(record: Record<Key, unknown>, value: unknown): Key {
  const keys = Object.keys(record) as Key[];
  return keys.find((key) => key === value) ?? (keys[0] as Key);
}

export function recallChoices(): Choices {
  const query = new URLSearchParams(window.location.search);
  return {
    reader: readerOf(query.get('reader') ?? readers[0].id) ?? { id: '', name: '' },
    club: query.get('club') ?? '123',
    as: keyOf(standings, query.get('as')),
    signIn: 'valid',
  };
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
  const [who, setWho] = useState<string>(readerOf(choices.reader.id)?.id ?? someoneElse);
  const [as, setAs] = useState(choices.as);
  const [isOpen] = useState(as !== 'member');
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus(), [wrong]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const reader = readerOf(who) ?? {
      id: text('reader-id'),
      name: text('reader-name'),
    };
    const chosen: Choices = { reader, club: text('club'), as, signIn: keyOf(signIns, text('sign-in')) };
    window.history.replaceState(window.history.state, '', addressFor(who, chosen));
    onChosen(chosen);
  };
  const field = (name: string, text: string, request: string, initial: string, hint?: string) => (
    <div className="field">
      <label htmlFor={name}>{text}</label>
      <input
        {...{ id: name, name, defaultValue: initial, autoComplete: 'off', spellCheck: false }}
        aria-describedby={hint && `${name}-hint`}
        aria-invalid={wrong.includes(request) || undefined}
        list={name === 'club' ? 'clubs' : undefined}
        onInput={({ currentTarget }) => currentTarget.removeAttribute('aria-invalid')}
      />
      {hint && (
        <p id={`${name}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
  return (
    <form className="card" ref={form} onSubmit={submit} noValidate>
      <div className="fields">
        <div className="field">
          <label htmlFor="reader">Reader</label>
          <select id="reader" value={who} onChange={({ target }) => setWho(target.value)}>
            {readers.map(({ id, name }) => (
              <option key={id} value={id}>
                {name} ({id})
              </option>
            ))}
            <option value={someoneElse}>Someone else …</option>
          </select>
        </div>
        {field(
          'club',
          'Reading club',
          'reading_club_id',
          choices.club,
          'Its id: a number, or letters, digits, - and _',
        )}
        <datalist id="clubs">
          <option value="123">Evening Novels</option>
          <option value="456">Poetry at Noon</option>
          <option value="travel-books">Travel Books</option>
        </datalist>
        {who === someoneElse &&
          field('reader-id', 'Your reader id', 'participant_identity', choices.reader.id)}
        {who === someoneElse && field('reader-name', 'Your name', 'participant_name', choices.reader.name)}
      </div>
      {decides && (
        <details open={isOpen}>
          <summary>Roles, and what can go wrong</summary>
          <div className="fields">
            <div className="field">
              <label htmlFor="as">What your sign-in says of you</label>
              <select
                id="as"
                value={as}
                onChange={({ target }) => setAs(keyOf(standings, target.value))}
                aria-describedby="as-hint"
              >
                {Object.entries(standings).map(([value, { label }]) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </select>
              <p id="as-hint" className="hint">
                {standings[as].hint}
              </p>
            </div>
            <div className="field">
              <label htmlFor="sign-in">Your sign-in</label>
              <select id="sign-in" name="sign-in" defaultValue={choices.signIn}>
                {Object.entries(signIns).map(([value, label]) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </select>
            </div>
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
