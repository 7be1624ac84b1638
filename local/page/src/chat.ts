/** The chat: data messages to everyone in the room. They are not stored. */
import { type Room, RoomEvent } from 'livekit-client';
import { byId, create } from './dom.ts';
import { nameOf } from './tiles.ts';

const topic = 'chat';
/** In characters; longer messages from others are cut. */
const maxLength = 2_000;
/** How many messages are shown; the oldest ones are removed. */
const maxMessages = 300;

/** Connects the chat to the room until `signal` aborts; `onFailure` is called when a message could not be sent. */
export function startChat(room: Room, signal: AbortSignal, onFailure: (error: unknown) => void): void {
  const log = byId('messages', HTMLElement);
  const messages = byId('message-list', HTMLOListElement);
  const form = byId('chat', HTMLFormElement);
  const input = byId('message', HTMLInputElement);
  // Focusable because it scrolls: not every browser lets the keyboard scroll an element that can't have the focus.
  log.tabIndex = 0;
  messages.replaceChildren();
  input.value = '';

  const show = (author: string, text: string, isOwn: boolean) => {
    const name = create('span', { className: 'author' }, [author]);
    messages.append(
      create('li', { className: isOwn ? 'own' : '' }, [
        name,
        ' ',
        create('span', { className: 'text' }, [text]),
      ]),
    );
    while (messages.children.length > maxMessages) messages.firstElementChild?.remove();
    log.scrollTop = log.scrollHeight;
    return name;
  };

  room.on(RoomEvent.DataReceived, (payload, sender, _kind, receivedTopic, _encryption, identity) => {
    const author = sender ? nameOf(sender) : identity;
    if (receivedTopic !== topic || author === undefined) return;
    const shown = show(author, new TextDecoder().decode(payload).slice(0, maxLength), false);
    if (sender === undefined) nameLater(room, shown, author);
  });

  form.addEventListener(
    'submit',
    async (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (text === '') return;
      try {
        await room.localParticipant.publishData(new TextEncoder().encode(text), { reliable: true, topic });
        show('You', text, true);
        input.value = '';
      } catch (error) {
        onFailure(error);
      }
    },
    { signal },
  );
}

/** LiveKit announces participants who publish nothing some seconds late, so their first message can arrive before that. */
function nameLater(room: Room, shown: HTMLElement, identity: string): void {
  room.on(RoomEvent.ParticipantConnected, (participant) => {
    if (participant.identity === identity) shown.textContent = nameOf(participant);
  });
}
