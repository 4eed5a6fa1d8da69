"""The pictures on disk: the last one of each virtual number."""

from datetime import UTC, datetime
import logging
import os
from pathlib import Path
from secrets import token_hex

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from .const import CONF_KEEP_OFF_DISK, DOMAIN
from .picture import Picture, PictureFetchError, as_picture

_LOGGER = logging.getLogger(__name__)


def picture_path(hass: HomeAssistant, entry_id: str, subentry_id: str = "") -> Path:
    """Return where a virtual number's picture lies; without one, how all of them begin."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}.picture.{subentry_id}"))


async def async_prune_pictures(
    hass: HomeAssistant, entry: ConfigEntry, *, unfinished: bool = False
) -> None:
    """Delete the pictures of numbers that are gone, and all while none may be kept.

    With `unfinished` also what a power cut left of one: only while none is being written.
    """
    keep_off_disk = entry.options.get(CONF_KEEP_OFF_DISK, False)
    kept = frozenset() if keep_off_disk else frozenset(entry.subentries)
    beginning = picture_path(hass, entry.entry_id)
    await hass.async_add_executor_job(_prune, beginning, kept, unfinished)


def _prune(beginning: Path, kept: frozenset[str], unfinished: bool) -> None:
    for path in beginning.parent.glob(f"{beginning.name}*"):
        subentry_id, _, part = path.name.removeprefix(beginning.name).partition(".")
        if unfinished if part else subentry_id not in kept:
            # A disk that cannot be written to must not keep messages out.
            try:
                path.unlink(missing_ok=True)
            except OSError as err:
                _LOGGER.warning("A picture could not be deleted (%s)", type(err).__name__)


def read_picture(path: Path) -> tuple[Picture, datetime] | None:
    """Return a picture and when it came, None if there is none. Blocks."""
    try:
        picture = as_picture(path.read_bytes())
        return picture, datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError, PictureFetchError:
        return None


def write_picture(path: Path, picture: Picture, when: datetime) -> None:
    """Put a picture in the place of the one before. Blocks."""
    # One of its own for each: two may be written at a time.
    unfinished = path.with_name(f"{path.name}.{token_hex(4)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(picture.content)
    os.utime(unfinished, (when.timestamp(), when.timestamp()))
    unfinished.replace(path)
