"""What became of each message, and what is to be said for it.

Two automations stand for what people have: one on the event, one on our own trigger. Each
calls an action that writes the message's id to a file at once (see `witness`), so a kill
cannot take back what was seen. A third compares texts by an ordinary regular expression. A
message is

- delivered when both automations ran for it,
- lost when one of them did not, although the provider posted it until it got a 200,
- missed when our trigger fired without the regular expression, and not with it, which fits,
- early when its first 200 came before they had run: a kill there would have lost it,
- twice when one of them ran again, except around a SIGKILL that came so soon after the run
  before that the id need not have been on disk (see `unsaved`). Those are counted apart:
- cut: no 200 for it had come before the kill, so that the provider had to post it again. It
  is of the post that was the last to be published before the kill, since one post at a time
  goes from publishing to its answer: a kill in a burst may repeat that one and no other,
- straddled: a 200 had come, but the provider posted it again nevertheless, since it did
  not hear that 200 (every 6th post is one like that) or had posted it twice at once.

An edit of an automation ends its runs that wait for something: Home Assistant does that,
whatever set them off. So where automations are edited the one on the event waits a moment after
its note, and its runs that an edit ended are counted apart too.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import inf
from pathlib import Path

from custom_components.intellisms.receiving.journal_files import write_delay
from custom_components.intellisms.receiving.journal_ids import KEY_LENGTH
from tests.simulator import Post

AUTOMATIONS = ("event", "trigger")
REGEX = "regex"
FINISHED = "finished"

# Seconds. The disk takes its time for a write.
WRITE_TAKES = 4.0
# A 200 that was sent before the kill is heard at most so much later; a start takes longer.
ANSWER_TRAVELS = 0.5
# How much longer a run that waits may take where much else is to be done.
RUN_IS_LATE = 5.0

type Times = dict[str, list[float]]


class Fate(StrEnum):
    """How often an automation ran for a message, and what is to be said for it."""

    ONCE = "once"
    CUT = "cut"
    STRADDLED = "straddled"
    TWICE = "twice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kill:
    """A SIGKILL: when it was done, and how old an id it may have taken along."""

    at: float
    unsaved: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """An edit of an automation, from saving it until Home Assistant has taken it in."""

    began: float
    done: float


@dataclass(kw_only=True)
class Verdict:
    """What became of the messages of one kind of fault."""

    rounds: int = 0
    sent: int = 0
    waiting: int = 0
    lost: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    fates: dict[Fate, list[str]] = field(default_factory=lambda: {fate: [] for fate in Fate})
    unfinished: list[str] = field(default_factory=list)
    ended: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def twice(self) -> list[str]:
        """Return what came again without an excuse."""
        return self.fates[Fate.TWICE]


def unsaved(ids: int) -> float:
    """Return how many seconds an id may not be on disk when so many are kept."""
    return write_delay(ids * KEY_LENGTH) + WRITE_TAKES


def fate(
    runs: Sequence[float], heard: float, kills: Sequence[Kill], under_way: Collection[Kill]
) -> Fate:
    """Judge one automation's runs for a message whose first 200 came at `heard`.

    `under_way` are the kills before which no other post was published after its own.
    """
    judged = Fate.ONCE
    for first, second in pairwise(runs):
        kill = next((kill for kill in kills if kill.at >= first), None)
        if kill is None or kill.at > second or kill.at - first > kill.unsaved:
            return Fate.TWICE
        if heard <= kill.at + ANSWER_TRAVELS:
            judged = Fate.STRADDLED
        elif kill in under_way:
            judged = Fate.CUT
        else:
            return Fate.TWICE
    return judged


def judge(
    sent: Mapping[str, Post],
    acknowledged: Mapping[str, float],
    witnessed: Mapping[str, Times],
    kills: Sequence[Kill],
) -> Verdict:
    """Compare what the provider did with what the automations did."""
    verdict = Verdict(sent=len(sent))
    published_last = _published_last(sent, witnessed, kills)
    for message_id, post in sent.items():
        plain = [witnessed[name].get(message_id, []) for name in AUTOMATIONS]
        by_regex = witnessed[REGEX].get(message_id, [])
        heard = acknowledged.get(message_id, inf)
        if not all(plain):
            verdict.lost.append(message_id)
        elif heard < max(times[0] for times in (*plain, by_regex) if times):
            verdict.early.append(message_id)
        if witnessed["trigger"].get(message_id) and not by_regex and message_id in post.texts:
            verdict.missed.append(message_id)
        under_way = {kill for kill, last in published_last.items() if last is post}
        fates = {fate(times, heard, kills, under_way) for times in (*plain, by_regex)}
        verdict.fates[max(fates, key=list(Fate).index)].append(message_id)
    return verdict


def _published_last(
    sent: Mapping[str, Post], witnessed: Mapping[str, Times], kills: Sequence[Kill]
) -> dict[Kill, Post]:
    """Return, for each kill before which anything ran, the post that ran last."""
    ran = sorted(
        (when, message_id)
        for name in AUTOMATIONS
        for message_id, times in witnessed[name].items()
        for when in times
    )
    before = {kill: bisect_right(ran, (kill.at, "")) for kill in kills}
    return {kill: sent[ran[count - 1][1]] for kill, count in before.items() if count}


def ended_by_edits(
    witnessed: Mapping[str, Times], edits: Sequence[Edit], waits: float
) -> tuple[int, list[str]]:
    """Return how many runs an edit ended while they waited, and whose nothing ended."""
    begun = {
        message_id: times[0]
        for message_id, times in witnessed["event"].items()
        if message_id not in witnessed[FINISHED]
    }
    unfinished = [
        message_id
        for message_id, when in begun.items()
        if not any(when <= edit.done and edit.began <= when + waits + RUN_IS_LATE for edit in edits)
    ]
    return len(begun) - len(unfinished), unfinished


def read_witness(path: Path) -> dict[str, Times]:
    """Return when each message was seen, by whom."""
    names = (*AUTOMATIONS, REGEX, FINISHED, "bus")
    seen: dict[str, Times] = {name: defaultdict(list) for name in names}
    for line in path.read_text().splitlines() if path.exists() else ():
        what, when, message_id = line.split()
        seen[what][message_id].append(float(when))
    return seen
