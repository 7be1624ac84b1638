import * as v from 'valibot';
import { roles } from '../lib/contract.ts';

const text = v.pipe(v.string(), v.minLength(1));
const jwt = v.pipe(v.string(), v.regex(/^[\w-]+\.[\w-]+\.[\w-]+$/));

/** The body of a 200, for those who check it from outside. A test holds it to the contract's `TokenAnswer`, in both directions. */
export const tokenAnswerSchema = v.object({
  token: jwt,
  room_name: text,
  participant_name: text,
  role: v.picklist(roles),
  server_url: v.pipe(v.string(), v.regex(/^wss?:\/\/[^/]+/)),
  participant_token: jwt,
  expires_at: v.pipe(v.string(), v.isoTimestamp()),
});
