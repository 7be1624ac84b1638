/** Adds Spanish; a module of its own, for front ends that count bytes and import `booky-meeting-client/token-client` alone. */
import { createTexts, type Language, languages, type Texts } from './texts.ts';

/** What to tell a reader, by language and by the error's code. */
export const textsForReaders: Readonly<Record<Language, Texts>> = Object.assign(languages, {
  es: createTexts(
    'No se puede conectar con la reunión. Revisa tu conexión e inténtalo de nuevo.',
    'Tu sesión no permite entrar en la reunión.',
    'No perteneces a este club de lectura.',
    'No ha funcionado. Inténtalo de nuevo.',
    'Algo ha fallado por nuestra parte. Si sigue así, avísanos.',
    'Vuelve a iniciar sesión.',
    'No se puede entrar en la reunión ahora mismo. Inténtalo de nuevo en un minuto.',
    'No se puede usar este club o este nombre. Revisa los dos.',
  ),
});
