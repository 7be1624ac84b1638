/** The words of the meeting, for readers, in the browser's language. Its errors have theirs in the client. */
import { browserLanguage, type Role } from 'booky-meeting-client';
import type { Participant } from 'livekit-client';

export const language = browserLanguage();

export const nameOf = ({ name, identity }: Participant) => name || identity;

const choose = <Words>(en: Words, es: Words): Words => ({ en, es })[language];
const named = (en: string, es: string) => (name: string) => choose(en, es).replace('{}', () => name);

export const words = {
  join: choose('Join', 'Entrar'),
  leave: choose('Leave', 'Salir'),
  cancel: choose('Cancel', 'Cancelar'),
  asking: choose('You are being signed in to the meeting …', 'Pidiendo acceso a la reunión …'),
  joining: choose('Joining …', 'Entrando …'),
  rejoining: choose(
    'The connection is lost. Joining again …',
    'Se ha perdido la conexión. Volviendo a entrar …',
  ),
  listening: choose(
    'You are here to listen: your camera and microphone stay off. You can write in the chat.',
    'Participas como oyente: la cámara y el micrófono quedan apagados. Puedes escribir en el chat.',
  ),
  sound: choose('Turn the sound on', 'Activar el sonido'),
  camera: choose('Camera', 'Cámara'),
  microphone: choose('Microphone', 'Micrófono'),
  screen: choose('Share the screen', 'Compartir pantalla'),
  pick: named('{}: choose one', '{}: elegir'),
  people: (count: number) =>
    count === 1 ? choose('Only you', 'Nadie más por ahora') : `${count} ${choose('people', 'personas')}`,
  you: named('{} (you)', '{} (tú)'),
  badges: {
    moderator: choose('moderator', 'modera'),
    listener: choose('listening', 'oyente'),
    member: '',
  } satisfies Record<Role, string>,
  muted: choose('muted', 'sin micrófono'),
  options: named('Options for {}', 'Opciones de {}'),
  enlarge: named('Enlarge {}', 'Ampliar a {}'),
  shrink: choose('Show everyone', 'Ver a todos'),
  mute: named('Mute {}', 'Silenciar a {}'),
  remove: named('Remove {}', 'Sacar a {}'),
  letSpeak: named('Let {} speak', 'Dar la palabra a {}'),
  silence: named('Let {} only listen', 'Dejar a {} como oyente'),
  confirm: named(
    'Remove {} from the meeting? To keep them out, take them out of the club too.',
    '¿Sacar a {} de la reunión? Para que no vuelva, dale de baja también en el club.',
  ),
  mutedByOther: choose('A moderator has muted your microphone.', 'La moderación ha apagado tu micrófono.'),
  joined: named('{} has joined.', '{} ha entrado.'),
  gone: named('{} has left.', '{} ha salido.'),
  chat: 'Chat',
  message: choose('Message to everyone', 'Mensaje para todos'),
  send: choose('Send', 'Enviar'),
};
