"""One post a message, over real HTTP on this machine; nothing here runs Home Assistant."""

import asyncio
import socket
import traceback
from typing import Any

import pytest

from custom_components.intellisms.protocol import (
    Answer,
    AnswerError,
    Buttons,
    Choices,
    Content,
    Outgoing,
    Picture,
    SendOutcome,
    SendResult,
    Sms,
    Template,
    Voice,
    WhatsAppText,
)
from custom_components.intellisms.sending import client
from custom_components.intellisms.sending.client import Client
from custom_components.intellisms.sending.data import Keys
from scripts.house.provider_api import ACCESS_KEY, SECRET_KEY, Play, ProviderApi, Refusal
from tests.household import ANNA, GATE
from tests.log import keep_secret
from tests.provider_api import KEYS

SENT, NOT_SENT, DOUBTFUL = SendOutcome
LINK = "https://media.example.com/1.jpg"
TEXT = "The code is 9137"
YES, NO = Answer(id="yes", title="Yes"), Answer(id="no", title="No", description=None)
SMS = Sms(text=TEXT)
TO = ANNA.removeprefix("+")


@pytest.fixture(autouse=True)
def home() -> None:
    """Start nothing."""
    keep_secret([ANNA, GATE, TEXT])


async def send(content: Content = SMS) -> SendResult:
    """Send to a contact from a virtual number."""
    return await Client(KEYS).async_send(Outgoing(to=ANNA, sender=GATE, content=content))


def test_it_goes_to_the_provider_and_is_encrypted() -> None:
    assert client.API_URL == "https://www.intellisoftware.co.uk/api/json/"
    assert (client.CONNECT_SECONDS, client.TOTAL_SECONDS) == (10, 30)
    assert client.MAX_ANSWER_BYTES == 64 * 1024


def test_keys_are_in_no_repr() -> None:
    assert repr(KEYS) == "Keys()"
    assert ACCESS_KEY not in repr(Client(KEYS))


@pytest.mark.parametrize(
    "content",
    [
        SMS,
        Sms(text="ж" * 300, max_parts=6),
        Voice(text="Hello"),
        WhatsAppText(text="x" * 4096),
        Buttons(text="Open?", answers=(YES, NO), header="Gate", footer="Home"),
        Buttons(text="Open?", answers=(YES,), picture_url=LINK),
        Choices(
            text="Which?",
            button="Choose",
            answers=tuple(
                Answer(id=f"{n}", title=f"Title {n}", description="d") for n in range(10)
            ),
            header="Gate",
        ),
        Picture(picture_url=LINK, text="Look"),
        Picture(picture_url=LINK),
        Template(name="alarm", language="en_GB", parameters=("a", "b"), answers=("x",)),
        Template(name="alarm", language="de", picture_url=LINK),
    ],
)
async def test_what_is_posted_is_as_documented(api: ProviderApi, content: Content) -> None:
    result = await send(content)

    assert result.outcome is SENT
    assert [taken.message for taken in api.taken] == [
        Outgoing(to=ANNA, sender=GATE, content=content).as_json()
    ]
    assert result.message_id == api.taken[0].id
    by_whatsapp = content.channel == "whatsapp"
    assert (result.parts is None) == (result.credits is None) == by_whatsapp


@pytest.mark.parametrize(
    "play", [None, Play.CHANGED_NUMBER, Play.SAME_ID, Play.WITHOUT_PARTS, Play.PLAIN_TEXT]
)
async def test_it_was_sent_however_that_is_told(api: ProviderApi, play: Play | None) -> None:
    if play:
        api.plays[None] = play
    result = await send()
    assert (result.outcome, result.error) == (SENT, None)
    assert result.message_id == api.taken[0].id
    without = play is Play.WITHOUT_PARTS
    assert (result.parts, result.credits) == ((None, None) if without else (1, 1.0))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "word",
    ["invalid_number", "internal_error", "insufficient_credit", "gateway_error", "brand_new_word"],
)
async def test_it_was_refused(api: ProviderApi, word: str, whole: bool) -> None:
    api.plays[TO] = Refusal(word=word, whole=whole)
    assert await send() == SendResult(outcome=NOT_SENT, error=word)
    assert api.taken == []
    assert api.asked["sendmsg.aspx"] == 1


async def test_no_credit_and_no_allowance(api: ProviderApi) -> None:
    api.balance = 1
    assert (await send()).outcome is SENT
    assert (await send()).error == "insufficient_credit"
    api.balance, api.allowance = 10, 1
    assert (await send()).error == "daily_allowance_exceeded"
    assert len(api.taken) == 1


async def test_wrong_keys(api: ProviderApi) -> None:
    api.secret_key = "another"
    assert await send() == SendResult(outcome=NOT_SENT, error="login_invalid")
    with pytest.raises(AnswerError) as caught:
        await Client(KEYS).async_balance()
    assert caught.value.error == "login_invalid"


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (Play.SERVER_ERROR, "unreadable_answer"),
        (Play.HTML, "unreadable_answer"),
        (Play.TOO_LONG, "unreadable_answer"),
        (Play.REDIRECT, "unreadable_answer"),
        (Play.RESET, "no_answer"),
        (Play.CUT, "no_answer"),
        (Play.HANG, "no_answer"),
    ],
)
async def test_it_may_have_been_sent(
    api: ProviderApi, monkeypatch: pytest.MonkeyPatch, play: Play, error: str
) -> None:
    api.plays[TO] = play
    if play is Play.HANG:
        monkeypatch.setattr(client, "TOTAL_SECONDS", 0.2)
    assert await send() == SendResult(outcome=DOUBTFUL, error=error)
    # Once, wherever else a redirect would have led.
    assert len(api.taken) == 1
    assert dict(api.asked) == {"sendmsg.aspx": 1}


# ---- connecting -----------------------------------------------------------------


class Connections:
    """Counts connections that are tried, and breaks as many as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Break none."""
        self.tried = 0
        self.broken = 0
        self.error: Exception = ConnectionRefusedError()
        loop = asyncio.get_running_loop()
        connect = loop.sock_connect

        async def sock_connect(sock: socket.socket, address: Any) -> None:
            self.tried += 1
            if self.tried <= self.broken:
                raise self.error
            await connect(sock, address)

        monkeypatch.setattr(loop, "sock_connect", sock_connect)


@pytest.fixture
async def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    """Count connections."""
    return Connections(monkeypatch)


async def test_a_connection_is_tried_once_more(api: ProviderApi, connections: Connections) -> None:
    connections.broken = 1
    assert (await send()).outcome is SENT
    assert connections.tried == 2
    assert len(api.taken) == 1


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), OSError("no route")])
async def test_no_connection(api: ProviderApi, connections: Connections, error: Exception) -> None:
    connections.broken, connections.error = 9, error
    assert await send() == SendResult(outcome=NOT_SENT, error="cannot_connect")
    assert connections.tried == 2
    with pytest.raises(AnswerError) as caught:
        await Client(KEYS).async_balance()
    assert caught.value.error == "cannot_connect"


async def test_nobody_listens(api: ProviderApi, connections: Connections) -> None:
    await api.close()
    assert await send() == SendResult(outcome=NOT_SENT, error="cannot_connect")
    assert connections.tried == 2


async def test_a_connection_that_is_not_secure(
    api: ProviderApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "API_URL", api.url.replace("http:", "https:"))
    assert await send() == SendResult(outcome=NOT_SENT, error="cannot_connect")
    assert dict(api.asked) == {}


@pytest.mark.parametrize("limit", ["CONNECT_SECONDS", "TOTAL_SECONDS"])
async def test_a_connection_that_hangs(
    api: ProviderApi, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    tried = 0

    async def hang(*_: Any) -> None:
        nonlocal tried
        tried += 1
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", hang)
    monkeypatch.setattr(client, limit, 0.1)
    assert await send() == SendResult(outcome=NOT_SENT, error="cannot_connect")
    assert tried == (2 if limit == "CONNECT_SECONDS" else 1)


async def test_whoever_breaks_it_off_can_know(api: ProviderApi) -> None:
    api.plays[None] = Play.HANG
    connected: list[bool] = []
    outgoing = Outgoing(to=ANNA, content=SMS)
    sending = asyncio.create_task(
        Client(KEYS).async_send(outgoing, lambda: connected.append(not api.taken))
    )
    await api.taken_are(1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    # Told before the provider could have it.
    assert connected == [True]
    assert len(api.taken) == 1


# ---- the balance ------------------------------------------------------------------


async def test_the_balance(api: ProviderApi) -> None:
    api.balance = 12.5
    assert await Client(KEYS).async_balance() == 12.5
    assert dict(api.asked) == {"getbalance.aspx": 1}


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (Play.HTML, "unreadable_answer"),
        (Play.RESET, "no_answer"),
        (Refusal(word="internal_error"), "internal_error"),
    ],
)
async def test_no_balance(api: ProviderApi, play: Play | Refusal, error: str) -> None:
    api.plays[None] = play
    with pytest.raises(AnswerError) as caught:
        await Client(KEYS).async_balance()
    assert caught.value.error == error
    shown = "".join(traceback.format_exception(caught.value))
    assert ACCESS_KEY not in shown
    assert SECRET_KEY not in shown


async def test_keys_of_any_characters(api: ProviderApi) -> None:
    api.access_key = 'ä"\\\n'
    keys = Keys(access_key='ä"\\\n', secret_key=SECRET_KEY)
    assert await Client(keys).async_balance() == 100
