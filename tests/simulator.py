"""A simulator of the provider: it posts, and posts again what did not get a 200.

The real one waits 5 minutes between two posts of a message; here it is seconds. What it
sends are the samples in `fixtures`, each with an id of its own. Times are monotonic.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import itertools
import json
from pathlib import Path
import re
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import aiohttp

FIXTURES = Path(__file__).parent / "fixtures"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# Longer than Home Assistant holds a post while it starts.
ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=40)
OK = 200
MANY_WAITING = 150
# What a text of the samples says, and the pattern of what it says here.
SAMPLE_TEXT, TEXT = "Message Text", r"^heating (\d+)$"
# Messages of one sender, fewer in a minute than Home Assistant takes for a flood.
SAYS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """What is posted, at the same moment as often as there are copies.

    `texts` are the ids of those of its messages that `TEXT` fits. With `answer_lost` the first 200 does not reach the provider, as when the line drops.
    """

    body: bytes
    content_type: str
    message_ids: tuple[str, ...]
    texts: frozenset[str] = frozenset()
    copies: int = 1
    answer_lost: bool = False


class Provider:
    """Posts to one address and remembers what it was answered.

    `sent` are message ids with their post, `acknowledged` those with the time of the first
    200, a lost one too; `answers` counts the statuses, 0 where none came.
    """

    def __init__(self, url: str, *, retry_after: float) -> None:
        """Know the address; `async with` opens the client."""
        self._url = url
        self._retry_after = retry_after
        self._session = aiohttp.ClientSession(
            timeout=ANSWER_TIMEOUT, connector=aiohttp.TCPConnector(limit=0)
        )
        self._pending: set[asyncio.Task[None]] = set()
        self.sent: dict[str, Post] = {}
        self.acknowledged: dict[str, float] = {}
        self.answers: Counter[int] = Counter()

    async def __aenter__(self) -> Self:
        """Be ready."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give up what is not acknowledged."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        await self._session.close()

    @property
    def waiting(self) -> int:
        """Return how many posts have not got their 200."""
        return len(self._pending)

    async def is_heard(self) -> bool:
        """Tell whether anybody is at the address yet."""
        try:
            async with self._session.get(self._url) as response:
                return response.status == OK
        except aiohttp.ClientError, TimeoutError, OSError:
            return False

    async def stream(
        self, posts: Iterator[Post], every: float, at_most: int = MANY_WAITING
    ) -> None:
        """Post one after the other, whether or not those before were answered.

        While `at_most` wait it pauses: a machine that is too slow for it would never catch up.
        """
        due = asyncio.get_running_loop().time()
        while True:
            if self.waiting < at_most:
                self.send(next(posts))
            due += every
            await asyncio.sleep(due - asyncio.get_running_loop().time())

    def send(self, post: Post) -> None:
        """Post something now, and again until it gets a 200."""
        self.sent |= dict.fromkeys(post.message_ids, post)
        for _ in range(post.copies):
            task = asyncio.create_task(self._deliver(post))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    async def drain(self, seconds: float) -> int:
        """Wait until all is acknowledged; return how many posts are not by then."""
        if self._pending:
            await asyncio.wait(self._pending, timeout=seconds)
        return self.waiting

    async def _deliver(self, post: Post) -> None:
        lose = post.answer_lost
        while True:
            status = await self._post(post)
            self.answers[status] += 1
            if status == OK:
                now = asyncio.get_running_loop().time()
                for message_id in post.message_ids:
                    self.acknowledged.setdefault(message_id, now)
                if not lose:
                    return
                lose = False
            await asyncio.sleep(self._retry_after)

    async def _post(self, post: Post) -> int:
        headers = {"Content-Type": post.content_type}
        try:
            async with self._session.post(self._url, data=post.body, headers=headers) as response:
                return response.status
        except aiohttp.ClientError, TimeoutError, OSError:
            return 0


# ---- what is posted -------------------------------------------------------------


def senders() -> Iterator[str]:
    """Return a sender for each message without end; each says a few, then comes the next."""
    return (str(447_720_000_000 + number // SAYS) for number in itertools.count())


class Writer:
    """Makes posts out of the samples, each message with an id of its own."""

    def __init__(self, prefix: str, numbers: Sequence[str]) -> None:
        """Begin with the first id; messages go to the numbers in turn."""
        # A letter first: a template would make a number of what looks like one.
        self._ids = (f"{prefix}-{number:06}" for number in itertools.count())
        self._numbers = itertools.cycle(numbers)
        self._senders = senders()
        self._degrees = itertools.count()
        self._samples: dict[str, list[dict[str, Any]]] = {}

    def mixed(self) -> Iterator[Post]:
        """Return posts of all shapes without end."""
        while True:
            yield self.json("sms_text")
            yield self.json("whatsapp_button")
            yield self.json("several_messages")
            yield self.json("sms_emoji", copies=2)
            yield self.form()
            yield self.json("whatsapp_reply", answer_lost=True)
            yield self.json("whatsapp_image")
            yield self.json("several_messages", copies=2, answer_lost=True)

    def texts(self) -> Iterator[Post]:
        """Return posts of one text each without end."""
        while True:
            yield self.json("sms_text")

    def json(
        self, sample: str, *, times: int = 1, copies: int = 1, answer_lost: bool = False
    ) -> Post:
        """Return a sample's messages, all of them several times over."""
        if sample not in self._samples:
            posted = json.loads((FIXTURES / f"{sample}.json").read_bytes())
            self._samples[sample] = posted["messages"]
        messages = [self._message(message) for message in self._samples[sample] * times]
        return Post(
            body=json.dumps({"messages": messages}).encode(),
            content_type=JSON,
            message_ids=tuple(message["messageid"] for message in messages),
            texts=frozenset(
                message["messageid"]
                for message in messages
                if re.match(TEXT, message["content"].get("text", ""))
            ),
            copies=copies,
            answer_lost=answer_lost,
        )

    def _message(self, sample: dict[str, Any]) -> dict[str, Any]:
        message = {
            **sample,
            "messageid": next(self._ids),
            "to": next(self._numbers),
            "from": next(self._senders),
        }
        if sample["content"].get("text") == SAMPLE_TEXT:
            message["content"] = {**sample["content"], "text": f"heating {next(self._degrees)}"}
        return message

    def form(self) -> Post:
        """Return a message in the older form."""
        fields = dict(
            parse_qsl((FIXTURES / "form_with_numbers.txt").read_text().strip(), encoding="cp1252")
        )
        fields |= {
            "msgid": next(self._ids),
            "to": next(self._numbers),
            "from": next(self._senders),
        }
        return Post(
            body=urlencode(fields, encoding="cp1252").encode(),
            content_type=FORM,
            message_ids=(fields["msgid"],),
        )
