"""Break a real Home Assistant in every way there is while messages stream in.

Two automations stand for what people have: one on the event, one on our own trigger. Each
calls an action that writes the message's id to a file at once (see `witness`), so a kill
cannot take back what was seen. A message is

- delivered when both automations ran for it,
- lost when one of them did not, although the provider posted it until it got a 200,
- early when its first 200 came before both had run: a kill there would have lost it,
- twice when one of them ran again, except around a SIGKILL that came so soon after the run
  before that the id need not have been on disk (see `unsaved`). Those are counted apart:
- cut: no 200 for it had come before the kill, so that the provider had to post it again,
- straddled: a 200 had come, but the provider posted it again nevertheless, since it did
  not hear that 200 (every 6th post is one like that) or had posted it twice at once.
"""

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
import json
from math import inf
from pathlib import Path
from random import SystemRandom
import sys
import time
from typing import Any

from tests.simulator import Provider, Writer

from .instance import DOMAIN, HouseError, Instance, house, main, troubles_of_ours

NUMBER = "44771012346"
SECOND_NUMBER = "44771012347"
AUTOMATIONS = ("event", "trigger")
CONFIGURATION = "witness:\n"
HERE = Path(__file__).parent
WITNESS = HERE / "witness"
NEIGHBOUR = HERE / "slow_neighbour"

# Seconds. The provider waits 300 between two posts of a message, here 2.
POST_EVERY = 0.05
RETRY_AFTER = 2.0
# How long an id may not be on disk, as DESIGN has it; and a disk takes its time.
UNSAVED_SMALL, UNSAVED_LARGE = 2.0, 30.0
SMALL_FILE, LARGE_FILE = 32 * 1024, 256 * 1024
ID_LENGTH = 12
WRITE_TAKES = 4.0
ROUND_TIMEOUT = 240.0
DRAIN_TIMEOUT = 60.0
NEIGHBOUR_TAKES = 10.0
NEIGHBOUR_TAKES_SHORT = 4.0
MANY_WAITING = 100
# Messages in a post that takes long enough to break something in its middle.
LARGE = 120
LARGE_TAKES = 0.2

uniform = SystemRandom().uniform

type Times = dict[str, list[float]]


# ---- the accounting -------------------------------------------------------------


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


@dataclass(kw_only=True)
class Verdict:
    """What became of the messages of one kind of fault."""

    rounds: int = 0
    sent: int = 0
    waiting: int = 0
    lost: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    fates: dict[Fate, list[str]] = field(default_factory=lambda: {fate: [] for fate in Fate})
    answers: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def twice(self) -> list[str]:
        """Return what came again without an excuse."""
        return self.fates[Fate.TWICE]


def unsaved(ids: int) -> float:
    """Return how many seconds an id may not be on disk when so many are kept."""
    share = (ids * ID_LENGTH - SMALL_FILE) / (LARGE_FILE - SMALL_FILE)
    slower = (UNSAVED_LARGE - UNSAVED_SMALL) * min(max(share, 0), 1)
    return UNSAVED_SMALL + slower + WRITE_TAKES


def fate(runs: Sequence[float], heard: float, kills: Sequence[Kill]) -> Fate:
    """Judge one automation's runs for a message whose first 200 came at `heard`."""
    judged = Fate.ONCE
    for first, second in pairwise(runs):
        kill = next((kill for kill in kills if kill.at >= first), None)
        if kill is None or kill.at > second or kill.at - first > kill.unsaved:
            return Fate.TWICE
        judged = Fate.STRADDLED if heard <= kill.at else Fate.CUT
    return judged


def judge(
    sent: Iterable[str],
    acknowledged: Mapping[str, float],
    witnessed: Mapping[str, Times],
    kills: Sequence[Kill],
) -> Verdict:
    """Compare what the provider did with what the automations did."""
    verdict = Verdict()
    for message_id in sent:
        verdict.sent += 1
        runs = [witnessed[name].get(message_id, []) for name in AUTOMATIONS]
        heard = acknowledged.get(message_id, inf)
        if not all(runs):
            verdict.lost.append(message_id)
        elif heard < max(times[0] for times in runs):
            verdict.early.append(message_id)
        fates = {fate(times, heard, kills) for times in runs}
        verdict.fates[max(fates, key=list(Fate).index)].append(message_id)
    return verdict


def read_witness(path: Path) -> dict[str, Times]:
    """Return when each message was seen, by whom."""
    seen: dict[str, Times] = {name: defaultdict(list) for name in (*AUTOMATIONS, "bus")}
    for line in path.read_text().splitlines() if path.exists() else ():
        what, when, message_id = line.split()
        seen[what][message_id].append(float(when))
    return seen


# ---- the faults -----------------------------------------------------------------


class Torture:
    """One Home Assistant, the stream of messages to it, and what breaks it."""

    def __init__(self, instance: Instance, provider: Provider, writer: Writer, entry: str) -> None:
        """Begin with nothing broken."""
        self.instance = instance
        self.provider = provider
        self.writer = writer
        self.entry_id = entry
        self.kills: list[Kill] = []
        self.faults: list[str] = []
        self.round = 0

    async def run(
        self, fault: Callable[[Torture], Awaitable[None]], rounds: int, name: str
    ) -> None:
        """Do something bad again and again while messages stream in."""
        stream = asyncio.create_task(self.provider.stream(self.writer.mixed(), POST_EVERY))
        try:
            for self.round in range(1, rounds + 1):
                async with asyncio.timeout(ROUND_TIMEOUT):
                    await self._catch_up()
                    await asyncio.sleep(uniform(0.3, 1.2))
                    await self._large_post()
                    await fault(self)
                say(
                    f"{name:10}{self.round:4}/{rounds}  sent {len(self.provider.sent):6}"
                    f"  waiting {self.provider.waiting:4}"
                )
            await asyncio.sleep(uniform(0.3, 1.2))
        except TimeoutError:
            raise HouseError(f"{name} {self.round} took over {ROUND_TIMEOUT:.0f} s") from None
        finally:
            stream.cancel()
            with suppress(asyncio.CancelledError):
                await stream

    async def verdict(self) -> Verdict:
        """Wait until the provider has its answers, and judge."""
        waiting = await self.provider.drain(DRAIN_TIMEOUT)
        self.read_log()
        verdict = judge(
            self.provider.sent,
            self.provider.acknowledged,
            read_witness(self.instance.config / "witness.log"),
            self.kills,
        )
        verdict.rounds, verdict.waiting = self.round, waiting
        verdict.answers, verdict.faults = self.provider.answers, self.faults
        return verdict

    def read_log(self) -> None:
        """Keep the faults in the log; a start puts a new one in its place."""
        log = self.instance.config / "home-assistant.log"
        if log.exists():
            self.faults += troubles_of_ours(log.read_text(errors="replace"))

    async def _catch_up(self) -> None:
        """Let the provider bring most of what it could not: it would pile up over the rounds."""
        while self.provider.waiting > MANY_WAITING:
            await asyncio.sleep(POST_EVERY)

    async def _large_post(self) -> None:
        """Leave a post under way that is published in parts."""
        self.provider.send(self.writer.json("sms_text", times=LARGE))
        await asyncio.sleep(uniform(0, LARGE_TAKES))

    async def _stop(self) -> None:
        process = self.instance.process
        await self.instance.stop()
        if process is None or process.returncode != 0:
            raise HouseError("Home Assistant did not stop gracefully")
        self.read_log()

    async def _kill(self) -> None:
        await self.instance.kill()
        self.kills.append(Kill(at=time.monotonic(), unsaved=unsaved(len(self.provider.sent))))
        self.read_log()

    async def restart(self) -> None:
        """Restart gracefully."""
        await self._stop()
        await self.instance.start()

    async def kill(self) -> None:
        """Kill while running; every fourth time again, in the midst of the start."""
        await self._kill()
        if self.round % 4 == 2:
            await self.instance.launch()
            await asyncio.sleep(uniform(0.5, 4))
            await self._large_post()
            await self._kill()
        await self.instance.start()

    async def reload(self) -> None:
        """Reload the entry, every third time twice in a row."""
        path = f"/api/config/config_entries/entry/{self.entry_id}/reload"
        for _ in range(2 if self.round % 3 == 0 else 1):
            await self.instance.post(path)

    async def numbers(self) -> None:
        """Remove the second number and add it again, while messages come for it."""
        async with self.instance.websocket() as ws:
            subentries = await ws.call("config_entries/subentries/list", entry_id=self.entry_id)
            second = next(item for item in subentries if SECOND_NUMBER in str(item["unique_id"]))
            await ws.call(
                "config_entries/subentries/delete",
                entry_id=self.entry_id,
                subentry_id=second["subentry_id"],
            )
        await asyncio.sleep(uniform(0, 0.5))
        await self._large_post()
        await self.instance.add_number(self.entry_id, f"+{SECOND_NUMBER}", "Alarm")

    async def neighbour(self) -> None:
        """Restart with a slow neighbour, set up before us and after us in turns."""
        await self._stop()
        order = {DOMAIN: NEIGHBOUR.name} if self.round % 2 else {NEIGHBOUR.name: DOMAIN}
        for domain, other in {DOMAIN: None, NEIGHBOUR.name: None, **order}.items():
            self._set_up_after(domain, other)
        await self.instance.start()

    def _set_up_after(self, domain: str, other: str | None) -> None:
        """Let a custom integration of the throw-away config be set up after another."""
        path = self.instance.config / "custom_components" / domain / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["after_dependencies"] = [other] if other else []
        path.write_text(json.dumps(manifest))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of fault, and how often in a short run."""

    fault: Callable[[Torture], Awaitable[None]]
    short: int
    slow: bool = False


KINDS = {
    "restart": Kind(fault=Torture.restart, short=1),
    "kill": Kind(fault=Torture.kill, short=2),
    "reload": Kind(fault=Torture.reload, short=3),
    "numbers": Kind(fault=Torture.numbers, short=2),
    "neighbour": Kind(fault=Torture.neighbour, short=1, slow=True),
}


# ---- the run --------------------------------------------------------------------


def automations() -> list[dict[str, Any]]:
    """Return the automations, as the editor would write them."""
    triggers = {
        "event": (
            {"trigger": "event", "event_type": f"{DOMAIN}_message_received"},
            "{{ trigger.event.data.message_id }}",
        ),
        "trigger": (
            {"trigger": f"{DOMAIN}.message_received"},
            "{{ trigger.message.message_id }}",
        ),
    }
    return [
        {
            "id": name,
            "alias": name,
            "mode": "parallel",
            "max": 1000,
            "triggers": [trigger],
            "actions": [
                {"action": "witness.note", "data": {"what": name, "message_id": message_id}}
            ],
        }
        for name, (trigger, message_id) in triggers.items()
    ]


async def torture_one(name: str, rounds: int, door: str, neighbour_takes: float) -> Verdict:
    """Run one kind of fault in a Home Assistant of its own."""
    kind = KINDS[name]
    configuration = CONFIGURATION
    integrations: tuple[Path, ...] = (WITNESS,)
    if kind.slow:
        configuration += f"{NEIGHBOUR.name}:\n  seconds: {neighbour_takes}\n"
        integrations += (NEIGHBOUR,)
    async with house(configuration, automations(), integrations) as instance:
        entry_id = await instance.add_integration(f"+{NUMBER}", "Gate")
        await instance.add_number(entry_id, f"+{SECOND_NUMBER}", "Alarm")
        await saved(instance)
        url = f"{instance.url}/api/{door}/{await instance.webhook_id()}"
        async with Provider(url, retry_after=RETRY_AFTER) as provider:
            writer = Writer(name, (NUMBER, SECOND_NUMBER))
            torture = Torture(instance, provider, writer, entry_id)
            await torture.run(kind.fault, rounds, name)
            return await torture.verdict()


async def saved(instance: Instance) -> None:
    """Wait until what was set up is on disk: killed before, it would not be there."""
    wanted = {"core.config_entries": SECOND_NUMBER, "auth": "long_lived_access_token"}
    async with asyncio.timeout(30):
        for name, text in wanted.items():
            path = instance.config / ".storage" / name
            while not (path.exists() and text in path.read_text()):
                await asyncio.sleep(0.1)


COLUMNS = ("rounds", "sent", "delivered", "lost", "twice", "cut", "straddled")


def table(verdicts: Mapping[str, Verdict]) -> str:
    """Return the verdicts as people read them."""
    lines = [f"{'kind':10}" + "".join(f"{column:>11}" for column in COLUMNS)]
    for name, verdict in verdicts.items():
        lost, twice = len(verdict.lost), len(verdict.twice)
        cells = (
            verdict.rounds, verdict.sent, verdict.sent - lost, lost, twice,
            len(verdict.fates[Fate.CUT]), len(verdict.fates[Fate.STRADDLED]),
        )  # fmt: skip
        lines.append(f"{name:10}" + "".join(f"{cell:11}" for cell in cells))
    return "\n".join(lines)


def remarks(name: str, verdict: Verdict) -> list[str]:
    """Return what else is to be said of a kind of fault; what is wrong begins with OFF."""
    told = {0: "no answer"}
    answers = ", ".join(
        f"{told.get(code, code)}: {n}" for code, n in sorted(verdict.answers.items())
    )
    kept = verdict.sent - len(verdict.lost)
    lines = [f"posts answered {answers}; messages delivered {kept} of {verdict.sent}"]
    wrong = {
        "lost": verdict.lost,
        "twice": verdict.twice,
        "answered before the automations ran": verdict.early,
    }
    lines += [f"OFF {what}: {', '.join(ids[:10])}" for what, ids in wrong.items() if ids]
    if verdict.waiting:
        lines.append(f"OFF never acknowledged: {verdict.waiting} posts")
    lines += [f"OFF in the log: {record}" for record in verdict.faults[:3]]
    return [f"{name}: {line}" for line in lines]


async def torture() -> int:
    """Run all kinds of faults; 0 when nothing was lost or came twice."""
    arguments = parse_arguments()
    started = time.monotonic()
    verdicts: dict[str, Verdict] = {}
    for name in arguments.only or KINDS:
        rounds = KINDS[name].short if arguments.short else arguments.rounds
        takes = NEIGHBOUR_TAKES_SHORT if arguments.short else NEIGHBOUR_TAKES
        verdicts[name] = await torture_one(name, rounds, arguments.door, takes)
        say("\n".join(remarks(name, verdicts[name])))
    say(f"\n{table(verdicts)}")
    lost = sum(len(verdict.lost) for verdict in verdicts.values())
    twice = sum(len(verdict.twice) for verdict in verdicts.values())
    say(
        f"\n{time.monotonic() - started:.0f} s, the {DOORS[arguments.door]}\nlost {lost} twice {twice}"
    )
    return 1 if any(is_off(verdict, arguments.door) for verdict in verdicts.values()) else 0


def is_off(verdict: Verdict, door: str) -> bool:
    """Tell whether a promise was broken. The webhook door cannot promise to lose nothing."""
    broken = verdict.twice or verdict.waiting or verdict.faults
    return bool(broken or (door == DOMAIN and (verdict.lost or verdict.early)))


DOORS = {DOMAIN: "own door", "webhook": "webhook door"}


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/torture",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=20, help="of each kind (default 20)")
    parser.add_argument("--short", action="store_true", help="a round or two of each kind")
    parser.add_argument("--only", action="append", choices=KINDS, help="one kind; may be repeated")
    parser.add_argument(
        "--door", choices=("own", "webhook"), default="own",
        help="the webhook door is expected to lose messages at a start; that is no failure",
    )  # fmt: skip
    arguments = parser.parse_args()
    arguments.door = DOMAIN if arguments.door == "own" else "webhook"
    return arguments


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main(torture)
