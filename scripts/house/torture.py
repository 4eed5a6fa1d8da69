"""Break a real Home Assistant in every way there is while messages stream in.

Each kind of fault (see `torture_faults`) gets a Home Assistant of its own, and a row that
counts what `torture_accounting` makes of it.
"""

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
import sys
import time
from typing import Any

from tests.simulator import TEXT, Provider, Writer

from . import torture_accounting, torture_questions
from .instance import BURNER, DOMAIN, WITNESS, Instance, house, main
from .torture_accounting import FINISHED, REGEX, Fate, Verdict
from .torture_faults import KINDS, NEIGHBOUR, RUN_WAITS, SECOND_NUMBER, Torture

NUMBER = "44771012346"
# A kind of its own, which counts otherwise.
QUESTIONS = "questions"
CONFIGURATION = f"{WITNESS.name}:\n{BURNER.name}:\n"

# Seconds. The provider waits 300 between two posts of a message, here 2.
RETRY_AFTER = 2.0
NEIGHBOUR_TAKES = 10.0
NEIGHBOUR_TAKES_SHORT = 4.0


def automations(*, waits: bool) -> list[dict[str, Any]]:
    """Return the automations, as the editor would write them; the first may wait a moment."""
    event = {"trigger": "event", "event_type": f"{DOMAIN}_message_received"}
    message = {"trigger": f"{DOMAIN}.message_received", "options": {"sender": "anyone"}}
    by_regex = {**message, "options": {"sender": "anyone", "match": "regex", "text": TEXT}}
    in_event = "{{ trigger.event.data.message_id }}"
    in_message = "{{ trigger.message.message_id }}"
    made = [
        _automation("event", event, in_event),
        _automation("trigger", message, in_message),
        _automation(REGEX, by_regex, in_message),
    ]
    if waits:
        made[0]["actions"] += [{"delay": RUN_WAITS}, _note(FINISHED, in_event)]
    return made


def _automation(name: str, trigger: dict[str, Any], message_id: str) -> dict[str, Any]:
    return {
        "id": name,
        "alias": name,
        "mode": "parallel",
        "max": 1000,
        "triggers": [trigger],
        "actions": [_note(name, message_id)],
    }


def _note(what: str, message_id: str) -> dict[str, Any]:
    return {"action": "witness.note", "data": {"what": what, "message_id": message_id}}


async def torture_one(name: str, rounds: int, door: str, neighbour_takes: float) -> Verdict:
    """Run one kind of fault in a Home Assistant of its own."""
    kind = KINDS[name]
    configuration = CONFIGURATION
    integrations: tuple[Path, ...] = (WITNESS, BURNER)
    if kind.slow:
        configuration += f"{NEIGHBOUR.name}:\n  seconds: {neighbour_takes}\n"
        integrations += (NEIGHBOUR,)
    made = automations(waits=kind.waits)
    async with house(configuration, made, integrations) as instance:
        entry_id = await instance.add_integration(f"+{NUMBER}", "Gate")
        await instance.add_number(entry_id, f"+{SECOND_NUMBER}", "Alarm")
        await saved(instance)
        url = f"{instance.url}/api/{door}/{await instance.webhook_id()}"
        async with Provider(url, retry_after=RETRY_AFTER) as provider:
            writer = Writer(name, (NUMBER, SECOND_NUMBER))
            torture = Torture(instance, provider, writer, entry=entry_id, automations=made)
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


COLUMNS = (
    "rounds", "sent", "delivered", "lost", "twice", "cut", "straddled", "regex missed",
)  # fmt: skip


def table(verdicts: Mapping[str, Verdict]) -> str:
    """Return the verdicts as people read them."""
    lines = [f"{'kind':10}" + "".join(f"{column:>13}" for column in COLUMNS)]
    for name, verdict in verdicts.items():
        lost, twice = len(verdict.lost), len(verdict.twice)
        cells = (
            verdict.rounds, verdict.sent, verdict.sent - lost, lost, twice,
            len(verdict.fates[Fate.CUT]), len(verdict.fates[Fate.STRADDLED]), len(verdict.missed),
        )  # fmt: skip
        lines.append(f"{name:10}" + "".join(f"{cell:13}" for cell in cells))
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
        "missed by the regular expression": verdict.missed,
        "answered before the automations ran": verdict.early,
        "ended by nobody": verdict.unfinished,
    }
    if verdict.ended:
        lines.append(f"runs that were ended by an edit while they waited {verdict.ended}")
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
    questions = None
    for name in arguments.only or (*KINDS, QUESTIONS):
        if name == QUESTIONS:
            rounds = torture_questions.ROUNDS_SHORT if arguments.short else arguments.rounds // 2
            questions = await torture_questions.torture_questions(max(rounds, 1), arguments.door)
            continue
        rounds = KINDS[name].short if arguments.short else arguments.rounds
        takes = NEIGHBOUR_TAKES_SHORT if arguments.short else NEIGHBOUR_TAKES
        verdicts[name] = await torture_one(name, rounds, arguments.door, takes)
        say("\n".join(remarks(name, verdicts[name])))
    say(f"\n{table(verdicts)}")
    if questions:
        say("\n".join(questions.lines()))
    say(f"\n{time.monotonic() - started:.0f} s, the {DOORS[arguments.door]}")
    lost = sum(len(verdict.lost) for verdict in verdicts.values())
    twice = sum(len(verdict.twice) for verdict in verdicts.values())
    missed = sum(len(verdict.missed) for verdict in verdicts.values())
    say(f"lost {lost} twice {twice} regex missed {missed}")
    off = [is_off(verdict, arguments.door) for verdict in verdicts.values()]
    return 1 if any(off) or (questions and questions.is_off) else 0


def is_off(verdict: Verdict, door: str) -> bool:
    """Tell whether a promise was broken. The webhook door cannot promise to lose nothing."""
    broken = (
        verdict.twice or verdict.missed or verdict.unfinished or verdict.waiting or verdict.faults
    )
    return bool(broken or (door == DOMAIN and (verdict.lost or verdict.early)))


DOORS = {DOMAIN: "own door", "webhook": "webhook door"}


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/torture",
        description=f"{__doc__}\n{torture_accounting.__doc__}\n{torture_questions.__doc__}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=20, help="of each kind (default 20)")
    parser.add_argument("--short", action="store_true", help="a round or two of each kind")
    parser.add_argument(
        "--only", action="append", choices=(*KINDS, QUESTIONS), help="one kind; may be repeated"
    )
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
