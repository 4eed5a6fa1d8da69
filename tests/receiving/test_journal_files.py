"""Files of the journal that cannot be used, by every wrong shape, and how often they are written."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import pairwise
import json
from pathlib import Path
import stat
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from homeassistant.util.json import load_json
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.protocol import ChannelName, Message
from custom_components.intellisms.receiving.delivery import Delivery
from custom_components.intellisms.receiving.heard import Heard
from custom_components.intellisms.receiving.journal_files import (
    READ_PAUSES_SECONDS,
    STORAGE_VERSION,
)
from custom_components.intellisms.receiving.journal_ids import MAX_IDS
from custom_components.intellisms.receiving.progress import Progress
from tests.disk import Card
from tests.household import WEBHOOK_ID, saying, sms
from tests.running import Post, settle, state

type Events = list[Event[dict[str, Any]]]
type Spoil = Callable[[dict[str, Any]], None]

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
KINDS = ("ids", "last")
LAST_MESSAGE = "sensor.gate_last_message"
TOTAL = "sensor.gate_messages_received"


# ---- files that cannot be used -------------------------------------------------------


class Disk:
    """Real files of an account that is not loaded, of which one will be broken."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, folder: Path) -> None:
        """Prepare."""
        self.hass = hass
        self.entry = entry
        self.folder = folder

    def path(self, kind: str) -> Path:
        """Return a file's path."""
        return self.folder / f"{DOMAIN}.{self.entry.entry_id}.{kind}"

    def set_aside(self, word: str = "unreadable") -> list[tuple[str, bytes]]:
        """Return the kind and content of the files that were set aside."""
        paths = self.folder.glob(f"*.{word}.*")
        return sorted((path.name.split(".")[2], path.read_bytes()) for path in paths)

    def counted(self) -> int:
        """Return how many files could not be used, as diagnostics tell it."""
        # Of these no repair is raised, which nobody could fix.
        assert self.issues() <= {"storage_corruption"}
        count: int = self.entry.runtime_data.journal.set_aside
        return count

    def issues(self) -> set[str]:
        """Return the kinds of the issues that are raised."""
        return {issue.translation_key or "" for issue in ir.async_get(self.hass).issues.values()}

    async def load(self) -> None:
        """Load the account."""
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()
        assert self.entry.state is ConfigEntryState.LOADED

    async def unload(self) -> None:
        """Unload the account."""
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)


@pytest.fixture
async def disk(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, storage_folder: Path
) -> Disk:
    """Return an account with good files of a message *Before*, unloaded."""
    assert await own_door(sms("Before")) == HTTPStatus.OK
    assert await hass.config_entries.async_unload(loaded.entry_id)
    return Disk(hass, loaded, storage_folder)


async def check_it_goes_on(disk: Disk, own_door: Post, messages: Events, broken: str) -> None:
    """Check that the account works, and what came back of the other file."""
    hass = disk.hass
    assert state(hass, TOTAL).state == ("0" if broken == "last" else "1")
    for text in ("Before", "After"):
        assert await own_door(sms(text)) == HTTPStatus.OK
    published = [event.data["text"] for event in messages]
    assert published == (["Before", "After"] if broken == "ids" else ["After"])
    assert state(hass, LAST_MESSAGE).state == "After"
    # A good file is in its place again.
    messages.clear()
    await disk.unload()
    await disk.load()
    assert await own_door(sms("After")) == HTTPStatus.OK
    assert messages == []
    assert state(hass, LAST_MESSAGE).state == "After"


async def check_it_is_set_aside(
    disk: Disk, own_door: Post, messages: Events, kind: str, content: bytes
) -> None:
    """Check that a file is kept aside, and that the account goes on."""
    disk.path(kind).write_bytes(content)
    await disk.load()

    assert disk.set_aside() == [(kind, content)]
    assert disk.counted() == 1
    await check_it_goes_on(disk, own_door, messages, kind)
    assert disk.set_aside() == [(kind, content)]


def _parent(content: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Return where a path of keys ends; `*` is the only key there is."""
    *way, name = path.split("/")
    for key in way:
        content = content[next(iter(content)) if key == "*" else key]
    return content, next(iter(content)) if name == "*" else name


def has(path: str, value: Any) -> Any:
    """Return what puts a value where a path leads."""

    def spoil(content: dict[str, Any]) -> None:
        parent, name = _parent(content, path)
        parent[name] = value

    return pytest.param(spoil, id=f"{path} is {value!r}")


def each(path: str, *values: Any) -> list[Any]:
    """Return what puts each of several values where a path leads."""
    return [has(path, value) for value in values]


def lacks(path: str) -> Any:
    """Return what deletes where a path leads."""

    def spoil(content: dict[str, Any]) -> None:
        parent, name = _parent(content, path)
        del parent[name]

    return pytest.param(spoil, id=f"{path} is missing")


RECORD = "data/listings/*"
EXCERPT = Delivery(
    entry_id="1", message=Message(key="", type="text"), received_at=START
).as_excerpt()
EVENT = Delivery(entry_id="1", message=Message(key="", type="text"), received_at=START).as_event()
HEARD = Heard(channel=ChannelName.SMS, to="1", sender="2", at=START).as_stored()
SENT = Progress(
    key="1", message_id="2", status="sent", channel="sms", type="text", sent=START
).as_stored()
PARTS = (
    "listings",
    "unconfigured",
    "last_post",
    "last_report",
    "unreported_since",
    "ignored",
    "missed",
)
WHOLE = [
    lacks("version"),
    lacks("data"),
    *each("version", STORAGE_VERSION + 1, 0, "1"),
    *each("data", [], "x"),
]
IDS = [
    lacks("data/days"),
    *each("data/days", [], None, 5),
    *each("data/days/*", None, 5, ["x"], {}, "shorter"),
    has("data/days/monday", "0" * 12),
]
LAST = [
    *(lacks(f"data/{key}") for key in PARTS),
    *(spoil for key in PARTS for spoil in each(f"data/{key}", 5, [])),
    *each("data/last_post", "", "yesterday", False),
    lacks("data/unreported"),
    *each("data/unreported", "x", None, []),
    *each("data/ignored/sender", "x", None, []),
    has(RECORD, None),
    lacks(f"{RECORD}/total"),
    *each(f"{RECORD}/total", "x", None, []),
    lacks(f"{RECORD}/last"),
    *each(f"{RECORD}/last", 5, "x", {"text": "x"}),
    *(lacks(f"{RECORD}/last/{key}") for key in EVENT),
    *(spoil for key in EVENT if key != "raw" for spoil in each(f"{RECORD}/last/{key}", 5, ["x"])),
    *each(f"{RECORD}/last/received", None, "", "x", "2026-11-01T12:00:00"),
    lacks(f"{RECORD}/recent"),
    *each(f"{RECORD}/recent", None, 5, [5], ["x"], [{}], [None]),
    *(
        has(f"{RECORD}/recent", [{key: value for key, value in EXCERPT.items() if key != lost}])
        for lost in EXCERPT
    ),
    *(
        has(f"{RECORD}/recent", [{**EXCERPT, key: value}])
        for key in EXCERPT
        for value in (5, ["x"])
    ),
    *(has(f"{RECORD}/recent", [{**EXCERPT, key: None}]) for key in ("time", "type")),
    lacks(f"{RECORD}/sent"),
    *each(
        f"{RECORD}/sent", None, 5, [5], ["x"], [{}], [None], [{**SENT, "sent": "2026-11-01T12:00"}]
    ),
    *(
        has(f"{RECORD}/sent", [{name: value for name, value in SENT.items() if name != key}])
        for key in SENT
    ),
    *(
        has(f"{RECORD}/sent", [{**SENT, key: value}])
        for key in SENT
        if key != "question"
        for value in (5, ["x"])
    ),
    lacks(f"{RECORD}/heard"),
    *each(f"{RECORD}/heard", None, 5, [5], ["x"], [{}], [None]),
    *(
        has(f"{RECORD}/heard", [{name: value for name, value in HEARD.items() if name != key}])
        for key in HEARD
    ),
    *(
        has(f"{RECORD}/heard", [{**HEARD, key: value}])
        for key in HEARD
        for value in (None, 5, ["x"])
    ),
    has(f"{RECORD}/heard", [{**HEARD, "channel": "pigeon"}]),
    has(f"{RECORD}/heard", [{**HEARD, "at": "2026-11-01T12:00:00"}]),
]


@pytest.mark.parametrize("spoil", [*WHOLE, *IDS])
async def test_ids_of_a_wrong_shape_are_set_aside(
    disk: Disk, own_door: Post, messages: Events, spoil: Spoil
) -> None:
    content = json.loads(disk.path("ids").read_text())
    spoil(content)
    await check_it_is_set_aside(disk, own_door, messages, "ids", json.dumps(content).encode())


@pytest.mark.parametrize("spoil", [*WHOLE, *LAST])
async def test_last_messages_of_a_wrong_shape_are_set_aside(
    disk: Disk, own_door: Post, messages: Events, spoil: Spoil
) -> None:
    content = json.loads(disk.path("last").read_text())
    spoil(content)
    await check_it_is_set_aside(disk, own_door, messages, "last", json.dumps(content).encode())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"[]", b"5", b"null", b'"text"'])
async def test_what_is_not_a_store_is_set_aside(
    disk: Disk, own_door: Post, messages: Events, kind: str, content: bytes
) -> None:
    await check_it_is_set_aside(disk, own_door, messages, kind, content)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"\0" * 9, b'{"version": 1', b"\xff\xfe", b"text"])
async def test_what_is_not_json_is_set_aside_by_core(
    disk: Disk, own_door: Post, messages: Events, kind: str, content: bytes
) -> None:
    disk.path(kind).write_bytes(content)
    await disk.load()

    assert "storage_corruption" in disk.issues()
    assert disk.set_aside("corrupt") == [(kind, content)]
    await check_it_goes_on(disk, own_door, messages, kind)


async def test_both_files_are_set_aside(disk: Disk) -> None:
    for kind in KINDS:
        disk.path(kind).write_bytes(b"[]")
    await disk.load()

    assert disk.set_aside() == [(kind, b"[]") for kind in KINDS]
    assert disk.counted() == 2


async def test_what_cannot_be_renamed_does_not_keep_us_from_starting(
    disk: Disk, own_door: Post, messages: Events, caplog: pytest.LogCaptureFixture
) -> None:
    disk.path("last").write_bytes(b"[]")
    with patch.object(Path, "rename", side_effect=PermissionError):
        await disk.load()

    assert "could not be renamed either (PermissionError)" in caplog.text
    assert disk.counted() == 1
    await check_it_goes_on(disk, own_door, messages, "last")


@pytest.mark.parametrize("failures", [2, 3])
async def test_a_disk_that_fails_is_asked_again(
    clock: FrozenDateTimeFactory,
    disk: Disk,
    own_door: Post,
    messages: Events,
    failures: int,
) -> None:
    """What was said before is forgotten only where the disk goes on failing."""
    asked: list[datetime] = []

    def load(path: str) -> Any:
        if path.endswith(".ids"):
            asked.append(dt_util.utcnow())
            if len(asked) <= failures:
                raise HomeAssistantError from OSError(5, "Input/output error")
        return load_json(path)

    with patch("homeassistant.helpers.storage.json_util.load_json", load):
        loading = asyncio.ensure_future(disk.load())
        while not loading.done():
            clock.tick(0.05)
            # Something in a thread as well, so that what is read there comes back meanwhile.
            await disk.hass.async_add_executor_job(len, asked)
        await loading
    pauses = [(after - before).total_seconds() for before, after in pairwise(asked)]
    assert all(pause >= least for pause, least in zip(pauses, READ_PAUSES_SECONDS, strict=True))
    assert disk.counted() == (failures == 3)
    assert await own_door(sms("Before")) == HTTPStatus.OK
    assert len(messages) == (1 if failures == 3 else 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_later_minor_version_and_an_empty_file_are_read(disk: Disk, kind: str) -> None:
    content = json.loads(disk.path(kind).read_text())
    disk.path(kind).write_text(json.dumps(content | {"minor_version": 2}))
    await disk.load()
    assert state(disk.hass, TOTAL).state == "1"

    await disk.unload()
    disk.path(kind).write_text("{}")
    await disk.load()
    assert disk.set_aside() == []
    assert disk.counted() == 0


async def test_files_are_private_and_hold_no_secret(disk: Disk) -> None:
    for kind in KINDS:
        assert stat.S_IMODE(disk.path(kind).stat().st_mode) == 0o600
        assert WEBHOOK_ID not in disk.path(kind).read_text()
    assert "Before" not in disk.path("ids").read_text()


# ---- writing ----------------------------------------------------------------------


@pytest.fixture
def clock(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Stop the clock, so that time passes only where a test lets it."""
    freezer.move_to(START)
    return freezer


@dataclass
class Writing:
    """An account that is loaded, what is written of it, and when."""

    hass: HomeAssistant
    entry: MockConfigEntry
    clock: FrozenDateTimeFactory
    card: Card
    folder: Path
    post: Post

    def times(self) -> list[tuple[float, str]]:
        """Return when which of our files was written, in seconds from the start."""
        return [(round((when - START).total_seconds(), 1), kind) for when, kind in self.card.writes]

    def path(self, kind: str) -> Path:
        """Return a file's path."""
        return self.folder / f"{DOMAIN}.{self.entry.entry_id}.{kind}"

    async def say(self, *texts: str) -> None:
        """Post messages."""
        for text in texts:
            assert await self.post(sms(text)) == HTTPStatus.OK

    async def pass_time(self, seconds: float) -> None:
        """Let time pass; the loop's timers follow the clock."""
        # A little more, for the rounding of what the timers are compared with.
        self.clock.tick(seconds + 0.001)
        await settle()
        await self.hass.async_block_till_done()

    async def reload(self) -> None:
        """Load the account anew."""
        assert await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def cut_power(self) -> None:
        """Let the account come back with what is on the disk now."""
        on_disk = {kind: self.path(kind).read_bytes() for kind in KINDS if self.path(kind).exists()}
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)
        for kind in KINDS:
            self.path(kind).unlink(missing_ok=True)
        for kind, content in on_disk.items():
            self.path(kind).write_bytes(content)
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()


@pytest.fixture
def writing(
    hass: HomeAssistant,
    clock: FrozenDateTimeFactory,
    loaded: MockConfigEntry,
    card: Card,
    storage_folder: Path,
    own_door: Post,
) -> Writing:
    """Return an account of which nothing was written yet."""
    return Writing(hass, loaded, clock, card, storage_folder, own_door)


async def test_a_steady_stream_is_written_once_a_second(writing: Writing) -> None:
    for number in range(90):
        assert await writing.post(saying(number)) == HTTPStatus.OK
        await writing.pass_time(0.1)

    # The ids first: with an id unsaved a message may come again.
    assert [kind for _, kind in writing.times()] == [*KINDS] * 9
    times = [when for when, kind in writing.times() if kind == "ids"]
    # Never sooner, for the disk's sake; hardly later, for the messages'.
    for before, after in zip([0, *times], times, strict=False):
        assert 1 <= round(after - before, 1) <= 1.1


@pytest.mark.parametrize(
    ("ids", "delay"), [(0, 1), (2_000, 1), (5_000, 5), (11_000, 14), (MAX_IDS, 28)]
)
async def test_the_larger_the_files_the_rarer_they_are_written(
    writing: Writing, ids: int, delay: int
) -> None:
    assert await writing.hass.config_entries.async_unload(writing.entry.entry_id)
    days = {START.date().isoformat(): "".join(f"{number:012}" for number in range(ids))}
    stored = {"version": STORAGE_VERSION, "data": {"days": days}}
    writing.path("ids").write_text(json.dumps(stored))
    assert await writing.hass.config_entries.async_setup(writing.entry.entry_id)
    await writing.hass.async_block_till_done()

    await writing.say("One")
    for _ in range(30):
        await writing.pass_time(1)
    assert writing.times() == [(delay, "ids"), (delay, "last")]


async def test_nothing_is_written_that_did_not_change(writing: Writing) -> None:
    for _ in range(2):
        await writing.reload()
        await writing.pass_time(60)
    assert writing.card.writes == []

    await writing.say("One")
    await writing.pass_time(1)
    assert writing.times() == [(121, "ids"), (121, "last")]
    # A repetition is counted, but has no new id.
    await writing.say("One")
    await writing.reload()
    assert writing.times()[2:] == [(121, "last")]


async def test_no_message_is_written_whose_id_is_not(writing: Writing) -> None:
    """One that comes while the ids are written would be shown, and fire again."""
    await writing.say("One")
    writing.card.go_on.clear()
    writing.clock.tick(1.1)
    await settle()
    await writing.say("Two")
    writing.card.go_on.set()
    await writing.hass.async_block_till_done()
    await writing.cut_power()

    assert state(writing.hass, LAST_MESSAGE).state == "One"
    assert state(writing.hass, TOTAL).state == "1"


# ---- a disk that fails -----------------------------------------------------------------


@pytest.mark.parametrize("refused", KINDS)
async def test_a_write_that_failed_is_tried_again_by_itself(
    writing: Writing, messages: Events, refused: str
) -> None:
    writing.card.refused = {refused}
    await writing.say("One")
    for _ in range(200):
        await writing.pass_time(1)
    # Without an end, but rarer each time; and nothing that comes meanwhile makes it more.
    times = [round(when) for when, kind in writing.times() if kind == refused]
    assert times == [1, 3, 7, 15, 31, 63, 123, 183]
    # No message is written whose id is not.
    assert not writing.path("last").exists()
    await writing.say("Two")
    await writing.pass_time(1)
    assert len([kind for _, kind in writing.times() if kind == refused]) == len(times)

    writing.card.refused.clear()
    await writing.pass_time(60)
    written = len(writing.card.writes)
    await writing.pass_time(120)
    assert len(writing.card.writes) == written
    await writing.cut_power()
    messages.clear()
    await writing.say("One", "Two")
    assert messages == []
    assert state(writing.hass, TOTAL).state == "2"
    # All is as it was before, also how soon it is written.
    writing.card.writes.clear()
    await writing.say("Three")
    await writing.pass_time(1)
    assert [kind for _, kind in writing.times()] == [*KINDS]


async def test_a_disk_that_dies_is_like_one_that_is_full(
    writing: Writing, messages: Events
) -> None:
    """Core looks for the folder first, and is not prepared for what may happen there."""
    writing.card.refused, writing.card.error = {*KINDS}, OSError(5, "Input/output error")
    await writing.say("One")
    await writing.pass_time(1)
    writing.card.refused.clear()
    await writing.pass_time(2)
    await writing.cut_power()
    await writing.say("One")
    assert len(messages) == 1


async def test_a_reload_forgets_nothing_that_could_not_be_written(
    writing: Writing, messages: Events
) -> None:
    writing.card.refused = {*KINDS}
    await writing.say("One")
    for _ in range(2):
        await writing.reload()
        await writing.say("One")
        assert state(writing.hass, TOTAL).state == "1"
    await writing.reload()
    writing.card.refused.clear()
    await writing.pass_time(60)
    await writing.cut_power()
    await writing.say("One")
    assert state(writing.hass, TOTAL).state == "1"
    assert len(messages) == 1


@pytest.mark.parametrize("unloaded", [False, True])
async def test_nothing_is_left_of_an_account_that_is_removed_while_the_disk_is_full(
    writing: Writing, unloaded: bool
) -> None:
    await writing.say("One")
    await writing.pass_time(1)
    writing.card.refused = {*KINDS}
    await writing.say("Two")
    await writing.pass_time(1)
    if unloaded:
        assert await writing.hass.config_entries.async_unload(writing.entry.entry_id)
    await writing.hass.config_entries.async_remove(writing.entry.entry_id)
    writing.card.refused.clear()
    await writing.pass_time(300)
    assert not list(writing.folder.glob(f"{DOMAIN}.*"))
