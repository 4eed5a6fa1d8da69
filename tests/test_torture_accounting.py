"""The accounting of scripts/torture."""

from collections import defaultdict
from math import inf
from pathlib import Path

import pytest

from scripts.house.torture_accounting import (
    Edit,
    Fate,
    Kill,
    Times,
    ended_by_edits,
    fate,
    judge,
    read_witness,
    unsaved,
)
from tests.simulator import Post


def post(*message_ids: str, text: bool = False) -> Post:
    """Return a post of messages; with a text, the regular expression fits it."""
    texts = frozenset(message_ids if text else ())
    return Post(body=b"", content_type="", message_ids=message_ids, texts=texts)


def sent(*posts: Post) -> dict[str, Post]:
    """Return what a provider keeps of its posts."""
    return {message_id: post for post in posts for message_id in post.message_ids}


def seen(**by_whom: Times) -> dict[str, Times]:
    """Return what a witness saw."""
    return defaultdict(dict, by_whom)


def kill(at: float) -> Kill:
    """Return a kill that takes ids of up to 5 seconds along."""
    return Kill(at=at, unsaved=5)


@pytest.mark.parametrize(
    ("runs", "heard", "kills", "expected"),
    [
        ([1], 2, [], Fate.ONCE),
        ([1, 5], 2, [], Fate.TWICE),
        # Between the runs, and soon enough after the first.
        ([1, 5], inf, [2], Fate.CUT),
        ([1, 5], 6, [2], Fate.CUT),
        ([1, 5], 1.5, [2], Fate.STRADDLED),
        # The answer was on its way when the kill came.
        ([1, 5], 2.1, [2], Fate.STRADDLED),
        ([1, 5], inf, [0.5], Fate.TWICE),
        ([1, 5], inf, [6], Fate.TWICE),
        ([1, 9], inf, [8], Fate.TWICE),
        # One excuse does for one repetition.
        ([1, 5, 9], inf, [2], Fate.TWICE),
        ([1, 5, 9], inf, [2, 6], Fate.CUT),
    ],
)
def test_fate(runs: list[float], heard: float, kills: list[float], expected: Fate) -> None:
    done = [kill(at) for at in kills]
    assert fate(runs, heard, done, under_way=done) is expected


def test_a_kill_excuses_only_the_post_that_was_under_way() -> None:
    assert fate([1, 5], inf, [kill(2)], under_way=[]) is Fate.TWICE
    assert fate([1, 5], 1.5, [kill(2)], under_way=[]) is Fate.STRADDLED


@pytest.mark.parametrize(("ids", "seconds"), [(0, 5), (2700, 5), (12_288, 19.5), (22_000, 34)])
def test_unsaved(ids: int, seconds: float) -> None:
    assert unsaved(ids) == pytest.approx(seconds, abs=0.1)


def test_judge() -> None:
    ids = ("fine", "unseen", "half", "early", "again")
    verdict = judge(
        sent(*map(post, ids)),
        dict.fromkeys(ids, 2),
        seen(
            event={"fine": [1], "half": [1], "early": [3], "again": [1, 4]},
            trigger={"fine": [1], "early": [1], "again": [1]},
        ),
        [],
    )
    assert verdict.sent == 5
    assert verdict.lost == ["unseen", "half"]
    assert verdict.early == ["early"]
    assert verdict.twice == ["again"]
    assert verdict.missed == []


def test_judge_of_a_kill_in_a_burst() -> None:
    """Of all that had no answer only the post that was published last is excused."""
    runs: Times = {"first": [1, 6], "a": [1.1, 6], "b": [1.2, 6], "later": [6]}
    verdict = judge(
        sent(post("first"), post("a", "b"), post("later")),
        dict.fromkeys(runs, 7),
        seen(event=runs, trigger=runs),
        [kill(2)],
    )
    assert verdict.twice == ["first"]
    assert verdict.fates[Fate.CUT] == ["a", "b"]
    assert verdict.fates[Fate.ONCE] == ["later"]


def test_judge_of_a_regular_expression() -> None:
    verdict = judge(
        sent(*(post(name, text=name != "other") for name in ("fits", "missed", "lost", "other"))),
        {"fits": 2, "missed": 2, "lost": 2, "other": 2},
        seen(
            event={"fits": [1], "missed": [1], "lost": [1], "other": [1]},
            trigger={"fits": [1], "missed": [1], "other": [1]},
            regex={"fits": [1, 3]},
        ),
        [],
    )
    assert verdict.missed == ["missed"]
    assert verdict.lost == ["lost"]
    assert verdict.twice == ["fits"]


def test_ended_by_edits() -> None:
    """What an edit fell on was ended by it, unless it did finish."""
    event: Times = {"done": [20], "ended": [20], "late": [15], "before": [14], "after": [22]}
    witnessed = seen(event=event, finished={"done": [20.3]})
    edits = [Edit(began=20.1, done=21)]
    assert ended_by_edits(witnessed, edits, 0.3) == (2, ["before", "after"])


def test_read_witness(tmp_path: Path) -> None:
    log = tmp_path / "witness.log"
    assert not any(read_witness(log).values())
    log.write_text("bus 1.5 a\nevent 1.6 a\nevent 2.5 a\n")
    witnessed = read_witness(log)
    assert witnessed["bus"] == {"a": [1.5]}
    assert witnessed["event"] == {"a": [1.6, 2.5]}
