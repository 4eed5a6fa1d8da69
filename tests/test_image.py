"""The last picture: shown, kept and forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
import threading
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms import image as image_platform, picture
from custom_components.intellisms.const import CONF_KEEP_OFF_DISK, DOMAIN
from custom_components.intellisms.picture import (
    Picture,
    PictureError,
    PictureFetchError,
    as_picture,
    write_picture,
)

from .household import devices, household, image, text, whatsapp
from .log import keep_secret
from .running import receive, set_up

JPEG = b"\xff\xd8\xff\xe0" + b"jpeg" * 16
PNG = b"\x89PNG\r\n\x1a\n" + b"png" * 16
ENTITY = "image.gate_last_picture"
LINK = "https://media.example.com/1.jpg?secret=4711"


class Fetches:
    """Stands in for the fetching; each test says what comes of it."""

    def __init__(self) -> None:
        """Answer with a picture at once."""
        self.asked: list[str] = []
        self.outcomes: list[bytes | PictureError | asyncio.Future[bytes]] = []

    async def fetch(self, url: str) -> Picture:
        """Return the next outcome."""
        self.asked.append(url)
        outcome = self.outcomes.pop(0) if self.outcomes else JPEG
        if isinstance(outcome, asyncio.Future):
            outcome = await outcome
        if isinstance(outcome, PictureError):
            raise PictureFetchError(outcome)
        return as_picture(outcome)


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path, hass_storage: dict[str, Any]) -> Path:
    """Return the folder for pictures, of this test alone."""
    hass.config.config_dir = str(tmp_path)
    storage = tmp_path / ".storage"
    storage.mkdir()
    return storage


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> Fetches:
    """Fetch nothing."""
    fetches = Fetches()
    monkeypatch.setattr(image_platform, "async_fetch_picture", fetches.fetch)
    return fetches


@pytest.fixture
async def house(
    hass: HomeAssistant, folder: Path, fetches: Fetches, entity_registry_enabled_by_default: None
) -> MockConfigEntry:
    """Return an account with two virtual numbers, whose pictures are enabled."""
    return await set_up(hass, household())


async def _arrive(hass: HomeAssistant, entry: MockConfigEntry, body: str | None = None) -> None:
    receive(entry, body or image(LINK))
    await _settle(hass)


async def _simulate(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    data = {"virtual_number": devices(entry)["Gate"], "type": "image", "media_url": LINK}
    await hass.services.async_call(DOMAIN, "simulate_message", data, blocking=True)
    await _settle(hass)


async def _settle(hass: HomeAssistant) -> None:
    await hass.async_block_till_done(wait_background_tasks=True)


def _state(hass: HomeAssistant, entity_id: str = ENTITY) -> State:
    found = hass.states.get(entity_id)
    assert found
    return found


def _pictures(folder: Path) -> list[Path]:
    return sorted(folder.glob("*picture*"))


async def _reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_reload(entry.entry_id)
    await _settle(hass)


def _subentry_id(entry: MockConfigEntry, name: str) -> str:
    found: str
    [found] = [item.subentry_id for item in entry.subentries.values() if item.title == name]
    return found


async def test_a_picture_is_shown(
    hass: HomeAssistant,
    house: MockConfigEntry,
    fetches: Fetches,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
    messages: list[Any],
) -> None:
    assert _state(hass).state == "unknown"
    # Its icon is shown, and not a broken picture.
    assert "entity_picture" not in _state(hass).attributes
    client = await hass_client()
    freezer.move_to("2026-07-06 12:00:00.5+00:00")
    fetches.outcomes = [PNG]
    await _arrive(hass, house)
    state = _state(hass)
    assert state.state == "2026-07-06T12:00:00+00:00"
    assert state.attributes["last_error"] is None
    assert state.context.id == messages[0].context.id
    assert fetches.asked == [LINK]
    # The link is nobody's business.
    assert "4711" not in str(state.as_dict())
    response = await client.get(state.attributes["entity_picture"])
    assert (response.status, response.content_type) == (200, "image/png")
    assert await response.read() == PNG
    # Only of the number it came to.
    assert _state(hass, "image.shop_last_picture").state == "unknown"


async def test_an_error_leaves_the_last_picture(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, folder: Path
) -> None:
    await _arrive(hass, house)
    before = _state(hass)
    [path] = _pictures(folder)
    for error in PictureError:
        fetches.outcomes = [error]
        await _arrive(hass, house)
        state = _state(hass)
        assert state.state == before.state
        assert state.attributes["last_error"] == error.value
        assert path.read_bytes() == JPEG
    fetches.outcomes = [PNG]
    await _arrive(hass, house)
    assert _state(hass).attributes["last_error"] is None
    assert path.read_bytes() == PNG


async def test_a_picture_outlives_a_restart(
    hass: HomeAssistant,
    house: MockConfigEntry,
    fetches: Fetches,
    folder: Path,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
) -> None:
    client = await hass_client()
    fetches.outcomes = [PNG]
    await _arrive(hass, house)
    before = _state(hass)
    [path] = _pictures(folder)
    assert path.name == f"{DOMAIN}.{house.entry_id}.picture.{_subentry_id(house, 'Gate')}"
    assert path.stat().st_mode & 0o777 == 0o600
    freezer.tick(timedelta(days=1))
    await _reload(hass, house)
    after = _state(hass)
    assert (after.state, after.attributes["last_error"]) == (before.state, None)
    response = await client.get(after.attributes["entity_picture"])
    assert (response.content_type, await response.read()) == ("image/png", PNG)
    # Coming back fetches nothing.
    assert len(fetches.asked) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", None])
async def test_a_file_that_is_damaged(
    hass: HomeAssistant, house: MockConfigEntry, folder: Path, content: bytes | None
) -> None:
    await _arrive(hass, house)
    [path] = _pictures(folder)
    if content is None:
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(content)
    await _reload(hass, house)
    assert _state(hass).state == "unknown"


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_picture_goes_with_its_number(
    hass: HomeAssistant, house: MockConfigEntry, folder: Path, enabled: bool
) -> None:
    for number in devices(house).keys() & {"Gate", "Shop"}:
        await _arrive(hass, house, image(LINK, to=_number(house, number)))
    assert len(_pictures(folder)) == 2
    if not enabled:
        er.async_get(hass).async_update_entity(ENTITY, disabled_by=er.RegistryEntryDisabler.USER)
        await _reload(hass, house)
        assert hass.states.get(ENTITY) is None
    hass.config_entries.async_remove_subentry(house, _subentry_id(house, "Gate"))
    await _settle(hass)
    [path] = _pictures(folder)
    assert path.name.endswith(_subentry_id(house, "Shop"))


def _number(entry: MockConfigEntry, name: str) -> str:
    return str(entry.subentries[_subentry_id(entry, name)].data["number"])


async def test_a_picture_goes_with_its_number_also_while_nothing_is_loaded(
    hass: HomeAssistant, house: MockConfigEntry, folder: Path
) -> None:
    await _arrive(hass, house)
    # What a power cut leaves of a picture that is being written.
    [path] = _pictures(folder)
    path.with_name(f"{path.name}.0a1b2c3d").write_bytes(JPEG[:10])
    assert await hass.config_entries.async_unload(house.entry_id)
    hass.config_entries.async_remove_subentry(house, _subentry_id(house, "Gate"))
    await _settle(hass)
    assert await hass.config_entries.async_setup(house.entry_id)
    await _settle(hass)
    assert _pictures(folder) == []


@pytest.mark.parametrize("disabled_by", [None, ConfigEntryDisabler.USER])
async def test_pictures_go_with_the_account(
    hass: HomeAssistant,
    house: MockConfigEntry,
    folder: Path,
    disabled_by: ConfigEntryDisabler | None,
) -> None:
    await _arrive(hass, house)
    other = folder / "intellisms.another.picture.number"
    other.write_bytes(JPEG)
    await hass.config_entries.async_set_disabled_by(house.entry_id, disabled_by)
    await hass.config_entries.async_remove(house.entry_id)
    await _settle(hass)
    assert _pictures(folder) == [other]


async def test_of_two_at_once_the_newest_is_shown(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, folder: Path
) -> None:
    slow: asyncio.Future[bytes] = hass.loop.create_future()
    fetches.outcomes = [slow, PNG]
    receive(house, image(LINK))
    await asyncio.sleep(0)
    receive(house, image(LINK))
    await asyncio.sleep(0)
    slow.set_result(JPEG)
    await _settle(hass)
    assert fetches.asked == [LINK, LINK]
    [path] = _pictures(folder)
    assert path.read_bytes() == PNG


async def test_of_two_at_once_one_is_shown_although_the_newest_fails(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, folder: Path
) -> None:
    slow: asyncio.Future[bytes] = hass.loop.create_future()
    fetches.outcomes = [slow, PictureError.REFUSED]
    receive(house, image(LINK))
    await asyncio.sleep(0)
    receive(house, image(LINK))
    await asyncio.sleep(0)
    slow.set_result(JPEG)
    await _settle(hass)
    assert _state(hass).state != "unknown"
    assert _state(hass).attributes["last_error"] == "refused"
    [path] = _pictures(folder)
    assert path.read_bytes() == JPEG
    # Whichever of those that fail is heard of last, the newest one's reason counts.
    slow = hass.loop.create_future()
    fetches.outcomes = [slow, PictureError.TOO_LARGE]
    receive(house, image(LINK))
    await asyncio.sleep(0)
    receive(house, image(LINK))
    await asyncio.sleep(0)
    slow.set_exception(PictureFetchError(PictureError.TIMEOUT))
    await _settle(hass)
    assert _state(hass).attributes["last_error"] == "too_large"


@pytest.mark.parametrize(
    ("first", "others", "tried"),
    [
        # An older one is fetched only if the newer ones are not to be had.
        (JPEG, [PNG], [0, 5]),
        (PictureError.TIMEOUT, [PictureError.REFUSED, PNG], [0, 5, 4]),
        # No more than three wait.
        (JPEG, [PictureError.REFUSED] * 3, [0, 5, 4, 3]),
    ],
)
async def test_several_are_fetched_one_at_a_time_and_the_newest_first(
    hass: HomeAssistant,
    house: MockConfigEntry,
    fetches: Fetches,
    first: bytes | PictureError,
    others: list[bytes | PictureError],
    tried: list[int],
) -> None:
    slow: asyncio.Future[bytes] = hass.loop.create_future()
    fetches.outcomes = [slow, *others]
    for number in range(6):
        receive(house, image(f"{LINK}{number}"))
        await asyncio.sleep(0)
    assert fetches.asked == [f"{LINK}0"]
    if isinstance(first, PictureError):
        slow.set_exception(PictureFetchError(first))
    else:
        slow.set_result(first)
    await _settle(hass)
    assert fetches.asked == [f"{LINK}{number}" for number in tried]
    # Why the newest is not shown, if it is not.
    assert _state(hass).attributes["last_error"] == (None if others == [PNG] else "refused")


async def test_one_that_comes_meanwhile_is_fetched_before_the_older_ones(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches
) -> None:
    slow, slow_too = hass.loop.create_future(), hass.loop.create_future()
    fetches.outcomes = [slow, slow_too, PNG]
    for number in range(3):
        receive(house, image(f"{LINK}{number}"))
    await asyncio.sleep(0)
    slow.set_exception(PictureFetchError(PictureError.REFUSED))
    await asyncio.sleep(0)
    assert fetches.asked == [f"{LINK}0", f"{LINK}2"]
    receive(house, image(f"{LINK}3"))
    slow_too.set_exception(PictureFetchError(PictureError.REFUSED))
    await _settle(hass)
    assert fetches.asked == [f"{LINK}{number}" for number in (0, 2, 3)]
    assert _state(hass).attributes["last_error"] is None


async def test_a_picture_that_is_being_fetched_outlives_a_rename(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, folder: Path
) -> None:
    await _arrive(hass, house)
    # Before 2026.11 core removes the entity for a moment, and it is fetched once more.
    slow: asyncio.Future[bytes] = hass.loop.create_future()
    fetches.outcomes = [slow, PNG]
    receive(house, image(LINK))
    await asyncio.sleep(0)
    before = _state(hass)
    er.async_get(hass).async_update_entity(ENTITY, new_entity_id="image.renamed")
    await hass.async_block_till_done()
    assert hass.states.get(ENTITY) is None
    assert _state(hass, "image.renamed").state >= before.state
    if not slow.cancelled():
        slow.set_result(PNG)
    await _settle(hass)
    [path] = _pictures(folder)
    assert path.read_bytes() == PNG


async def test_a_picture_that_is_not_on_disk_outlives_a_rename(
    hass: HomeAssistant,
    house: MockConfigEntry,
    fetches: Fetches,
    folder: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    client = await hass_client()
    fetches.outcomes = [JPEG, PNG]
    await _arrive(hass, house)
    await _simulate(hass, house)
    er.async_get(hass).async_update_entity(ENTITY, new_entity_id="image.renamed")
    await _settle(hass)
    response = await client.get(_state(hass, "image.renamed").attributes["entity_picture"])
    assert await response.read() == PNG


async def test_numbers_do_not_wait_for_each_other(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, folder: Path
) -> None:
    slow: asyncio.Future[bytes] = hass.loop.create_future()
    fetches.outcomes = [slow, PNG]
    receive(house, image(LINK))
    await asyncio.sleep(0)
    receive(house, image(LINK, to=_number(house, "Shop")))
    slow.set_result(JPEG)
    await _settle(hass)
    assert {path.read_bytes() for path in _pictures(folder)} == {JPEG, PNG}


async def test_unloading_stops_the_fetching(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, folder: Path
) -> None:
    slow: asyncio.Future[bytes] = hass.loop.create_future()
    fetches.outcomes = [slow]
    receive(house, image(LINK))
    await asyncio.sleep(0)
    assert await hass.config_entries.async_unload(house.entry_id)
    assert slow.cancelled()
    assert _pictures(folder) == []


async def test_a_picture_that_is_being_written_goes_too(
    hass: HomeAssistant, house: MockConfigEntry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = asyncio.Event(), threading.Event()

    def slowly(*_args: Any) -> None:
        hass.loop.call_soon_threadsafe(begun.set)
        assert may_end.wait(10)

    monkeypatch.setattr("os.utime", slowly)
    receive(house, image(LINK))
    await begun.wait()
    removal = hass.async_create_task(hass.config_entries.async_remove(house.entry_id))
    await asyncio.sleep(0)
    assert not removal.done()
    may_end.set()
    await removal
    assert _pictures(folder) == []


async def test_a_disk_that_cannot_be_written_keeps_nothing_out(
    hass: HomeAssistant,
    house: MockConfigEntry,
    folder: Path,
    messages: list[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await _arrive(hass, house)
    [path] = _pictures(folder)
    path.with_name(f"{path.name}.0a1b2c3d").write_bytes(JPEG)
    with patch.object(Path, "unlink", side_effect=OSError(30, "Read-only file system")):
        await _reload(hass, house)
    assert "A picture could not be deleted (OSError)" in caplog.text
    receive(house, text("Sesame"))
    assert [event.data["text"] for event in messages][-1] == "Sesame"


async def test_a_picture_that_is_being_written_outlives_a_change(
    hass: HomeAssistant, house: MockConfigEntry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(unfinished: Path, path: Path) -> Path:
        asyncio.run_coroutine_threadsafe(
            picture.async_prune_pictures(hass, house), hass.loop
        ).result(10)
        return replace(unfinished, path)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", replaced)
    await _arrive(hass, house)
    assert len(_pictures(folder)) == 1


async def test_a_simulated_picture_is_not_kept(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, folder: Path
) -> None:
    await _arrive(hass, house)
    before = _state(hass)
    fetches.outcomes = [PNG]
    await _simulate(hass, house)
    assert len(fetches.asked) == 2
    [path] = _pictures(folder)
    assert path.read_bytes() == JPEG
    await _reload(hass, house)
    assert _state(hass).state == before.state


@pytest.mark.parametrize("enabled", [True, False])
async def test_nothing_is_kept_on_disk_if_so_wanted(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, folder: Path, enabled: bool
) -> None:
    await _arrive(hass, house)
    assert len(_pictures(folder)) == 1
    if not enabled:
        er.async_get(hass).async_update_entity(ENTITY, disabled_by=er.RegistryEntryDisabler.USER)
        await _reload(hass, house)
    # What is there already goes as well.
    hass.config_entries.async_update_entry(house, options={CONF_KEEP_OFF_DISK: True})
    await _settle(hass)
    assert _pictures(folder) == []
    await _arrive(hass, house)
    assert len(fetches.asked) == 1 + enabled
    assert _pictures(folder) == []
    if enabled:
        assert _state(hass).state != "unknown"
    # Wanted again, the next one is kept.
    hass.config_entries.async_update_entry(house, options={})
    await _settle(hass)
    await _arrive(hass, house)
    assert len(_pictures(folder)) == enabled


@pytest.mark.parametrize(
    ("kind", "media"),
    [
        ("image", {"link": LINK}),
        ("image", {"link": LINK, "mime_type": "application/octet-stream"}),
        ("image", {"url": LINK, "mime_type": "image/jpeg"}),
        ("document", {"link": LINK, "mime_type": "image/jpeg", "filename": "cat.jpg"}),
        ("Document", {"link": LINK, "mime_type": " IMAGE/PNG"}),
        ("sticker", {"link": LINK, "mime_type": "image/webp"}),
        ("photo", {"link": LINK, "mime_type": "image/heic; codecs=x"}),
    ],
)
async def test_a_picture_is_shown_whatever_it_was_sent_as(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, kind: str, media: dict[str, str]
) -> None:
    await _arrive(hass, house, whatsapp(kind, media))
    assert fetches.asked == [LINK]
    assert _state(hass).state != "unknown"
    [item] = _state(hass, "sensor.gate_last_message").attributes["recent"]
    assert item["picture"] == LINK


@pytest.mark.parametrize(
    "body",
    [
        text(LINK),
        whatsapp("image", {"id": "1"}),
        whatsapp("sticker", {"id": "1", "mime_type": "image/webp"}),
        whatsapp("sticker", {"link": LINK}),
        whatsapp("document", {"link": LINK, "mime_type": "application/pdf"}),
        whatsapp("document", {"link": LINK, "filename": "image/cat.jpg"}),
        whatsapp("video", {"link": LINK, "mime_type": "video/mp4"}),
        whatsapp("video", {"link": LINK}),
        whatsapp("image", {"link": LINK, "mime_type": "Video/mp4"}),
        whatsapp("audio", {"link": LINK, "mime_type": "audio/ogg"}),
    ],
)
async def test_what_is_no_picture_is_not_fetched(
    hass: HomeAssistant, house: MockConfigEntry, fetches: Fetches, body: str
) -> None:
    await _arrive(hass, house, body)
    assert fetches.asked == []
    assert _state(hass).state == "unknown"


async def test_disabled_by_default(hass: HomeAssistant, folder: Path, fetches: Fetches) -> None:
    entry = await set_up(hass, household())
    await _arrive(hass, entry)
    assert hass.states.get(ENTITY) is None
    assert fetches.asked == []
    assert _pictures(folder) == []


@pytest.mark.parametrize("error", [OSError, RuntimeError])
async def test_a_fault_says_nothing_of_the_link(
    hass: HomeAssistant,
    house: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
) -> None:
    def full(*_args: Any) -> None:
        raise error(28, LINK)

    keep_secret(LINK)
    monkeypatch.setattr("os.utime", full)
    await _arrive(hass, house)
    assert _state(hass).state != "unknown"
    assert f"Unexpected {error.__name__} while fetching a picture" in caplog.text


def test_two_at_once_do_not_write_into_each_other(tmp_path: Path) -> None:
    """Both write as far as they can, then take their places one after the other."""
    path = tmp_path / "picture"
    replace = Path.replace
    written: list[Path] = []

    def late(self: Path, target: Path) -> Path:
        written.append(self)
        if len(written) == 1:
            write_picture(path, as_picture(PNG), datetime.now(UTC))
        return replace(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", late)
        write_picture(path, as_picture(JPEG), datetime.now(UTC))
    assert len(set(written)) == 2
    assert path.read_bytes() == JPEG
    assert list(tmp_path.iterdir()) == [path]
