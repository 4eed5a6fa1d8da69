"""What breaks a Home Assistant while messages stream in, one method a kind of fault."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import json
from pathlib import Path
from random import SystemRandom
import time
from typing import Any

from tests.simulator import MANY_WAITING, Post, Provider, Writer

from .instance import DOMAIN, HouseError, Instance, troubles_of_ours
from .torture_accounting import Edit, Kill, Verdict, ended_by_edits, judge, read_witness, unsaved

SECOND_NUMBER = "44771012347"
NEIGHBOUR = Path(__file__).parent / "slow_neighbour"

# Seconds.
POST_EVERY = 0.05
ROUND_TIMEOUT = 240.0
DRAIN_TIMEOUT = 60.0
FEW_WAITING = 100
# Messages in a post that takes long enough to break something in its middle.
LARGE = 120
LARGE_TAKES = 0.2
# Posts that wait for the end of a start, of 64 that may; and how long they take then.
HELD = 60
BURST_TAKES = 0.06
LOOK_EVERY = 0.001
# An editor's *Save* takes some hundredths of a second, in which nothing must be missed: posts
# hail then, but not so many at once that the edit itself waits for seconds.
HAIL_EVERY = 0.02
HAIL_WAITING = 50
SAVE_EVERY = 0.3
# How long a run waits that an edit may end.
RUN_WAITS = 0.3
# Threads in turns; how long they burn.
BURNING = (4, 8)
BURN_SECONDS = 3.0

uniform = SystemRandom().uniform


class Torture:
    """One Home Assistant, the stream of messages to it, and what breaks it."""

    def __init__(
        self,
        instance: Instance,
        provider: Provider,
        writer: Writer,
        *,
        entry: str,
        automations: list[dict[str, Any]],
    ) -> None:
        """Begin with nothing broken."""
        self.instance = instance
        self.provider = provider
        self.writer = writer
        self.entry_id = entry
        self.automations = automations
        self.witness = instance.config / "witness.log"
        self.kills: list[Kill] = []
        self.edits: defaultdict[str, list[Edit]] = defaultdict(list)
        self.faults: list[str] = []
        self.round = 0

    async def run(
        self, fault: Callable[[Torture], Awaitable[None]], rounds: int, name: str
    ) -> None:
        """Do something bad again and again while messages stream in."""
        async with self._streaming(self.writer.mixed(), POST_EVERY, MANY_WAITING):
            for self.round in range(1, rounds + 1):
                try:
                    async with asyncio.timeout(ROUND_TIMEOUT):
                        await self._catch_up()
                        await asyncio.sleep(uniform(0.3, 1.2))
                        await self._large_post()
                        await fault(self)
                except TimeoutError:
                    raise HouseError(
                        f"{name} {self.round} took over {ROUND_TIMEOUT:.0f} s"
                    ) from None
                print(
                    f"{name:10}{self.round:4}/{rounds}  sent {len(self.provider.sent):6}"
                    f"  waiting {self.provider.waiting:4}"
                )
            await asyncio.sleep(uniform(0.3, 1.2))

    async def verdict(self) -> Verdict:
        """Wait until the provider has its answers, and judge."""
        waiting = await self.provider.drain(DRAIN_TIMEOUT)
        # The last runs end after their messages were answered.
        await asyncio.sleep(3 * RUN_WAITS)
        self.read_log()
        provider, witnessed = self.provider, read_witness(self.witness)
        verdict = judge(provider.sent, provider.acknowledged, witnessed, self.kills)
        if self.edits:
            verdict.ended, verdict.unfinished = ended_by_edits(
                witnessed, self.edits["event"], RUN_WAITS
            )
        verdict.rounds, verdict.waiting = self.round, waiting
        verdict.answers, verdict.faults = provider.answers, self.faults
        return verdict

    def read_log(self) -> None:
        """Keep the faults in the log; a start puts a new one in its place."""
        log = self.instance.config / "home-assistant.log"
        if log.exists():
            self.faults += troubles_of_ours(log.read_text(errors="replace"))

    # ---- what several need --------------------------------------------------------

    @asynccontextmanager
    async def _streaming(
        self, posts: Iterator[Post], every: float, at_most: int
    ) -> AsyncIterator[None]:
        """Let posts stream for the length of a block."""
        stream = asyncio.create_task(self.provider.stream(posts, every, at_most))
        try:
            yield
        finally:
            stream.cancel()
            with suppress(asyncio.CancelledError):
                await stream

    async def _catch_up(self) -> None:
        """Let the provider bring most of what it could not: it would pile up over the rounds."""
        while self.provider.waiting > FEW_WAITING:
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

    # ---- starts and stops -----------------------------------------------------------

    async def restart(self) -> None:
        """Restart gracefully."""
        await self._stop()
        await self.instance.start()

    async def kill(self) -> None:
        """Kill while running; every fourth time again, in the midst of the start."""
        await self._kill()
        if self.round % 4 == 1:
            await self.instance.launch()
            await asyncio.sleep(uniform(0.5, 4))
            await self._large_post()
            await self._kill()
        await self.instance.start()

    async def burst(self) -> None:
        """Kill a moment after the posts that waited for the end of a start were let in."""
        await self._stop()
        await self.instance.launch()
        while not await self.provider.is_heard():
            await asyncio.sleep(POST_EVERY)
        for _ in range(HELD):
            self.provider.send(self.writer.json("sms_text"))
        size = self.witness.stat().st_size
        while self.witness.stat().st_size == size:
            await asyncio.sleep(LOOK_EVERY)
        await asyncio.sleep(uniform(0, BURST_TAKES))
        await self._kill()
        await self.instance.start()

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

    # ---- what goes on while it runs -------------------------------------------------

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

    async def edit(self) -> None:
        """Save each automation in the editor, then all in the file, in a hail of posts."""
        async with self._streaming(self.writer.texts(), HAIL_EVERY, HAIL_WAITING):
            for automation in self.automations:
                await asyncio.sleep(uniform(0, SAVE_EVERY))
                async with self._editing(automation):
                    own_id = automation["id"]
                    await self.instance.post(f"/api/config/automation/config/{own_id}", automation)
                    # The editor does not wait for the reload; this does, and finds it done.
                    await self.instance.post("/api/services/automation/reload", {"id": own_id})
            await asyncio.sleep(uniform(0, SAVE_EVERY))
            async with self._editing(*self.automations):
                file = self.instance.config / "automations.yaml"
                file.write_text(json.dumps(self.automations))
                await self.instance.post("/api/services/automation/reload")

    @asynccontextmanager
    async def _editing(self, *automations: dict[str, Any]) -> AsyncIterator[None]:
        """Change a word of automations: those that are as before go on undisturbed."""
        began = time.monotonic()
        for automation in automations:
            automation["description"] = f"Edited {len(self.edits[automation['id']]) + 1} times"
        yield
        for automation in automations:
            self.edits[automation["id"]].append(Edit(began=began, done=time.monotonic()))

    async def busy(self) -> None:
        """Let threads inside Home Assistant burn all the time they get."""
        await self.instance.burn(BURNING[self.round % 2])
        await asyncio.sleep(BURN_SECONDS)
        await self.instance.burn(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of fault, how often in a short run, and what it needs."""

    fault: Callable[[Torture], Awaitable[None]]
    short: int
    slow: bool = False
    waits: bool = False


KINDS = {
    "restart": Kind(fault=Torture.restart, short=1),
    "kill": Kind(fault=Torture.kill, short=1),
    "burst": Kind(fault=Torture.burst, short=1),
    "reload": Kind(fault=Torture.reload, short=3),
    "numbers": Kind(fault=Torture.numbers, short=2),
    "edit": Kind(fault=Torture.edit, short=2, waits=True),
    "busy": Kind(fault=Torture.busy, short=1),
    "neighbour": Kind(fault=Torture.neighbour, short=1, slow=True),
}
