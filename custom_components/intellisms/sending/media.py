"""Pictures that we offer to the provider: each link is good for one fetch, and for a short time.

Nothing is asked of whoever fetches but to know the link, whose last part is 256 random bits. All
of it is in memory, and goes with Home Assistant.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from itertools import chain
from secrets import token_hex
from typing import Final

from aiohttp import web
from aiohttp.hdrs import METH_ANY, METH_GET, METH_HEAD
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, MEDIA_PATH
from ..faults import guarded
from ..picture import Picture
from ..protocol import SendOutcome
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.endpoint import NOT_FOUND
from .data import Sent, signal_sent

LIFETIME: Final = timedelta(minutes=15)
# A fetch that takes longer is broken off, as it holds the picture.
FETCH_SECONDS: Final = 120
# Bytes: WhatsApp's limit of a picture, and ours of all that are held at a time.
MAX_BYTES: Final = 5 * 1024 * 1024
MAX_HELD_BYTES: Final = 20 * 1024 * 1024
# Pictures that are read at a time; for each of them the room of the largest is kept free.
READ_AT_A_TIME: Final = 2
_TOKEN_BYTES: Final = 32
_CHUNK_BYTES: Final = 64 * 1024
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class NoRoomError(Exception):
    """Too many pictures wait to be fetched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offer:
    """A picture behind a token, and what ends its time."""

    picture: Picture
    entry_id: str
    stop_timer: CALLBACK_TYPE = field(repr=False)


class Media:
    """Offers the pictures of all entries, at a door of its own."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Open the door."""
        self._hass = hass
        self._offers: dict[str, _Offer] = {}
        # These are held without an offer, or beside it: while messages with them are being sent,
        # and while somebody fetches them. Each use has a key of its own, as one picture may have
        # several, and two pictures may look alike.
        self._in_use: dict[object, Picture] = {}
        self._reading = asyncio.Semaphore(READ_AT_A_TIME)
        # A bare route for the reasons that the endpoint has for its own.
        hass.http.app.router.add_route(METH_ANY, MEDIA_PATH, self._answer)

    @callback
    def async_follow(self, entry: IntelliSMSConfigEntry) -> CALLBACK_TYPE:
        """Withdraw the pictures of what was not sent; return what ends that, and withdraws the rest."""
        stop_listening = async_dispatcher_connect(
            self._hass, signal_sent(entry.entry_id), guarded(self._on_sent)
        )

        @callback
        def stop() -> None:
            """Offer nothing of this entry any more."""
            stop_listening()
            for token, offer in list(self._offers.items()):
                if offer.entry_id == entry.entry_id:
                    self._end(token)

        return stop

    @asynccontextmanager
    async def async_hold(self, read: Callable[[], Awaitable[Picture]]) -> AsyncGenerator[Picture]:
        """Read a picture of up to `MAX_BYTES` and hold it for the length of a block.

        NoRoomError where others fill the memory that is meant for it.
        """
        async with self._reading:
            if self._held_bytes() > MAX_HELD_BYTES - READ_AT_A_TIME * MAX_BYTES:
                raise NoRoomError
            # Nobody else runs from when it is read until it is counted, below.
            picture = await read()
        with self._using(picture):
            yield picture

    @contextmanager
    def _using(self, picture: Picture) -> Generator[None]:
        """Count a picture as held for the length of a block."""
        use = object()
        self._in_use[use] = picture
        try:
            yield
        finally:
            del self._in_use[use]

    @callback
    def async_offer(self, picture: Picture, entry: IntelliSMSConfigEntry) -> str:
        """Offer a picture that is held to one recipient, and return the token."""
        token = token_hex(_TOKEN_BYTES)

        @callback
        def expire(_now: object) -> None:
            """Forget what nobody fetched."""
            self._end(token)

        job = HassJob(expire, "IntelliSMS withdraws a picture", cancel_on_shutdown=True)
        stop_timer = async_call_later(self._hass, LIFETIME, job)
        self._offers[token] = _Offer(
            picture=picture, entry_id=entry.entry_id, stop_timer=stop_timer
        )
        return token

    @callback
    def async_withdraw(self, link: str) -> None:
        """Forget what a link leads to, if it leads here."""
        self._end(link.rpartition("/")[2])

    @callback
    def _on_sent(self, sent: Sent) -> None:
        """Withdraw the picture of a message that certainly did not go out."""
        link = getattr(sent.letter.outgoing.content, "picture_url", None)
        if link and sent.result.outcome is SendOutcome.NOT_SENT:
            self.async_withdraw(link)

    def _held_bytes(self) -> int:
        """Return the memory that pictures take, each counted once however often it is offered."""
        offered = (offer.picture for offer in self._offers.values())
        sizes = {id(one): len(one.content) for one in chain(offered, self._in_use.values())}
        return sum(sizes.values())

    @callback
    def _end(self, token: str) -> None:
        """Forget what is behind a token, if anything is."""
        if offer := self._offers.pop(token, None):
            offer.stop_timer()

    # ---- the door -----------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Give out a picture; whoever knows no token learns nothing."""
        token = request.match_info["token"]
        if (offer := self._offers.get(token)) is None:
            return web.Response(status=HTTPStatus.NOT_FOUND, text=NOT_FOUND)
        if request.method not in (METH_GET, METH_HEAD):
            return web.Response(
                status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": f"{METH_GET}, {METH_HEAD}"}
            )
        response = web.StreamResponse(headers=_HEADERS)
        response.content_type = offer.picture.content_type
        response.content_length = len(offer.picture.content)
        await response.prepare(request)
        if request.method == METH_GET:
            with self._using(offer.picture):
                if await _is_fetched(request, response, offer.picture.content):
                    self._end(token)
        return response


async def _is_fetched(request: web.Request, response: web.StreamResponse, picture: bytes) -> bool:
    """Write a picture, and tell whether all of it went; else the link stays good for another try."""
    content = memoryview(picture)
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            for start in range(0, len(content), _CHUNK_BYTES):
                await response.write(content[start : start + _CHUNK_BYTES])
            await response.write_eof()
    except ConnectionError, TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        return False
    return True


# The door is open from set-up until Home Assistant stops, while entries come and go.
DATA_MEDIA: HassKey[Media] = HassKey(f"{DOMAIN}_media")
