"""How fast the integration is, beside simpler ones, in one real Home Assistant.

In turns A B C D A B C D. Handling is measured with no automation listening, the way to an
automation with one. CPU is all that the process used, from the first post until what was
put off is done too: the recorder's commit, the journal's file. The event loop's share of it
is what others in Home Assistant wait for; the recorder has a thread of its own.
"""

import argparse
import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import platform
from statistics import median, quantiles
import sys
import time
from typing import Any

import aiohttp

from tests.simulator import senders

from . import bench_automations, bench_others, bench_sending, bench_texts
from .instance import BURNER, DOMAIN, ROOT, WITNESS, Instance, house, main, troubles_of_ours
from .provider_api import provider_api

NUMBER = "44771012346"
MESSAGES = 400
ROUNDS = 6
PAUSE = 2.5
FLOOR = Path(__file__).parent / "bench_floor"
TABLE = ROOT / "docs" / "performance.md"
MARKER = "<!-- scripts/bench -->"
STARTS = 3
GROWTH_IDS = (0, 1_000, 20_000)
GROWTH_NUMBERS = (1, 10, 100)
GROWTH_CONTACTS = 1_000

BY_HAND = """\
bench_floor:
burner:
template:
  - triggers:
      - trigger: event
        event_type: bench_by_hand
    sensor:
      - name: By hand last message
        state: "{{ trigger.event.data.text[:255] }}"
      - name: By hand last sender
        state: "{{ trigger.event.data.sender }}"
      - name: By hand last received
        device_class: timestamp
        state: "{{ now() }}"
"""
ID_OF = {
    "ours": "{{ trigger.event.data.message_id }}",
    "bare": "{{ trigger.event.data.messageid }}",
    "floor": "{{ trigger.event.data.messageid }}",
    "by hand": "{{ trigger.event.data.id }}",
}
EVENT_OF = {
    "ours": "intellisms_message_received",
    "bare": "bench_bare",
    "floor": "bench_floor",
    "by hand": "bench_by_hand",
}
TITLES = {
    "ours": "IntelliSMS",
    "bare": "(a) bare webhook, raw event",
    "floor": "(b) the same and the same states",
    "by hand": "(c) YAML by hand",
}


def automations() -> list[dict[str, Any]]:
    """Return the automation of (c), and for each variant one that stops the clock."""
    by_hand = {
        "id": "by_hand",
        "alias": "by hand",
        "mode": "queued",
        "max": 1000,
        "triggers": [{"trigger": "webhook", "webhook_id": "bench_by_hand", "local_only": False}],
        "actions": [
            {
                "event": "bench_by_hand",
                "event_data": {
                    "id": "{{ trigger.json.messages[0].messageid }}",
                    "sender": "{{ trigger.json.messages[0].from }}",
                    "text": "{{ trigger.json.messages[0].content.text }}",
                },
            }
        ],
    }
    marks = [
        {
            "id": f"mark_{name.replace(' ', '_')}",
            "alias": f"mark {name.replace(' ', '_')}",
            "mode": "queued",
            "max": 1000,
            "triggers": [{"trigger": "event", "event_type": EVENT_OF[name]}],
            "actions": [{"action": "bench_floor.mark", "data": {"id": ID_OF[name]}}],
        }
        for name in EVENT_OF
    ]
    return [by_hand, *marks, *bench_texts.automations(), *bench_automations.automations()]


@dataclass
class Figures:
    """What was measured of one variant. Times in milliseconds."""

    answered: list[float] = field(default_factory=list)
    ran: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    loop: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)

    def p(self, values: list[float], percent: int) -> float:
        """Return a percentile."""
        return quantiles(values, n=100)[percent - 1]


class Bench:
    """Posts to one Home Assistant and keeps the figures."""

    def __init__(self, instance: Instance, webhook_id: str) -> None:
        """Know the doors."""
        self.instance = instance
        self.paths = {
            "ours": f"/api/{DOMAIN}/{webhook_id}",
            "bare": "/api/webhook/bench_bare",
            "floor": "/api/webhook/bench_floor",
            "by hand": "/api/webhook/bench_by_hand",
        }
        self.ids = self._ids()
        self.senders = senders()

    def _ids(self) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield f"bench-{time.time_ns()}-{number}"

    async def burst(self, name: str, count: int, figures: Figures, *, latency: bool) -> None:
        """Post one message after the other over one connection."""
        sent: dict[str, float] = {}
        ids = [next(self.ids) for _ in range(count)]
        bodies = [(own_id, _body(own_id, next(self.senders))) for own_id in ids]
        async with aiohttp.ClientSession(self.instance.url) as session:
            cpu, loop, began = self.cpu_seconds(), self.loop_seconds(), time.monotonic()
            for own_id, body in bodies:
                sent[own_id] = time.monotonic()
                async with session.post(
                    self.paths[name], data=body, headers={"Content-Type": "application/json"}
                ) as response:
                    await response.read()
                    if response.status != 200:
                        sys.exit(f"{name}: {response.status}")
                if not latency:
                    figures.answered.append((time.monotonic() - sent[own_id]) * 1000)
            took = time.monotonic() - began
        # What was put off is part of the price: templates, the recorder's commit, the journal.
        await asyncio.sleep(PAUSE)
        if not latency:
            figures.cpu.append((self.cpu_seconds() - cpu) * 1000 / count)
            figures.loop.append((self.loop_seconds() - loop) * 1000 / count)
            figures.rate.append(count / took)
            return
        async with self.instance.http.post("/api/webhook/bench_marks") as response:
            marks = await response.json()
        if marks.keys() != sent.keys():
            sys.exit(f"{name}: {len(marks)} of {len(sent)} automations ran")
        figures.ran.extend((marks[own_id] - sent[own_id]) * 1000 for own_id in sent)

    def cpu_seconds(self) -> float:
        """Return the CPU time that Home Assistant has used."""
        return _cpu_seconds(f"/proc/{self.instance.process.pid}/stat")  # type: ignore[union-attr]

    def loop_seconds(self) -> float:
        """Return the CPU time that its event loop has used, which is its first thread."""
        pid = self.instance.process.pid  # type: ignore[union-attr]
        return _cpu_seconds(f"/proc/{pid}/task/{pid}/stat")

    def memory(self) -> float:
        """Return the resident memory in MiB."""
        process = self.instance.process
        status = Path(f"/proc/{process.pid}/status").read_text()  # type: ignore[union-attr]
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    async def switch(self, service: str) -> None:
        """Turn the automations that stop the clock on or off."""
        targets = [f"automation.mark_{name.replace(' ', '_')}" for name in EVENT_OF]
        await self.instance.post(f"/api/services/automation/{service}", {"entity_id": targets})

    async def compare(self) -> dict[str, Figures]:
        """Measure all variants in turns."""
        figures = {name: Figures() for name in self.paths}
        for latency, service in ((False, "turn_off"), (True, "turn_on")):
            await self.switch(service)
            for name in self.paths:
                await self.burst(name, 50, Figures(), latency=latency)
            for index in range(ROUNDS):
                for name in self.paths:
                    await asyncio.sleep(PAUSE)
                    await self.burst(
                        name, MESSAGES // (4 if latency else 1), figures[name], latency=latency
                    )
                say(
                    f"  round {index + 1} of {ROUNDS}, {'to an automation' if latency else 'handling'}"
                )
        await self.switch("turn_off")
        return figures

    async def cost(self) -> tuple[float, float]:
        """Return what a message costs ours, in milliseconds of CPU and of the event loop."""
        figures = Figures()
        await self.burst("ours", MESSAGES, figures, latency=False)
        return figures.cpu[0], figures.loop[0]

    async def beside_floor(self) -> list[str]:
        """Return what ours costs and its ratio to (b): CPU, the event loop, the time to a 200.

        Both are measured in turns, so that a machine that slows down slows both.
        """
        figures = {"ours": Figures(), "floor": Figures()}
        for name in figures:
            await self.burst(name, 50, Figures(), latency=False)
        for _ in range(ROUNDS):
            for name, kept in figures.items():
                await self.burst(name, MESSAGES, kept, latency=False)
        ours, floor = figures["ours"], figures["floor"]
        return [
            *_beside(median(ours.cpu), median(floor.cpu)),
            *_beside(median(ours.loop), median(floor.loop)),
            *_beside(median(ours.answered), median(floor.answered)),
        ]


def _cpu_seconds(stat: str) -> float:
    fields = Path(stat).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _body(own_id: str, sender: str) -> bytes:
    message = {
        "to": NUMBER,
        "from": sender,
        "messageid": own_id,
        "channel": "sms",
        "sent": "2025-06-03T13:50:05-00:00",
        "content": {"msgtype": "text", "text": f"Message Text {own_id}"},
    }
    return json.dumps({"messages": [message]}).encode()


async def growth(instance: Instance, bench: Bench, entry_id: str) -> list[list[str]]:
    """Measure how ours grows with ids in the journal, with virtual numbers and with contacts."""
    rows = []
    numbers = 1
    sizes = [
        *((ids, 1, 0) for ids in GROWTH_IDS),
        *((0, number, 0) for number in GROWTH_NUMBERS[1:]),
        (0, GROWTH_NUMBERS[-1], GROWTH_CONTACTS),
    ]
    for ids, wanted, contacts in sizes:
        while numbers < wanted:
            numbers += 1
            await instance.add_number(entry_id, f"+4477101{numbers:05}", f"Number {numbers}")
        took = []
        # What else starts at the same time is in it.
        for _ in range(STARTS):
            await instance.stop()
            seed_ids(instance, entry_id, ids)
            seed_contacts(instance, entry_id, contacts)
            await instance.start()
            took.append(await set_up_seconds(instance))
        await bench.switch("turn_off")
        memory = bench.memory()
        rows.append(
            [
                str(wanted), f"{ids:,}", f"{contacts:,}", *await bench.beside_floor(),
                f"{median(took) * 1000:.0f}", f"{memory:.0f}",
            ]
        )  # fmt: skip
        say("  " + "  ".join(rows[-1]))
    return rows


def _beside(ours: float, floor: float) -> tuple[str, str]:
    return f"{ours:.2f}", f"{ours / floor:.2f}"


async def set_up_seconds(instance: Instance) -> float:
    """Return how long ours took to set itself up in this start."""
    async with instance.websocket() as ws:
        info = await ws.call("integration/setup_info")
    return float(next(item["seconds"] for item in info if item["domain"] == DOMAIN))


async def sending() -> str:
    """Return the table of what sending adds. That nobody answers is in the log."""
    async with provider_api() as api:
        configuration = f"bench_floor:\nwitness:\n  api_url: {api.url}\n"
        async with house(configuration, integrations=(FLOOR,), first=(WITNESS,)) as instance:
            entry_id = await instance.add_integration(NUMBER, "Gate")
            measure = Bench(instance, await instance.webhook_id())

            async def costs() -> list[str]:
                took = []
                for _ in range(STARTS):
                    await instance.restart()
                    took.append(await set_up_seconds(instance))
                cells = [*await measure.beside_floor(), f"{median(took) * 1000:.0f}"]
                say("  " + "  ".join(cells))
                return cells

            rows = await bench_sending.rows(instance, api, entry_id, costs)
    return as_table(bench_sending.HEAD, rows)


def seed_ids(instance: Instance, entry_id: str, count: int) -> None:
    """Fill the journal with ids as if that many messages had come."""
    today = time.strftime("%Y-%m-%d", time.gmtime())
    keys = "".join(urlsafe_b64encode(number.to_bytes(9)).decode() for number in range(count))
    key = f"{DOMAIN}.{entry_id}.ids"
    stored = {"version": 1, "minor_version": 1, "key": key, "data": {"days": {today: keys}}}
    (instance.config / ".storage" / key).write_text(json.dumps(stored))


def seed_contacts(instance: Instance, entry_id: str, count: int) -> None:
    """Give the account that many contacts, none of whom writes."""
    path = instance.config / ".storage" / "core.config_entries"
    stored = json.loads(path.read_text())
    [entry] = [one for one in stored["data"]["entries"] if one["entry_id"] == entry_id]
    others = [one for one in entry["subentries"] if one["subentry_type"] != "contact"]
    entry["subentries"] = others + [
        {
            "data": {"numbers": [f"+4478{number:08}"], "person": None},
            "subentry_id": f"contact{number}",
            "subentry_type": "contact",
            "title": f"Contact {number}",
            "unique_id": None,
        }
        for number in range(count)
    ]
    path.write_text(json.dumps(stored))


def comparison_rows(figures: dict[str, Figures]) -> list[list[str]]:
    """Return the rows of the first table."""
    floor, by_hand = figures["floor"], figures["by hand"]
    rows = []
    for name, values in figures.items():
        cpu, loop = median(values.cpu), median(values.loop)
        rows.append(
            [
                TITLES[name], f"{median(values.rate):,.0f}",
                f"{values.p(values.answered, 50):.2f}", f"{values.p(values.answered, 99):.2f}",
                f"{values.p(values.ran, 50):.2f}", f"{values.p(values.ran, 99):.2f}",
                f"{cpu:.2f}", f"{cpu / median(floor.cpu):.2f}", f"{median(by_hand.cpu) / cpu:.1f}",
                f"{loop:.2f}", f"{loop / median(floor.loop):.2f}",
                f"{median(by_hand.loop) / loop:.1f}",
            ]
        )  # fmt: skip
    return rows


def as_table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


async def bench() -> int:
    """Measure and print; put the tables into the documentation where that is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"into {TABLE.name}")
    parser.add_argument("--sending", action="store_true", help="measure only what sending adds")
    arguments = parser.parse_args()
    say("what sending adds")
    sent = await sending()
    say(sent)
    if arguments.sending:
        return 0
    async with house(BY_HAND, automations(), integrations=(FLOOR, BURNER)) as instance:
        entry_id = await instance.add_integration(NUMBER, "Gate")
        measure = Bench(instance, await instance.webhook_id())
        say("comparing, in turns")
        figures = await measure.compare()
        compared = as_table(
            [
                "", "messages/s", "200, p50 ms", "p99", "automation, p50 ms", "p99",
                "CPU ms", "/ (b)", "(c) /", "loop ms", "/ (b)", "(c) /",
            ],
            comparison_rows(figures),
        )  # fmt: skip
        automated = as_table(
            bench_automations.HEAD, await bench_automations.rows(instance, measure.cost)
        )
        say(f"{compared}\n\n{automated}\n\nbeside a very long post")
        others = as_table(
            bench_others.HEAD,
            await bench_others.rows(instance.url, measure.paths["ours"], NUMBER),
        )
        say(f"{others}\n\ngrowing")
        rows = await growth(instance, measure, entry_id)
        grown = as_table(
            [
                "numbers", "ids", "contacts", "CPU ms", "/ (b)", "loop ms", "/ (b)", "200, p50 ms", "/ (b)",
                "set-up ms", "memory MiB",
            ],
            rows,
        )  # fmt: skip
        say(grown)
        problems = troubles_of_ours(instance.log())
        # What follows is in the log: texts that are too long.
        texts, missed = await long_texts(instance, measure)
        say(f"\n{texts}")
    if arguments.write:
        write(f"{compared}\n\n{automated}\n\n{sent}\n\n{grown}\n\n{texts}\n\n{others}")
    if problems:
        say("\n".join(problems))
    return 1 if problems or missed else 0


async def long_texts(instance: Instance, measure: Bench) -> tuple[str, int]:
    """Return the table and line of what triggers take, and how many texts a pattern missed."""
    body = bench_texts.bodies(NUMBER, measure.ids)
    rows = await bench_texts.comparing(instance, measure.paths["ours"], body, measure.loop_seconds)
    missed = await bench_texts.missed(instance, measure.paths["ours"], body)
    table = as_table(
        ["text of", "characters", "loop ms", f"more with {bench_texts.TRIGGERS} triggers"], rows
    )
    line = (
        f"A regular expression beside {bench_texts.BUSY_THREADS} busy threads missed"
        f" {missed} of {bench_texts.SEARCHED} texts."
    )
    return f"{table}\n\n{line}", missed


def write(tables: str) -> None:
    """Replace the tables between the markers of the documentation."""
    before, _, rest = TABLE.read_text().partition(MARKER)
    _, _, after = rest.partition(MARKER)
    about = f"Python {platform.python_version()}, Home Assistant 2026.11.0, {os.cpu_count()} cores."
    TABLE.write_text(f"{before}{MARKER}\n\n{about}\n\n{tables}\n\n{MARKER}{after}")


if __name__ == "__main__":
    main(bench)
