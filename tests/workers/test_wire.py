"""What passes between processes: whole or known not to be."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from threading import Thread
from typing import Any

import numpy as np
import pytest

from lamm_robust.storage.packing import pack, unpack
from lamm_robust.values import Array, Cause, Outcome, Status
from lamm_robust.workers import wire
from lamm_robust.workers.wire import CASE, OUTCOME, PROBLEM, Frames, WireError, frame, pack_outcome, unpack_outcome

FULL = Outcome(
    Status.SOLVED,
    x=np.array([[1.1, np.inf], [np.nan, -0.0]]),
    rank=2,
    seconds=1e-5,
    min_seconds=9e-6,
    first_call_seconds=0.1,
    cause=Cause.FLOAT32,
    message="µ\n",
    warned=True,
    repeatable=False,
    spent=0.3,
)


def same(one: Outcome, other: Outcome) -> bool:
    alike = (one.x is None) == (other.x is None)
    if one.x is not None and other.x is not None:
        alike = one.x.dtype == other.x.dtype and one.x.shape == other.x.shape and one.x.tobytes() == other.x.tobytes()
    return alike and {**vars(one), "x": 0} == {**vars(other), "x": 0}


def crosses(sent: Outcome) -> bool:
    number, received = unpack_outcome(pack_outcome(7, sent))
    return number == 7 and same(received, sent)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(4,), (2, 2)])
def test_answers_cross_unchanged(dtype: type, shape: tuple[int, ...]) -> None:
    assert FULL.x is not None
    x: Array = FULL.x.astype(dtype).reshape(shape)
    sent = replace(FULL, x=x)
    assert crosses(sent)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(
    "left_out",
    [{}, {"x": None}, {"rank": None}, {"seconds": None}, {"min_seconds": None}, {"first_call_seconds": None}],
)
def test_what_is_not_there_stays_away(status: Status, left_out: dict[str, None]) -> None:
    sent = replace(FULL, status=status, **left_out)  # type: ignore[arg-type]
    assert crosses(sent)
    nothing = Outcome(status)
    assert crosses(nothing)


def test_zero_is_not_none() -> None:
    sent = Outcome(Status.SOLVED, rank=0, seconds=0.0, min_seconds=0.0, first_call_seconds=0.0)
    assert crosses(sent)


def test_frames_are_put_together_from_any_pieces() -> None:
    contents = [(PROBLEM, b""), (CASE, b"lstsq"), (OUTCOME, os.urandom(5000))]
    stream, chance = b"".join(frame(*content) for content in contents), random.Random(1)
    for _ in range(50):
        frames, found, start = Frames(), [], 0
        while start < len(stream):
            end = start + chance.choice([1, 2, 8, 9, 10, 700, 4000])
            found += list(frames.feed(stream[start:end]))
            start = end
        assert found == contents


def test_a_frame_without_content_is_complete() -> None:
    assert list(Frames().feed(frame(CASE, b""))) == [(CASE, b"")]


def test_every_flipped_bit_is_an_error_or_waits_for_more() -> None:
    stream = frame(OUTCOME, pack_outcome(7, FULL))
    for position in range(len(stream)):
        for bit in range(8):
            damaged = bytearray(stream)
            damaged[position] ^= 1 << bit
            try:
                found = list(Frames().feed(bytes(damaged)))
            except WireError:
                continue
            # the length may now be longer than what came; the kind may now be another, whose content is the same
            assert not found or (position == 0 and found[0][0] != OUTCOME)


def test_damage_is_shown_by_its_first_forty_bytes() -> None:
    whole = frame(CASE, b"lstsq")
    with pytest.raises(WireError, match=f"^b'{'z' * 40}' is no frame$"):
        list(Frames().feed(whole + b"z" * 60))
    damaged = frame(CASE, b"a" * 60)[:-1] + b"b"
    with pytest.raises(WireError, match=f"^b'{'a' * 40}' does not have the checksum it came with$"):
        list(Frames().feed(whole + damaged))


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 60, pack_outcome(7, FULL)[:-3], pack_outcome(7, FULL) + b"x"])
def test_what_is_no_outcome_is_known(content: bytes) -> None:
    with pytest.raises(WireError, match="an outcome that cannot be read"):
        unpack_outcome(content)


@pytest.mark.parametrize(
    "changed",
    [
        {"rank": -1}, {"rank": 2**31}, {"rank": 10**400}, {"rank": 1.5}, {"rank": True}, {"message": "\ud800"},
        {"message": 3}, {"status": "fine"}, {"cause": "none"}, {"warned": 1}, {"spent": None}, {"seconds": "1"},
        {"number": None}, {"more": 1},
    ],
)  # fmt: skip
def test_a_forged_outcome_is_known(changed: dict[str, Any]) -> None:
    head, arrays = unpack(pack_outcome(7, FULL))
    with pytest.raises(WireError, match="an outcome that cannot be read"):
        unpack_outcome(pack(head | changed, *arrays))


def test_two_answers_in_one_outcome_are_known() -> None:
    head, arrays = unpack(pack_outcome(7, FULL))
    with pytest.raises(WireError):
        unpack_outcome(pack(head, *arrays, *arrays))


def test_half_a_surrogate_pair_in_the_words_of_a_solver_crosses() -> None:
    _, received = unpack_outcome(pack_outcome(7, replace(FULL, message="a\ud800b")))
    assert received.message == "a?b"


def test_fuzzed_outcomes_are_outcomes_or_errors() -> None:
    whole, chance, errors = pack_outcome(7, FULL), random.Random(3), 0
    for _ in range(3000):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert isinstance(unpack_outcome(bytes(damaged))[1], Outcome)
        except WireError:
            errors += 1
    assert 0 < errors < 3000


def test_reading_and_writing_through_a_pipe_that_is_too_small() -> None:
    reads, writes = os.pipe()
    content = os.urandom(3 << 20)

    def write() -> None:
        with os.fdopen(writes, "wb"):
            wire.write_all(writes, frame(OUTCOME, content))

    writer = Thread(target=write, daemon=True)  # it may wait for ever if the reader is wrong
    writer.start()
    with os.fdopen(reads, "rb"):
        assert list(wire.read_frames(reads)) == [(OUTCOME, content)]
    writer.join()
