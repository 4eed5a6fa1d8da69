"""The picture of a message: what may be chosen, by whom, and what is wrong with it."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import User
from homeassistant.auth.permissions import PolicyPermissions
from homeassistant.auth.permissions.models import PermissionLookup
from homeassistant.components.media_source import MediaSource, MediaSourceItem, PlayMedia
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockUser,
    mock_integration,
    mock_platform,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.sending.media import MAX_BYTES
from custom_components.intellisms.sending.pictures import READ_SECONDS
from custom_components.intellisms.typed_numbers import TypedNumber, typed_sender
from scripts.house.provider_api import ProviderApi
from tests.cameras import GIF, JPEG, PNG, DoorCamera
from tests.cloud import FakeCloud
from tests.household import STRANGER, text
from tests.running import URL, receive, settle, state

from .conftest import Notifiers

LINK = "https://pictures.example.com/door.jpg"
REMOTE = "https://abc.ui.nabu.casa"
CAMERA = {
    "media_content_id": "media-source://camera/camera.door",
    "media_content_type": "application/vnd.apple.mpegurl",
    "metadata": {"title": "Door"},
}


async def send(
    hass: HomeAssistant, picture: Any, context: Context | None = None, **data: Any
) -> None:
    """Send a picture by WhatsApp."""
    call = {"picture": picture, "numbers": STRANGER, "channel": "whatsapp", **data}
    await hass.services.async_call(DOMAIN, "send_message", call, blocking=True, context=context)


async def why(hass: HomeAssistant, picture: Any, **data: Any) -> str:
    """Return why a picture is not sent."""
    with pytest.raises(HomeAssistantError) as caught:
        await send(hass, picture, **data)
    assert "{" not in str(caught.value)
    assert caught.value.translation_domain == DOMAIN
    return str(caught.value.translation_key)


def link(api: ProviderApi) -> str:
    """Return the link in the last message."""
    return str(api.taken[-1].object["image"]["link"])


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the folder of the house's own media."""
    hass.config.media_dirs = {"local": str(tmp_path)}
    return tmp_path


@pytest.fixture
async def media(hass: HomeAssistant, folder: Path) -> Path:
    """Set up media sources, and return the folder of local ones."""
    assert await async_setup_component(hass, "media_source", {})
    await hass.async_block_till_done()
    return folder


# ---- what may be chosen -----------------------------------------------------------


@pytest.mark.parametrize(
    ("picture", "content", "kind"),
    [
        ("camera.door", JPEG, "image/jpeg"),
        (CAMERA, JPEG, "image/jpeg"),
        ("media-source://camera/camera.door", JPEG, "image/jpeg"),
        ({"media_content_id": "camera.door"}, JPEG, "image/jpeg"),
        ("image.garden", PNG, "image/png"),
        ("media-source://image/image.garden", PNG, "image/png"),
        ("media-source://media_source/local/cat.png", PNG, "image/png"),
    ],
)
@pytest.mark.usefixtures("camera", "garden", "sending_house", "external_url")
async def test_what_is_shown_is_offered(
    hass: HomeAssistant,
    media: Path,
    api: ProviderApi,
    hass_client_no_auth: ClientSessionGenerator,
    picture: Any,
    content: bytes,
    kind: str,
) -> None:
    (media / "cat.png").write_bytes(PNG)
    await send(hass, picture, message="Look")
    assert api.taken[0].object["image"]["caption"] == "Look"
    base, token = link(api).rsplit("/", 1)
    assert base == f"{URL}/api/intellisms/media"
    assert len(token) >= 256 / 4
    client = await hass_client_no_auth()
    response = await client.get(link(api).removeprefix(URL))
    assert (await response.read(), response.content_type) == (content, kind)


@pytest.mark.usefixtures("camera", "external_url")
async def test_in_a_template_and_in_a_reply(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    receive(sending_house, text("Who is there?", channel="whatsapp"))
    known = state(hass, "event.gate_message").attributes["message_id"]
    template = {"numbers": STRANGER, "name": "door", "language": "en", "picture": "camera.door"}
    await hass.services.async_call(DOMAIN, "send_template", template, blocking=True)
    reply = {"message_id": known, "picture": "camera.door"}
    await hass.services.async_call(DOMAIN, "reply", reply, blocking=True)

    [header] = api.taken[0].object["template"]["components"]
    [shown] = header["parameters"]
    links = [shown["image"]["link"], link(api)]
    assert len(set(links)) == 2
    client = await hass_client_no_auth()
    for one in links:
        response = await client.get(one.removeprefix(URL))
        assert await response.read() == JPEG


@pytest.mark.parametrize("picture", [LINK, {"media_content_id": LINK, "media_content_type": ""}])
@pytest.mark.usefixtures("sending_house")
async def test_a_public_link_goes_out_as_it_is(
    hass: HomeAssistant, api: ProviderApi, picture: Any
) -> None:
    await send(hass, picture)
    assert link(api) == LINK


@pytest.mark.parametrize("picture", [None, ""])
@pytest.mark.usefixtures("sending_house")
async def test_none_is_chosen(hass: HomeAssistant, api: ProviderApi, picture: Any) -> None:
    await send(hass, picture, picture_url=LINK)
    assert link(api) == LINK
    await send(hass, picture, message="Hello")
    assert api.taken[-1].object == {"type": "text", "text": {"body": "Hello"}}


@pytest.mark.usefixtures("sending_house", "external_url")
async def test_above_buttons(hass: HomeAssistant, camera: DoorCamera, api: ProviderApi) -> None:
    await send(hass, "camera.door", message="Let in?", answers=["Open it"])
    header = api.taken[0].object["interactive"]["header"]
    assert header["image"]["link"].startswith(f"{URL}/api/intellisms/media/")


# ---- what is wrong with it --------------------------------------------------------


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ({}, "content_invalid"),
        ([], "content_invalid"),
        (["camera.door"], "content_invalid"),
        (True, "content_invalid"),
        ("light.door", "content_invalid"),
        ("camera", "content_invalid"),
        ("http://pictures.example.com/door.jpg", "content_invalid"),
        ("/local/door.jpg", "content_invalid"),
        ("/media/local/cat.png", "content_invalid"),
        ({"media_content_id": 5}, "content_invalid"),
        ("https:// ", "content_not_https"),
        ("camera.gone", "picture_not_found"),
        ("image.gone", "picture_not_found"),
        ("media-source://media_source/local/gone.png", "picture_not_found"),
        ("media-source://media_source/local/what", "picture_not_found"),
        ("media-source://media_source/local/../secrets.png", "picture_not_found"),
        ("media-source://media_source/elsewhere/cat.png", "picture_not_found"),
        ("media-source://nobody/cat.png", "picture_not_found"),
        ("media-source://", "picture_not_found"),
        ("media-source://camera/camera.gone", "picture_not_found"),
        ("media-source://camera/CAMERA.DOOR", "picture_not_found"),
        ("media-source://links/cat.png", "picture_no_file"),
        ("media-source://media_source/local/cat.gif", "picture_wrong_kind"),
        ("media-source://media_source/local/empty.png", "picture_wrong_kind"),
        ("media-source://media_source/local/large.png", "picture_too_large"),
    ],
)
@pytest.mark.usefixtures("camera", "garden", "sending_house", "external_url")
async def test_what_cannot_be_sent(
    hass: HomeAssistant, media: Path, api: ProviderApi, picture: Any, reason: str
) -> None:
    await link_source(hass)
    (media / "cat.gif").write_bytes(GIF)
    (media / "empty.png").write_bytes(b"")
    (media / "large.png").write_bytes(PNG.ljust(MAX_BYTES + 1))
    (media.parent / "secrets.png").write_bytes(PNG)
    assert await why(hass, picture) == reason
    assert api.taken == []


class Links(MediaSource):
    """Leads to links with a password in them."""

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        return PlayMedia(f"{LINK}?password=1", "image/png")


async def link_source(hass: HomeAssistant) -> None:
    """Add a media source that leads to links."""

    async def async_get_media_source(_hass: HomeAssistant) -> MediaSource:
        return Links("links")

    mock_integration(hass, MockModule("links"))
    mock_platform(
        hass, "links.media_source", SimpleNamespace(async_get_media_source=async_get_media_source)
    )
    assert await async_setup_component(hass, "links", {})
    await hass.async_block_till_done()


@pytest.mark.usefixtures("sending_house", "external_url")
async def test_where_no_media_is_set_up(hass: HomeAssistant) -> None:
    assert await why(hass, "media-source://media_source/local/cat.png") == "picture_not_found"
    assert await why(hass, "camera.door") == "picture_not_found"


@pytest.mark.usefixtures("sending_house", "external_url")
async def test_a_picture_and_a_link(
    hass: HomeAssistant, camera: DoorCamera, api: ProviderApi
) -> None:
    assert await why(hass, "camera.door", picture_url=LINK) == "content_too_many"
    assert (camera.asked, api.taken) == (0, [])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"channel": "sms"}, "content_wrong_channel"),
        ({"channel": "voice"}, "content_wrong_channel"),
        ({"channel": "automatic"}, "needs_whatsapp"),
        ({"answers": ["A", "B", "C", "D"]}, "content_too_many"),
        ({"answers": ["A"], "header": "Door"}, "content_too_many"),
    ],
)
@pytest.mark.usefixtures("camera", "sending_house", "external_url")
async def test_where_it_cannot_go(
    hass: HomeAssistant, api: ProviderApi, data: dict[str, Any], reason: str
) -> None:
    assert await why(hass, "camera.door", message="Look", **data) == reason
    assert api.taken == []


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (GIF, "picture_wrong_kind"),
        (b"<svg/>", "picture_wrong_kind"),
        (JPEG.ljust(MAX_BYTES + 1), "picture_too_large"),
        (JPEG.ljust(MAX_BYTES), None),
        (b"", "picture_unavailable"),
        (None, "picture_unavailable"),
        (HomeAssistantError("not today"), "picture_unavailable"),
        (TimeoutError(), "picture_unavailable"),
        (ValueError("the code is 9137"), "picture_unavailable"),
    ],
    ids=repr,
)
@pytest.mark.usefixtures("sending_house", "external_url")
async def test_what_a_camera_gives(
    hass: HomeAssistant,
    camera: DoorCamera,
    api: ProviderApi,
    caplog: pytest.LogCaptureFixture,
    shown: bytes | Exception | None,
    reason: str | None,
) -> None:
    if isinstance(shown, Exception):
        camera.error = shown
    else:
        camera.shown = shown
    if reason is None:
        await send(hass, "camera.door")
        return
    assert await why(hass, "camera.door") == reason
    assert api.taken == []
    assert "9137" not in caplog.text


@pytest.mark.parametrize("state", [{"on": False}, {"available": False}])
@pytest.mark.usefixtures("sending_house", "external_url")
async def test_a_camera_that_is_off_or_away(
    hass: HomeAssistant, camera: DoorCamera, api: ProviderApi, state: dict[str, bool]
) -> None:
    await camera.turn(**state)
    assert await why(hass, "camera.door") == "picture_unavailable"
    assert (camera.asked, api.taken) == (0, [])


@pytest.mark.usefixtures("sending_house", "external_url")
async def test_a_camera_that_does_not_answer(
    hass: HomeAssistant, camera: DoorCamera, freezer: FrozenDateTimeFactory
) -> None:
    camera.answers.clear()
    asked = hass.async_create_task(why(hass, "camera.door"))
    await camera.is_asked.wait()
    freezer.tick(READ_SECONDS - 1)
    await settle()
    assert not asked.done()
    freezer.tick(1.1)
    await settle()
    assert await asked == "picture_unavailable"


# ---- who may ----------------------------------------------------------------------


async def user_who_may(hass: HomeAssistant, **entities: Any) -> Context:
    """Return the calls of a user with these rights."""
    user: User = MockUser().add_to_hass(hass)
    lookup = PermissionLookup(er.async_get(hass), dr.async_get(hass))
    policy: Any = {"entities": {"entity_ids": entities.pop("entity_ids")}}
    user.permissions = PolicyPermissions(policy, lookup)
    return Context(user_id=user.id)


@pytest.mark.usefixtures("camera", "sending_house", "external_url")
async def test_a_user_has_to_see_it(
    hass: HomeAssistant, api: ProviderApi, notifiers: Notifiers
) -> None:
    anna = notifiers()["Anna"]
    data = {"entity_id": anna, "numbers": []}
    blind = await user_who_may(hass, entity_ids={anna: True})
    for picture in ("camera.door", CAMERA, "camera.gone"):
        with pytest.raises(Unauthorized):
            await send(hass, picture, blind, **data)
    with pytest.raises(UnknownUser):
        await send(hass, "camera.door", Context(user_id="nobody"), **data)
    assert api.taken == []

    seeing = await user_who_may(hass, entity_ids={anna: True, "camera.door": {"read": True}})
    await send(hass, CAMERA, seeing, **data)
    assert len(api.taken) == 1


# ---- where it can be fetched ------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "remote", "base"),
    [
        (URL, None, URL),
        (f"{URL}:8443", None, f"{URL}:8443"),
        (URL, REMOTE, URL),
        (None, REMOTE, REMOTE),
        ("http://home.example.com", REMOTE, REMOTE),
        ("https://homeassistant.local", REMOTE, REMOTE),
        (None, None, None),
        ("http://home.example.com", None, None),
        ("https://192.168.1.5", None, None),
    ],
)
@pytest.mark.usefixtures("cloud_with_hook")
async def test_the_address(
    hass: HomeAssistant,
    cloud: FakeCloud,
    sending_house: MockConfigEntry,
    camera: DoorCamera,
    api: ProviderApi,
    own: str | None,
    remote: str | None,
    base: str | None,
) -> None:
    await hass.config.async_update(external_url=own, internal_url="https://192.168.1.5")
    cloud.remote_url = remote
    if base is None:
        assert await why(hass, "camera.door") == "picture_without_address"
        assert (camera.asked, api.taken) == (0, [])
        return
    await send(hass, "camera.door")
    assert link(api).startswith(f"{base}/api/intellisms/media/")


@pytest.fixture
def cloud_with_hook(cloud: FakeCloud, sending_house: MockConfigEntry) -> None:
    """Let messages come by a Cloud webhook, through which nothing can be fetched."""
    cloud.hooks[sending_house.data["webhook_id"]] = {"cloudhook_url": "https://hooks.example/1"}


async def test_an_account_that_is_unloaded_meanwhile(
    hass: HomeAssistant,
    external_url: None,
    camera: DoorCamera,
    sending_house: MockConfigEntry,
    api: ProviderApi,
) -> None:
    camera.answers.clear()
    asked = hass.async_create_task(why(hass, "camera.door"))
    await camera.is_asked.wait()
    assert await hass.config_entries.async_unload(sending_house.entry_id)
    camera.answers.set()
    assert await asked == "not_loaded"
    assert api.taken == []


async def test_a_contact_who_is_removed_meanwhile(
    hass: HomeAssistant,
    external_url: None,
    camera: DoorCamera,
    sending_house: MockConfigEntry,
    api: ProviderApi,
) -> None:
    camera.answers.clear()
    asked = hass.async_create_task(why(hass, "camera.door", numbers=None, entity_id="notify.anna"))
    await camera.is_asked.wait()
    [anna] = [one for one in sending_house.subentries.values() if one.title == "Anna"]
    assert hass.config_entries.async_remove_subentry(sending_house, anna.subentry_id)
    await settle()
    camera.answers.set()
    assert await asked == "recipient_without_number"
    assert api.taken == []


@pytest.mark.parametrize("picture", [None, LINK])
async def test_an_account_that_is_unloaded_while_numbers_are_looked_at(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    monkeypatch: pytest.MonkeyPatch,
    picture: str | None,
) -> None:
    go_on = asyncio.Event()

    async def slowly(*args: Any) -> TypedNumber:
        await go_on.wait()
        return await typed_sender(*args)

    monkeypatch.setattr("custom_components.intellisms.sending.recipients.typed_sender", slowly)
    asked = hass.async_create_task(why(hass, picture, message="Hello"))
    await settle()
    assert await hass.config_entries.async_unload(sending_house.entry_id)
    go_on.set()
    assert await asked == "not_loaded"
    assert api.taken == []


async def test_keys_that_are_removed_meanwhile(
    hass: HomeAssistant,
    external_url: None,
    camera: DoorCamera,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    monkeypatch: pytest.MonkeyPatch,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    monkeypatch.setattr("custom_components.intellisms.sending.media.token_hex", lambda _: "token")
    camera.answers.clear()
    asked = hass.async_create_task(why(hass, "camera.door"))
    await camera.is_asked.wait()
    data = {key: sending_house.data[key] for key in sending_house.data if "_key" not in key}
    hass.config_entries.async_update_entry(sending_house, data=data)
    await settle()
    camera.answers.set()
    assert await asked == "send_stopped"
    assert api.taken == []
    client = await hass_client_no_auth()
    assert (await client.get("/api/intellisms/media/token")).status == 404
