/** What the reader chooses before signing in, and the part of it that the page's URL keeps. */
import { byId, create } from './dom.ts';

/** The clubs that the sign-in lists for a reader, by the reader's role in them. */
export interface Clubs {
  member: string[];
  moderator: string[];
  listener: string[];
}

export type SignInQuality = 'valid' | 'expired' | 'foreign';

export interface Choices {
  reader: { id: string; name: string };
  club: string;
  clubs: Clubs;
  quality: SignInQuality;
}

export const readers = [
  { id: 'user-001', name: 'Ana' },
  { id: 'user-002', name: 'Bruno' },
  { id: 'user-003', name: 'Chidi' },
] as const;

const someoneElse = 'someone-else';
const ownClaims = 'own-claims';
/** A club that no one enters, for a reader who is not a member of the chosen one. */
const anotherClub = 'some-other-club';

const none: Clubs = { member: [], moderator: [], listener: [] };

const roles: Record<string, { label: string; hint: string; clubs: (club: string) => Clubs }> = {
  member: {
    label: 'Member of this club',
    hint: 'Sees, hears, speaks and writes.',
    clubs: (club) => ({ ...none, member: [club] }),
  },
  moderator: {
    label: 'Moderator of this club',
    hint: 'May mute and remove others, too.',
    clubs: (club) => ({ ...none, member: [club], moderator: [club] }),
  },
  listener: {
    label: 'Listener in this club',
    hint: 'Sees, hears and writes, but does not speak.',
    clubs: (club) => ({ ...none, member: [club], listener: [club] }),
  },
  stranger: {
    label: 'Not in this club',
    hint: 'Is refused where the API checks membership.',
    clubs: () => ({ ...none, member: [anotherClub] }),
  },
};

const signIns: Record<SignInQuality, string> = {
  valid: 'Valid',
  expired: 'Expired an hour ago',
  foreign: 'Meant for another application',
};

const field = (id: string) => byId(id, HTMLInputElement);
const select = (id: string) => byId(id, HTMLSelectElement);

/** Fills the form's lists, applies the choices in the page's URL, and shows fields when a choice needs them. */
export function setUpChoices(): void {
  fill(select('reader'), [
    ...readers.map(({ id, name }) => [id, `${name} (${id})`] as const),
    [someoneElse, 'Someone else …'],
  ]);
  fill(select('entering-as'), [
    ...Object.entries(roles).map(([value, { label }]) => [value, label] as const),
    [ownClaims, 'Something else …'],
  ]);
  fill(select('sign-in'), Object.entries(signIns));
  recall(new URLSearchParams(window.location.search));
  const reveal = () => {
    byId('someone-else', HTMLElement).hidden = select('reader').value !== someoneElse;
    byId('own-claims', HTMLElement).hidden = select('entering-as').value !== ownClaims;
    byId('entering-as-hint', HTMLElement).textContent =
      roles[select('entering-as').value]?.hint ?? 'Ids of clubs, with spaces between them.';
  };
  select('reader').addEventListener('change', reveal);
  select('entering-as').addEventListener('change', reveal);
  reveal();
}

/** The form's current values. The API, not the page, checks whether a club or a name is valid. */
export function readChoices(): Choices {
  const reader = readers.find(({ id }) => id === select('reader').value) ?? {
    id: field('reader-id').value.trim(),
    name: field('reader-name').value,
  };
  const club = field('club').value.trim();
  const clubs = roles[select('entering-as').value]?.clubs(club) ?? {
    member: ids('member-of'),
    moderator: ids('moderator-of'),
    listener: ids('listener-in'),
  };
  const quality = select('sign-in').value;
  return { reader, club, clubs, quality: quality === 'expired' || quality === 'foreign' ? quality : 'valid' };
}

/** The fields of the form, by the request's. */
const fieldsOfRequest = new Map([
  ['reading_club_id', 'club'],
  ['participant_name', 'reader-name'],
]);

/** The id of the form's field that a field of the request comes from. */
export function fieldOf(path: string): string | undefined {
  return fieldsOfRequest.get(path);
}

/** The page's label for a field of the request. */
export function nameOfField(path: string): string {
  const label = document.querySelector(`label[for="${fieldOf(path)}"]`);
  return label?.textContent ?? path;
}

/** Marks these fields of the form until they change, and moves the focus to the first. */
export function markInvalid(ids: readonly string[]): void {
  for (const id of ids) {
    const input = field(id);
    input.ariaInvalid = 'true';
    input.setAttribute('aria-errormessage', 'alert');
    const unmark = () => {
      input.ariaInvalid = null;
      input.removeAttribute('aria-errormessage');
    };
    input.addEventListener('input', unmark, { once: true });
  }
  const [first] = ids;
  if (first !== undefined) field(first).focus();
}

/** Puts the choices into the URL, so a reload or a second tab starts with them. */
export function rememberChoices(): void {
  window.history.replaceState(
    window.history.state,
    '',
    addressFor(select('reader').value, field('club').value.trim()),
  );
}

/** The page's URL with this reader and club chosen. */
export function addressFor(reader: string, club: string): string {
  return `?${new URLSearchParams({ reader, club, as: select('entering-as').value })}`;
}

function recall(remembered: URLSearchParams): void {
  choose(select('reader'), remembered.get('reader'));
  choose(select('entering-as'), remembered.get('as'));
  field('club').value = remembered.get('club') ?? '123';
  byId('more', HTMLDetailsElement).open = select('entering-as').value !== 'member';
}

function choose(list: HTMLSelectElement, value: string | null): void {
  if ([...list.options].some((option) => option.value === value)) list.value = value ?? '';
}

function fill(list: HTMLSelectElement, entries: readonly (readonly [value: string, label: string])[]): void {
  list.replaceChildren(...entries.map(([value, label]) => create('option', { value }, [label])));
}

function ids(id: string): string[] {
  return field(id)
    .value.split(/\s+/)
    .filter((part) => part !== '');
}
