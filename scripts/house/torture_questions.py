"""Questions that are answered through restarts and kills: each once, and by whom it asks.

Contacts are asked by WhatsApp, and the provider brings their taps: some twice at once, some again
although they were acknowledged, some with a second tap on the other button behind them. Others
tap the same buttons: another contact, and a stranger. Meanwhile Home Assistant is restarted, or
killed. An automation notes each answer that counts. A question is

- answered when it was noted once, with a button that its person has tapped,
- lost when it was not noted,
- wrong when something was noted that its person has not tapped,
- twice when it was noted again, except around a SIGKILL: those are cut, at most one a kill, or
  straddled, as in `torture_accounting`.

That a tap on a question moves nothing else is looked at too: no trigger for messages and buttons
may fire.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from math import inf
from random import SystemRandom
import time
from typing import Any

from tests.simulator import JSON, Post, Provider

from .instance import DOMAIN, WITNESS, HouseError, Instance, house, troubles_of_ours
from .provider_api import ACCESS_KEY, SECRET_KEY, ProviderApi, Taken, provider_api, tap
from .torture_accounting import Fate, Kill, fate, unsaved

NUMBER = "44771012346"
PEOPLE = {f"Person {number}": f"44770090020{number}" for number in range(5)}
STRANGER = "447700900299"
NAME = "Gate"
# Of a round; the hourly limit of messages is not reached by that.
QUESTIONS = 20
ROUNDS_SHORT = 1
# Seconds.
RETRY_AFTER = 2.0
POST_EVERY = 0.05
DRAIN_TIMEOUT = 60.0
SETTLES = 1.0

random = SystemRandom()


def automations() -> list[dict[str, Any]]:
    """Return what notes answers, and what notes that something else moved."""
    answer = "{{ trigger.message.question.id }}/{{ trigger.message.answer }}"
    moved = "{{ trigger.message.message_id }}"
    anyone = {"options": {"sender": "anyone", "type": ["reply"]}}
    return [
        _automation(
            "answered",
            {"trigger": f"{DOMAIN}.question_answered", "options": {"question": [NAME]}},
            answer,
        ),
        _automation("message", {"trigger": f"{DOMAIN}.message_received", **anyone}, moved),
        _automation(
            "button",
            {"trigger": f"{DOMAIN}.button_tapped", "options": {"sender": "anyone"}},
            moved,
        ),
    ]


def _automation(name: str, trigger: dict[str, Any], noted: str) -> dict[str, Any]:
    note = {"action": "witness.note", "data": {"what": name, "message_id": noted}}
    return {
        "id": name,
        "alias": name,
        "mode": "parallel",
        "max": 1000,
        "triggers": [trigger],
        "actions": [note],
    }


@dataclass(kw_only=True)
class Asked:
    """A question that was asked, and the taps of its person: message ids by the answer's id."""

    taps: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Questions:
    """What became of all questions."""

    rounds: int = 0
    asked: int = 0
    waiting: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    kills: int = 0
    cut: list[str] = field(default_factory=list)
    straddled: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_off(self) -> bool:
        """Tell whether a promise was broken."""
        broken = (self.lost, self.wrong, self.twice, self.moved, self.faults)
        # One post at a time goes from publishing to its answer.
        return any(broken) or bool(self.waiting) or len(self.cut) > self.kills

    def lines(self) -> list[str]:
        """Return what is to be said of them."""
        answered = self.asked - len(self.lost)
        said = (
            f"questions: rounds {self.rounds} asked {self.asked} answered {answered}"
            f" lost {len(self.lost)} wrong {len(self.wrong)} twice {len(self.twice)}"
            f" cut {len(self.cut)} straddled {len(self.straddled)} other triggers fired {len(self.moved)}"
        )
        off = {"lost": self.lost, "wrong": self.wrong, "twice": self.twice, "moved": self.moved}
        lines = [said, *(f"questions: OFF {what}: {ids[:10]}" for what, ids in off.items() if ids)]
        if self.waiting:
            lines.append(f"questions: OFF never acknowledged: {self.waiting} posts")
        return lines + [f"questions: OFF in the log: {record}" for record in self.faults[:3]]


async def torture_questions(rounds: int, door: str) -> Questions:
    """Ask, and break Home Assistant while the answers come."""
    async with provider_api(balance=10_000.0) as api:
        configuration = f"{WITNESS.name}:\n  api_url: {api.url}\n"
        async with house(configuration, automations(), first=(WITNESS,)) as instance:
            entry_id = await instance.add_integration(f"+{NUMBER}", "Gate")
            for name, number in PEOPLE.items():
                await instance.add_contact(entry_id, name, f"+{number}")
            await instance.add_keys(entry_id, ACCESS_KEY, SECRET_KEY)
            url = f"{instance.url}/api/{door}/{await instance.webhook_id()}"
            async with Provider(url, retry_after=RETRY_AFTER) as provider:
                run = _Run(instance=instance, api=api, provider=provider)
                await run.open_windows()
                for turn in range(1, rounds + 1):
                    await run.round(kills=turn % 2 == 0)
                    print(f"questions {turn:4}/{rounds}  asked {len(run.asked):6}", flush=True)
                return await run.verdict(rounds)


@dataclass(kw_only=True)
class _Run:
    """One Home Assistant, its questions, and the provider that brings the answers."""

    instance: Instance
    api: ProviderApi
    provider: Provider
    asked: dict[str, Asked] = field(default_factory=dict)
    kills: list[Kill] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def open_windows(self) -> None:
        """Let all contacts write by WhatsApp, without which they could be sent no buttons."""
        for number in PEOPLE.values():
            text = {"type": "text", "text": {"body": "Hello"}}
            self._post({"format": "wa_msgobject_v2", "msgobject": text}, f"hello-{number}", number)
        await self._answered()

    async def round(self, *, kills: bool) -> None:
        """Ask some questions, and break Home Assistant while they are answered."""
        posts = [post for _ in range(QUESTIONS) for post in await self._ask()]
        random.shuffle(posts)
        if kills:
            # A question that is not on the disk yet would be gone, as a message's id would.
            await asyncio.sleep(unsaved(len(self.provider.sent)))
        bringing = asyncio.create_task(self._bring(posts))
        await asyncio.sleep(random.uniform(0, len(posts) * POST_EVERY))
        if kills:
            await self.instance.kill()
            self.kills.append(Kill(at=time.monotonic(), unsaved=unsaved(len(self.provider.sent))))
        else:
            await self.instance.stop()
        self._read_log()
        await self.instance.start()
        await bringing
        await self._answered()

    async def verdict(self, rounds: int) -> Questions:
        """Compare what was tapped with what was noted."""
        await asyncio.sleep(SETTLES)
        self._read_log()
        noted = self._noted()
        verdict = Questions(
            rounds=rounds,
            asked=len(self.asked),
            waiting=self.provider.waiting,
            kills=len(self.kills),
            moved=[*noted["message"], *noted["button"]],
            faults=self.faults,
        )
        verdict.moved = [one for one in verdict.moved if not one.startswith("hello")]
        by_question: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        for key, times in noted["answered"].items():
            question, _, answer = key.partition("/")
            by_question[question] += [(when, answer) for when in times]
        verdict.wrong = [one for one in by_question if one not in self.asked]
        for question, asked in self.asked.items():
            self._judge(verdict, question, asked, sorted(by_question[question]))
        return verdict

    def _judge(
        self, verdict: Questions, question: str, asked: Asked, noted: list[tuple[float, str]]
    ) -> None:
        """Judge one question."""
        if not noted:
            verdict.lost.append(question)
            return
        if {answer for _, answer in noted} - asked.taps.keys():
            verdict.wrong.append(question)
            return
        heard = min(
            (self.provider.acknowledged.get(asked.taps[answer], inf) for _, answer in noted),
        )
        judged = fate([when for when, _ in noted], heard, self.kills, self.kills)
        if judged is Fate.TWICE:
            verdict.twice.append(question)
        elif judged is Fate.STRADDLED:
            verdict.straddled.append(question)
        elif judged is Fate.CUT:
            verdict.cut.append(question)

    async def _ask(self) -> list[Post]:
        """Ask somebody something; return what the provider is going to bring."""
        name, number = random.choice(list(PEOPLE.items()))
        asking = {
            "entity_id": f"notify.{name.lower().replace(' ', '_')}",
            "message": "Shall it be opened?",
            "answers": [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}],
            "channel": "whatsapp",
            "question": NAME,
            "timeout": {"hours": 24},
            "wait": False,
        }
        answer = await self.instance.post("/api/services/intellisms/ask?return_response", asking)
        question = answer["service_response"]["question_id"]
        [taken] = [one for one in self.api.taken[-5:] if question in json.dumps(one.message)]
        asked = self.asked[question] = Asked()
        return list(self._posts(taken, asked, number))

    def _posts(self, taken: Taken, asked: Asked, number: str) -> Iterator[Post]:
        """Return taps: of who is asked, and of two others on what they do not tap."""
        place = random.randrange(2)
        other = next(one for one in PEOPLE.values() if one != number)
        for who in (other, STRANGER):
            yield self._tap(taken, 1 - place, who)[1]
        taps = [(place, {"copies": random.choice((1, 2)), "answer_lost": random.random() < 0.3})]
        if random.random() < 0.3:
            taps.append((1 - place, {}))
        for tapped, how in taps:
            answer, post = self._tap(taken, tapped, number, **how)
            [asked.taps[answer]] = post.message_ids
            yield post

    def _tap(self, taken: Taken, place: int, who: str, **how: Any) -> tuple[str, Post]:
        """Return the answer's id that is tapped, and the post."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        posted = json.loads(tap(taken, place, to=NUMBER, sent=now))
        [message] = posted["messages"]
        message |= {"from": who, "messageid": f"{message['messageid']}-{who}"}
        tapped: str = message["content"]["msgobject"]["interactive"]["id"]
        body = json.dumps(posted).encode()
        post = Post(body=body, content_type=JSON, message_ids=(message["messageid"],), **how)
        return tapped.rpartition(":")[2], post

    def _post(self, content: dict[str, Any], message_id: str, sender: str) -> None:
        """Let the provider bring a message."""
        message = {
            "to": NUMBER,
            "from": sender,
            "messageid": message_id,
            "channel": "whatsapp",
            "sent": datetime.now(UTC).isoformat(timespec="seconds"),
            "content": content,
        }
        body = json.dumps({"messages": [message]}).encode()
        self.provider.send(Post(body=body, content_type=JSON, message_ids=(message_id,)))

    async def _bring(self, posts: list[Post]) -> None:
        """Bring taps one after the other, whether or not those before were answered."""
        for post in posts:
            self.provider.send(post)
            await asyncio.sleep(POST_EVERY)

    async def _answered(self) -> None:
        """Wait until all that was brought is acknowledged."""
        if await self.provider.drain(DRAIN_TIMEOUT):
            raise HouseError("taps were not acknowledged")

    def _noted(self) -> dict[str, dict[str, list[float]]]:
        """Return when each thing was noted, by what noted it."""
        noted: defaultdict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for line in (self.instance.config / "witness.log").read_text().splitlines():
            what, when, key = line.split()
            noted[what][key].append(float(when))
        return noted

    def _read_log(self) -> None:
        """Keep the faults in the log; a start puts a new one in its place."""
        self.faults += troubles_of_ours(self.instance.log())
