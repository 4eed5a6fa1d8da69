"""The picture of a message: a public link, or what is read here and offered to the provider.

The integrations of cameras, images and media are imported only where they are set up: waiting for
them would open the doors for messages later.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant, ServiceCall, split_entity_id, valid_entity_id
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..address import public_base_url
from ..const import DOMAIN, MEDIA_PATH
from ..faults import log_fault
from ..picture import Picture, PictureFetchError, as_picture
from ..protocol import ContentError, ContentProblem
from ..receiving.data import IntelliSMSConfigEntry
from .errors import SendingError
from .letters import explained
from .media import DATA_MEDIA, MAX_BYTES, NoRoomError
from .refusals import check_rights, refused

FIELD: Final = "picture"
READ_SECONDS: Final = 10
# WhatsApp shows no others.
_KINDS: Final = frozenset({"image/jpeg", "image/png"})
_ENTITIES: Final = (Platform.CAMERA, Platform.IMAGE)
_MEDIA_SOURCE: Final = "media_source"
_SCHEME: Final = "media-source://"


@asynccontextmanager
async def async_picture(
    call: ServiceCall, entry: IntelliSMSConfigEntry
) -> AsyncGenerator[Callable[[], str | None]]:
    """Yield what returns a link to the picture in `picture` or `picture_url`, None if there is none.

    A link is for one recipient: ask for one for each letter. Make the letters and send them within
    the block; what is not sent is offered to nobody. Whatever is wrong with the picture is raised
    before the block begins: ServiceValidationError, Unauthorized, or HomeAssistantError where it
    cannot be had now.
    """
    with explained():
        wanted = _wanted(call.data)
    if wanted is None or wanted.startswith("https://"):
        _check_loaded(entry)
        link_of_all = wanted or call.data.get("picture_url")
        yield lambda: str(link_of_all) if link_of_all else None
        return
    entity_id = _entity_id(wanted)
    if entity_id is not None:
        await check_rights(call, POLICY_READ, entity_id)
    if (base := public_base_url(call.hass)) is None:
        raise refused(translation_key="picture_without_address")
    media = call.hass.data[DATA_MEDIA]
    links: list[str] = []

    def link() -> str:
        """Offer it to one more recipient."""
        token = media.async_offer(picture, entry)
        links.append(f"{base}{MEDIA_PATH.format(token=token)}")
        return links[-1]

    try:
        async with media.async_hold(partial(_async_read, call.hass, wanted, entity_id)) as picture:
            _check_loaded(entry)
            yield link
    except NoRoomError:
        raise _failed(translation_key="picture_no_room") from None
    except SendingError:
        # Some went, and whoever offers them hears which did not.
        raise
    except Exception:
        for one in links:
            media.async_withdraw(one)
        raise


def _wanted(data: Mapping[str, Any]) -> str | None:
    """Return the picture that is chosen: a link, an entity id or the id of a media source; or None."""
    given = data.get(FIELD)
    if given is None or given == "":
        return None
    if data.get("picture_url"):
        raise ContentError(ContentProblem.TOO_MANY, field=f"{FIELD}, picture_url", limit=1)
    wanted = given.get("media_content_id") if isinstance(given, Mapping) else given
    if not isinstance(wanted, str) or not (
        wanted.startswith(("https://", _SCHEME)) or _entity_id(wanted)
    ):
        raise ContentError(ContentProblem.INVALID, field=FIELD)
    return wanted


def _entity_id(wanted: str) -> str | None:
    """Return the camera or image that is meant, None where it is neither.

    The media source of a camera leads to its stream, so what is taken is the entity's picture.
    """
    for domain in _ENTITIES:
        entity_id = wanted.removeprefix(f"{_SCHEME}{domain}/")
        if valid_entity_id(entity_id) and split_entity_id(entity_id)[0] == domain:
            return entity_id
    return None


def _check_loaded(entry: IntelliSMSConfigEntry) -> None:
    """Refuse an account that was unloaded while numbers or the picture were looked at."""
    if entry.state is not ConfigEntryState.LOADED:
        raise refused(translation_key="not_loaded")


# ---- reading ----------------------------------------------------------------------


async def _async_read(hass: HomeAssistant, wanted: str, entity_id: str | None) -> Picture:
    """Return a picture that WhatsApp can show."""
    if entity_id is None:
        content = await _got(_from_media(hass, wanted), FIELD)
    else:
        content = await _got(_from_entity(hass, entity_id), entity_id)
    if len(content) > MAX_BYTES:
        raise _failed(translation_key="picture_too_large")
    try:
        picture = as_picture(content)
    except PictureFetchError:
        raise _failed(translation_key="picture_wrong_kind") from None
    if picture.content_type not in _KINDS:
        raise _failed(translation_key="picture_wrong_kind")
    return picture


async def _got(reading: Awaitable[bytes], what: str) -> bytes:
    """Return what is read within a time; an error that names `what` where there is none."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await reading
    except ServiceValidationError:
        raise
    except TimeoutError, OSError, HomeAssistantError:
        pass
    # It is another integration's, and may fail as it likes.
    except Exception as err:  # noqa: BLE001
        log_fault(err, "reading a picture")
    raise _failed(translation_key="picture_unavailable", what=what)


async def _from_entity(hass: HomeAssistant, entity_id: str) -> bytes:
    """Return what a camera or image shows now."""
    domain = split_entity_id(entity_id)[0]
    state = hass.states.get(entity_id)
    if state is None or domain not in hass.config.components:
        raise refused(translation_key="picture_not_found", what=entity_id)
    if state.state == STATE_UNAVAILABLE:
        raise _failed(translation_key="picture_unavailable", what=entity_id)
    if domain == Platform.CAMERA:
        from homeassistant.components import camera

        return (await camera.async_get_image(hass, entity_id, timeout=READ_SECONDS)).content
    from homeassistant.components import image

    return (await image.async_get_image(hass, entity_id, timeout=READ_SECONDS)).content


async def _from_media(hass: HomeAssistant, media_id: str) -> bytes:
    """Return the file that a media source leads to.

    One that leads to a link is refused, as core's own actions do: such links hold passwords.
    """
    if _MEDIA_SOURCE not in hass.config.components:
        raise refused(translation_key="picture_not_found", what=FIELD)
    from homeassistant.components import media_source

    try:
        found = await media_source.async_resolve_media(hass, media_id, None)
    # Core asserts that the name of a file tells its kind, and looks up a source that is not named.
    except media_source.Unresolvable, AssertionError, LookupError, ValueError:
        raise refused(translation_key="picture_not_found", what=FIELD) from None
    if found.path is None:
        raise refused(translation_key="picture_no_file")
    return await hass.async_add_executor_job(_read_file, found.path)


def _read_file(path: Path) -> bytes:
    """Return a file, or so much of it that it is seen to be too large. Blocks."""
    if not path.is_file():
        raise refused(translation_key="picture_not_found", what=FIELD)
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _failed(*, translation_key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=translation_key,
        translation_placeholders=placeholders,
    )
