/** Adds Spanish; a module of its own, for front ends that count bytes and import `token-client` alone. */
import { createTexts, english, type Language, languages, type Texts } from './texts.ts';

const spanish = createTexts(
  'Vuelve a iniciar sesión.',
  'Ahora mismo no se puede entrar en las reuniones. Inténtalo de nuevo en un minuto.',
  'Algo ha fallado por nuestra parte. Si sigue así, avísanos.',
  'No se puede usar este club o este nombre. Revisa los dos.',
  'No perteneces a este club de lectura.',
  'Tu sesión no da acceso a las reuniones.',
  'No se puede conectar con la reunión. Revisa tu conexión e inténtalo de nuevo.',
  'La reunión no responde. Inténtalo de nuevo.',
);
languages.set('es', spanish);

/** What to tell a reader, by language and by the error's code. */
export const textsForReaders: Readonly<Record<Language, Texts>> = { en: english, es: spanish };
