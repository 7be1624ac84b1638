/** The chat: data messages to everyone in the room, kept nowhere. */
import { type Room, RoomEvent } from 'livekit-client';
import { byId, create } from './dom.ts';
import { nameOf } from './tiles.ts';

const topic = 'chat';
/** In characters; what others send may be longer, and is cut. */
const maxLength = 2_000;
/** Older messages make room for newer ones. */
const maxMessages = 300;

/** Wires the chat to the room until `signal` aborts; `onFailure` hears of a message that could not be sent. */
export function startChat(room: Room, signal: AbortSignal, onFailure: (error: unknown) => void): void {
  const log = byId('messages', HTMLElement);
  const messages = byId('message-list', HTMLOListElement);
  const form = byId('chat', HTMLFormElement);
  const input = byId('message', HTMLInputElement);
  // It scrolls, and not every browser lets the keyboard scroll what can't have the focus.
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

/** LiveKit tells of someone who publishes nothing some seconds late: their first message can be there before them. */
function nameLater(room: Room, shown: HTMLElement, identity: string): void {
  room.on(RoomEvent.ParticipantConnected, (participant) => {
    if (participant.identity === identity) shown.textContent = nameOf(participant);
  });
}
