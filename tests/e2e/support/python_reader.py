"""A reader in Python: joins with the code of docs/other-clients.md, sounds, and chats.

Arguments: the page, the token endpoint, the club. The reader's JWT is the first line of standard input, each further one is said in
the chat; at its end the reader leaves. What happens comes as lines of JSON on standard output.
"""

import asyncio
import json
import re
import sys
import urllib.error

import numpy
from livekit import rtc

SAMPLE_RATE = 48_000
FRAME_SECONDS = 0.01
TOPIC = "chat"


def code_of(page):
    with open(page, encoding="utf-8") as file:
        code = re.search(r"^```python\n(.*?)^```$", file.read(), re.DOTALL | re.MULTILINE).group(1)
    names = {}
    exec(compile(code, page, "exec"), names)
    return names


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


async def sound(source):
    """A tone, for as long as nobody stops it."""
    samples = int(SAMPLE_RATE * FRAME_SECONDS)
    at = 0
    while True:
        wave = numpy.sin(2 * numpy.pi * 440 * (at + numpy.arange(samples)) / SAMPLE_RATE)
        data = (wave * 10_000).astype(numpy.int16).tobytes()
        await source.capture_frame(rtc.AudioFrame(data, SAMPLE_RATE, 1, samples))
        at += samples


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

    @room.on("data_received")
    def heard(packet):
        if packet.topic == TOPIC:
            tell("message", name=packet.participant.name, text=packet.data.decode())

    @room.on("track_subscribed")
    def subscribed(track, publication, participant):
        tell("track", kind=rtc.TrackKind.Name(track.kind).removeprefix("KIND_").lower(), name=participant.name)

    source = rtc.AudioSource(SAMPLE_RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("tone", source)
    microphone = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, microphone)
    tone = asyncio.create_task(sound(source))
    tell("joined", room=room.name, name=room.local_participant.name)

    while line := (await lines.readline()).decode():
        await room.local_participant.publish_data(line.rstrip("\n"), topic=TOPIC)
    tone.cancel()
    await room.disconnect()
    tell("left")


asyncio.run(main(*sys.argv[1:]))
