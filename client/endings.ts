/** What to tell a reader when a meeting is over for them, and about a device that could not be switched on. */
import { TokenError } from './errors.ts';
import { browserLanguage, type Language } from './texts.ts';

const texts = {
  en: {
    left: 'You have left the meeting.',
    elsewhere: 'You are in this meeting in another tab or on another device.',
    removed: 'A moderator has removed you from the meeting.',
    closed: 'The meeting was closed for everyone.',
    lost: 'The connection to the meeting is lost. Please join again.',
    unreachable: 'The meeting can’t be reached. Please check your connection and try again.',
    full: 'The meeting lets nobody else in at the moment: it may be full. Please try again later.',
    refused: 'You could not join the meeting. Please try again.',
    camera: 'Your camera is off.',
    microphone: 'Your microphone is off.',
    blocked: 'The browser does not let this page use it: allow it in the address bar, then switch it on.',
    missing: 'None was found: connect one, then switch it on.',
    busy: 'Another program may be using it: close that, then switch it on.',
  },
  es: {
    left: 'Has salido de la reunión.',
    elsewhere: 'Estás en esta reunión en otra pestaña o en otro dispositivo.',
    removed: 'La moderación te ha sacado de la reunión.',
    closed: 'La reunión se ha cerrado para todos.',
    lost: 'Se ha perdido la conexión con la reunión. Vuelve a entrar.',
    unreachable: 'No se puede conectar con la reunión. Comprueba tu conexión e inténtalo de nuevo.',
    full: 'Ahora no puede entrar nadie más en la reunión: puede que esté llena. Inténtalo más tarde.',
    refused: 'No has podido entrar en la reunión. Inténtalo de nuevo.',
    camera: 'Tienes la cámara apagada.',
    microphone: 'Tienes el micrófono apagado.',
    blocked:
      'El navegador no da permiso a esta página: dáselo en la barra de direcciones y vuelve a intentarlo.',
    missing: 'No se ha encontrado el dispositivo: conéctalo y vuelve a intentarlo.',
    busy: 'Puede que otro programa esté usando el dispositivo: ciérralo y vuelve a intentarlo.',
  },
} satisfies Record<Language, Record<string, string>>;

/** LiveKit's reasons, as numbers: `DisconnectReason` of `livekit-client`. */
const byReason: Readonly<Record<number, keyof (typeof texts)['en']>> = {
  1: 'left',
  2: 'elsewhere',
  4: 'removed',
  5: 'closed',
  10: 'closed',
};

/**
 * Why the meeting is over, or could not be joined, for the reader.
 *
 * @param end with LiveKit's reason, and the error where there is one: the client's, LiveKit's `ConnectionError`, or that of `getBearer`
 * @param language by default a `TokenError`'s own, else the browser's
 */
export function textForEnd(
  { reason, error }: { reason?: number | undefined; error?: unknown },
  language?: Language,
): string {
  const words = texts[language ?? browserLanguage()];
  if (error === undefined) return words[byReason[reason ?? 0] ?? 'lost'];
  if (error instanceof TokenError) {
    return language ? new TokenError(error.code, {}, language).forReader : error.forReader;
  }
  // LiveKit's: 0 refused, 2 an internal error, 6 no WebSocket.
  const { reason: why }: { reason?: unknown } = Object(error);
  if (why === 0) return words.refused;
  // LiveKit finds the token good, but opens no connection: so it answers when a room is full.
  if (why === 2 || why === 6) return words.full;
  // `fetch` rejects with a `TypeError`, in `getBearer` too. What else is wrong there needs a sign-in.
  if (typeof why === 'number' || error instanceof TypeError) return words.unreachable;
  return new TokenError('unauthenticated', {}, language).forReader;
}

/** Why a device could not be switched on: for the error of LiveKit's event `MediaDevicesError`, which is the browser's. */
export function textForDevice(
  device: 'camera' | 'microphone',
  { name }: Error,
  language: Language = browserLanguage(),
): string {
  const words = texts[language];
  const why = { NotAllowedError: words.blocked, NotFoundError: words.missing }[name] ?? words.busy;
  return `${words[device]} ${why}`;
}
