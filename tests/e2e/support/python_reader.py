"""A reader in Python: joins with the code of docs/other-clients.md, and chats.

Arguments: the page, the token endpoint, the club. The reader's JWT is the first line of standard input, each further one is said in
the chat; at its end the reader leaves. What happens comes as lines of JSON on standard output.
"""

import asyncio
import json
import re
import sys
import urllib.error

from livekit import rtc

TOPIC = "lk.chat"


def code_of(page):
    with open(page, encoding="utf-8") as file:
        code = re.search(r"^```python\n(.*?)^```$", file.read(), re.DOTALL | re.MULTILINE).group(1)
    names = {}
    exec(compile(code, page, "exec"), names)
    return names


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


async def main(page, url, club):
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    jwt = (await lines.readline()).decode().strip()
    try:
        room = await code_of(page)["join"](url, jwt, club)
    except urllib.error.HTTPError as error:
        tell("refused", status=error.code, body=json.load(error))
        return

    async def hear(reader, identity):
        text = await reader.read_all()
        tell("message", name=room.remote_participants[identity].name, text=text)

    room.register_text_stream_handler(TOPIC, lambda *stream: loop.create_task(hear(*stream)))

    @room.on("track_subscribed")
    def subscribed(track, publication, participant):
        tell("track", kind=rtc.TrackKind.Name(track.kind).removeprefix("KIND_").lower(), name=participant.name)

    tell("joined", room=room.name, name=room.local_participant.name)

    while line := (await lines.readline()).decode():
        await room.local_participant.send_text(line.rstrip("\n"), topic=TOPIC)
    await room.disconnect()
    tell("left")


asyncio.run(main(*sys.argv[1:]))
