import math

import numpy as np
import orjson
import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from dashboard.messages import Message, encode


def parsed(wire: bytes) -> Frame:
    """What the websockets library makes of bytes that a server sent."""
    reader = StreamReader()
    reader.feed_data(wire)
    parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
    try:
        next(parsing)
    except StopIteration as end:
        frame: Frame = end.value
        return frame
    raise AssertionError("the frame is not whole")


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_the_frame_of_a_message_of_any_length_is_read_as_that_text(length: int) -> None:
    frame = parsed(Message(b"x" * length).wire)
    assert (frame.opcode, frame.fin, len(frame.data)) == (Opcode.TEXT, True, length)


def test_the_frame_is_made_once_for_all_who_get_it() -> None:
    message = encode("frame", t=1)
    assert message.wire is message.wire


def test_numbers_that_json_does_not_know_become_null() -> None:
    payload = encode("history", a=np.array([1.5, math.nan]), b=math.inf).payload
    assert orjson.loads(payload) == {"type": "history", "a": [1.5, None], "b": None}
