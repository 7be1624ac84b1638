"""Keeps the rules of a request's body that JSON Schema can't say: a body that the document allows has to be accepted."""

import re

import schemathesis

READER = "user-001"
ROOM = re.compile(r"reading-club-[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
LONGEST_NAME_IN_BYTES = 256


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    room, club = body.get("room_name"), body.get("reading_club_id")
    if club is not None and isinstance(room, str) and ROOM.fullmatch(room):
        body["room_name"] = f"reading-club-{club}"
    if isinstance(body.get("participant_identity"), str):
        body["participant_identity"] = READER
    name = body.get("participant_name")
    if isinstance(name, str) and len(name.encode(errors="replace")) > LONGEST_NAME_IN_BYTES:
        body["participant_name"] = name[: LONGEST_NAME_IN_BYTES // 4]
