"""A stand-in for the provider's API: it takes what is documented, and plays what can go wrong.

What it is posted it checks more strictly than the provider may, by what the provider's pages and
WhatsApp's say, not by what the integration does. It listens on this machine only, over http.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
import json
import re
from typing import Any, Self

from aiohttp import web

ACCESS_KEY = "AK-stand-in-1f6b"
SECRET_KEY = "SK-stand-in-9c2e"  # noqa: S105
PATH = "/api/json/"
CODES = {
    "invalid_number": 2,
    "login_invalid": 11,
    "internal_error": 12,
    "auth_parameter_missing": 20,
    "auth_parameter_invalid": 21,
    "connection_not_secure": 22,
}
TOO_LONG = 64 * 1024 + 1

type Json = dict[str, Any]


class Play(Enum):
    """What is done with a message instead of taking it as documented."""

    # It is taken, but told otherwise.
    CHANGED_NUMBER = auto()
    SAME_ID = auto()
    WITHOUT_PARTS = auto()
    PLAIN_TEXT = auto()
    # It is taken, and nobody is told.
    SERVER_ERROR = auto()
    HTML = auto()
    TOO_LONG = auto()
    REDIRECT = auto()
    HANG = auto()
    RESET = auto()
    CUT = auto()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An error by its word, for one recipient or, with `whole`, for the request."""

    word: str
    whole: bool = False


class WrongError(Exception):
    """A request that is not as documented."""


@dataclass(kw_only=True)
class Taken:
    """A message that the provider has: it went out, whatever it said."""

    id: str
    to: str
    message: Json

    @property
    def object(self) -> Json:
        """Return WhatsApp's object."""
        found: Json = self.message["content"]["msgobject"]
        return found

    @property
    def words(self) -> str:
        """Return what a WhatsApp text says."""
        return str(self.object["text"]["body"])

    @property
    def buttons(self) -> list[str]:
        """Return what stands on the buttons."""
        buttons = self.object["interactive"]["action"]["buttons"]
        return [button["reply"]["title"] for button in buttons]


@dataclass(kw_only=True)
class ProviderApi:
    """The API for one account."""

    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    balance: float = 100.0
    # Messages that may go today.
    allowance: int | None = None
    # By number; None is for all others, and for the balance.
    plays: dict[str | None, Play | Refusal] = field(default_factory=dict)
    # In the order in which they came; and what was wrong with what came.
    taken: list[Taken] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    # How many requests came for each path, and how many are under way, at most and by number.
    asked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    most_at_a_time: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        """Begin with nobody asking."""
        self._ids = count(1)
        self._under_way: list[str] = []
        self._changed = asyncio.Condition()
        self._go_on = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Return what stands before the calls' names."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    async def start(self) -> Self:
        """Listen, on the port that is given, else on any."""
        app = web.Application()
        app.router.add_post(f"{PATH}sendmsg.aspx", self._send)
        app.router.add_post(f"{PATH}getbalance.aspx", self._balance)
        app.router.add_route("*", "/{path:.*}", self._lost)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def close(self) -> None:
        """Listen no more; whoever hangs is let go."""
        self._go_on.set()
        if self._runner:
            await self._runner.cleanup()

    def go_on(self) -> None:
        """Answer those that hang."""
        self._go_on.set()

    async def taken_are(self, number: int) -> None:
        """Wait until so many messages were taken."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.taken) >= number)

    async def message(self, place: int) -> Taken:
        """Return a message by its place among those that were taken, from 0, once it is there."""
        await self.taken_are(place + 1)
        return self.taken[place]

    # ---- answering ----------------------------------------------------------------

    async def _lost(self, request: web.Request) -> web.Response:
        self.wrong.append(f"{request.method} {request.path}")
        return web.Response(status=404)

    async def _balance(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(await self._read(request, set())):
            return refused
        play = self.plays.get(None)
        told = {"response_status": "ok", "balance": f"{self.balance:.1f}"}
        return await self._played(request, play, told)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        posted = await self._read(request, {"message"})
        if refused := self._refused(posted):
            return refused
        message = posted["message"]
        to = message["to"]
        play = self.plays.get(to, self.plays.get(None))
        self._under_way.append(to)
        self.most_at_a_time = max(self.most_at_a_time, len(self._under_way))
        if self._under_way.count(to) > 1:
            self.wrong.append("two at a time to one recipient")
        try:
            # Whoever comes at the same time is here by then. A test may hold the clock still.
            for _ in range(50):
                await asyncio.sleep(0)
            return await self._answer(request, message, play)
        finally:
            self._under_way.remove(to)

    async def _answer(
        self, request: web.Request, message: Json, play: Play | Refusal | None
    ) -> web.StreamResponse:
        parts = max(1, -(-len(message["content"].get("text", "")) // 153))
        if isinstance(play, Refusal):
            return _failure(play.word) if play.whole else _to_one(message["to"], play.word)
        if self.balance < parts:
            return _to_one(message["to"], "insufficient_credit")
        if self.allowance is not None and len(self.taken) >= self.allowance:
            return _failure("daily_allowance_exceeded")
        self.balance -= parts
        taken = Taken(id=f"{next(self._ids):032x}", to=message["to"], message=message)
        async with self._changed:
            self.taken.append(taken)
            self._changed.notify_all()
        told = {"to": taken.to, "id": taken.id, "msgparts": parts, "creditsused": f"{parts}.0"}
        if play is Play.CHANGED_NUMBER:
            told["to"] = f"00{taken.to}"
        if play is Play.SAME_ID:
            told["id"] = self.taken[0].id
        if play is Play.WITHOUT_PARTS or message["channel"] == "whatsapp":
            del told["msgparts"], told["creditsused"]
        return await self._played(request, play, {"response_status": "ok", "messages": [told]})

    async def _played(
        self, request: web.Request, play: Play | Refusal | None, told: Json
    ) -> web.StreamResponse:
        """Answer what is told, in the way that is played."""
        html = "<!doctype html><title>Sorry</title>"
        match play:
            case Refusal():
                return _failure(play.word)
            case Play.SERVER_ERROR:
                return web.Response(status=500, text=html, content_type="text/html")
            case Play.HTML:
                return web.Response(text=html, content_type="text/html")
            case Play.PLAIN_TEXT:
                return web.Response(text=json.dumps(told), content_type="text/plain")
            case Play.TOO_LONG:
                return web.Response(text=json.dumps(told).ljust(TOO_LONG))
            case Play.REDIRECT:
                return web.json_response(told, status=307, headers={"Location": f"{self.url}x"})
            case Play.HANG:
                await self._go_on.wait()
                # What is refused meanwhile is refused in the end.
                if isinstance(refusal := self.plays.get(None), Refusal):
                    return _failure(refusal.word)
            case Play.RESET if request.transport:
                request.transport.abort()
            case Play.CUT if request.transport:
                response = web.StreamResponse(headers={"Content-Length": "999"})
                await response.prepare(request)
                await response.write(json.dumps(told).encode())
                request.transport.abort()
        return web.json_response(told)

    # ---- looking at what is posted ------------------------------------------------

    async def _read(self, request: web.Request, more: set[str]) -> Json:
        """Return a request's object, `{"error": word}` if it is not as documented."""
        self.asked[request.path.removeprefix(PATH)] += 1
        try:
            posted = json.loads(await request.read())
            _want(request.content_type == "application/json", "content type")
            _want(not request.query, "query")
            _keys(posted, {"auth", "request_version", "response_version"} | more)
            _want(posted["request_version"] == "1.0.0", "request_version")
            _want(posted["response_version"] == "1.0.3", "response_version")
            if more:
                check_message(posted["message"])
        except (WrongError, ValueError, TypeError, KeyError) as err:
            self.wrong.append(f"{type(err).__name__} {err}")
            return {"error": "invalid_request"}
        found: Json = posted
        return found

    def _refused(self, posted: Json) -> web.Response | None:
        """Return the answer to a wrong request or wrong keys."""
        if "error" in posted:
            return _failure(posted["error"])
        auth = posted["auth"]
        if auth.keys() != {"authtype", "accesskey", "secretkey"}:
            return _failure("auth_parameter_missing")
        if auth["authtype"] != "accesskey":
            return _failure("auth_parameter_invalid")
        if (auth["accesskey"], auth["secretkey"]) != (self.access_key, self.secret_key):
            return _failure("login_invalid")
        return None


@asynccontextmanager
async def provider_api(**fields: Any) -> AsyncIterator[ProviderApi]:
    """Run the API for the length of a block."""
    api = await ProviderApi(**fields).start()
    try:
        yield api
    finally:
        await api.close()


def _error(word: str) -> Json:
    """Return an error as documented: not all have a code, and some have a description."""
    code = {"error_code": CODES[word]} if word in CODES else {}
    return {"error": word, **code, "error_description": f"Sorry: {word}"}


def _failure(word: str) -> web.Response:
    return web.json_response({"response_status": "failure", "errors": [_error(word)]})


def _to_one(to: str, word: str) -> web.Response:
    error = {key: value for key, value in _error(word).items() if key != "error_description"}
    return web.json_response({"response_status": "ok", "messages": [{"to": to, **error}]})


# ---- what the provider posts afterwards ---------------------------------------------


def report(taken: Taken, status: str, code: int, category: str = "success") -> bytes:
    """Return the provider's post of how far a message has come."""
    told = {
        "notificationtype": "status",
        "messageid": taken.id,
        "to": taken.to,
        "status": status,
        "status_code": code,
        "category": category,
    }
    return json.dumps({"notifications": [told]}).encode()


def tap(taken: Taken, place: int, *, to: str, sent: str) -> bytes:
    """Return the provider's post of a tap on a button, or a row, of a message; `place` from 0.

    `to` is the virtual number, `sent` the time, in ISO 8601.
    """
    action = taken.object["interactive"]["action"]
    buttons = [button["reply"] for button in action.get("buttons", [])]
    rows = [row for section in action.get("sections", []) for row in section["rows"]]
    tapped = (buttons or rows)[place]
    interactive = {"id": tapped["id"], "title": tapped["title"]}
    told = {
        "to": to,
        "from": taken.to,
        "messageid": f"tap-{taken.id}-{place}",
        "channel": "whatsapp",
        "sent": sent,
        "content": {
            "format": "wa_msgobject_v2",
            "msgobject": {"type": "reply", "interactive": interactive},
        },
    }
    return json.dumps({"messages": [told]}).encode()


# ---- what is documented -----------------------------------------------------------


def check_message(message: Json) -> None:
    """Look at a message; WrongError where it is not as documented."""
    _keys(message, {"to", "channel", "content"}, {"from"})
    _want(re.fullmatch("[1-9][0-9]{7,14}", message["to"]), "to: one number")
    _want(re.fullmatch("[0-9]{3,15}|[A-Za-z0-9 ._&-]{1,11}", message.get("from", "1234")), "from")
    content = message["content"]
    if message["channel"] == "whatsapp":
        _keys(content, {"format", "msgobject"})
        _want(content["format"] == "wa_msgobject_v2", "format")
        kind = content["msgobject"]["type"]
        _keys(content["msgobject"], {"type", kind})
        OBJECTS[kind](content["msgobject"][kind])
        return
    _want(message["channel"] == "sms", "channel")
    voice = content["msgtype"] == "voice"
    _keys(content, {"msgtype", "text"}, set() if voice else {"maxconcat"})
    _want(content["msgtype"] in ("text", "voice"), "msgtype")
    _text(content["text"], None)
    _want(type(content.get("maxconcat", 1)) is int and content.get("maxconcat", 1) > 0, "maxconcat")


def _text_object(text: Json) -> None:
    _keys(text, {"body"})
    _text(text["body"], 4096)


def _image(image: Json) -> None:
    _keys(image, {"link"}, {"caption"})
    _link(image["link"])
    _text(image.get("caption", "-"), 1024)


def _interactive(interactive: Json) -> None:
    kind = interactive["type"]
    _keys(interactive, {"type", "body", "action"}, {"header", "footer"})
    _keys(interactive["body"], {"text"})
    _text(interactive["body"]["text"], 1024 if kind == "button" else 4096)
    if footer := interactive.get("footer"):
        _keys(footer, {"text"})
        _text(footer["text"], 60)
    if header := interactive.get("header"):
        _keys(header, {"type", header["type"]})
        if header["type"] == "image" and kind == "button":
            _link(header["image"]["link"])
        else:
            _text(header["text"], 60)
    action = interactive["action"]
    if kind == "button":
        _keys(action, {"buttons"})
        for button in action["buttons"]:
            _keys(button, {"type", "reply"})
            _want(button["type"] == "reply", "button")
        _tappable([button["reply"] for button in action["buttons"]], 3, (256, 20, 0))
        return
    _want(kind == "list", "interactive")
    _keys(action, {"button", "sections"})
    _text(action["button"], 20)
    for section in action["sections"]:
        _keys(section, {"rows"}, {"title"})
    rows = [row for section in action["sections"] for row in section["rows"]]
    _tappable(rows, 10, (200, 24, 72))


def _tappable(items: list[Json], most: int, limits: tuple[int, int, int]) -> None:
    """Look at buttons or rows; the limits are of id, title and description."""
    _want(1 <= len(items) <= most, "how many")
    for item in items:
        _keys(item, {"id", "title"}, {"description"} if limits[2] else set())
        values = (item["id"], item["title"], item.get("description", "-"))
        for value, limit in zip(values, limits, strict=True):
            _text(value, limit or None)
    for name in ("id", "title"):
        _want(len({item[name] for item in items}) == len(items), f"two alike: {name}")


def _template(template: Json) -> None:
    _keys(template, {"name", "language"}, {"components"})
    _want(re.fullmatch("[a-z0-9_]{1,512}", template["name"]), "name")
    _keys(template["language"], {"code"})
    components = template.get("components", [])
    places = [(one["type"], one.get("index")) for one in components]
    _want(len(set(places)) == len(places), "two alike: component")
    for component in components:
        kind = component["type"]
        button = kind == "button"
        _keys(component, {"type", "parameters"}, {"sub_type", "index"} if button else set())
        _want(component["parameters"], "parameters")
        COMPONENTS[kind](component)


def _template_header(header: Json) -> None:
    [parameter] = header["parameters"]
    _keys(parameter, {"type", "image"})
    _want(parameter["type"] == "image", "header")
    _image(parameter["image"])


def _template_body(body: Json) -> None:
    names = [parameter.get("parameter_name") for parameter in body["parameters"]]
    if any(name is not None for name in names):
        _want(all(re.fullmatch("[a-z_][a-z0-9_]*", name or "") for name in names), "names")
        _want(len(set(names)) == len(names), "two alike: parameter_name")
    for parameter in body["parameters"]:
        _keys(parameter, {"type", "text"}, {"parameter_name"})
        _want(parameter["type"] == "text", "body")
        _text(parameter["text"], 1024)
        _want(not re.search(r"[\n\r\t]| {5}", parameter["text"]), "white space")


def _template_button(button: Json) -> None:
    _want(button["sub_type"] == "quick_reply", "button")
    _want(re.fullmatch("[0-9]", button["index"]), "index")
    [parameter] = button["parameters"]
    _keys(parameter, {"type", "payload"})
    _want(parameter["type"] == "payload", "button")
    _text(parameter["payload"], 256)


COMPONENTS: Mapping[str, Callable[[Json], None]] = {
    "header": _template_header,
    "body": _template_body,
    "button": _template_button,
}
OBJECTS: Mapping[str, Callable[[Json], None]] = {
    "text": _text_object,
    "image": _image,
    "interactive": _interactive,
    "template": _template,
}


def _want(what: object, name: str) -> None:
    if not what:
        raise WrongError(name)


def _keys(value: Json, needed: set[str], possible: set[str] | None = None) -> None:
    _want(isinstance(value, dict), "no object")
    keys = value.keys()
    _want(needed <= keys <= needed | (possible or set()), f"keys {sorted(keys)}")


def _text(text: Any, limit: int | None) -> None:
    _want(isinstance(text, str) and text.strip(), "text")
    _want(limit is None or len(text) <= limit, f"longer than {limit}")


def _link(link: str) -> None:
    _want(re.fullmatch(r"https://[^\s/]+\S*", link), "link")
