"""Real files, for each test that looks at their folder, on a memory card that may fail."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
import threading
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError, write_utf8_file_atomic
import pytest

from custom_components.intellisms.const import DOMAIN


@pytest.fixture(name="hass_config_dir")
def own_config_dir(request: pytest.FixtureRequest) -> str:
    """Return a configuration folder, of the test's own if it looks at the files in it."""
    if "storage_folder" not in request.fixturenames:
        return str(request.getfixturevalue("hass_config_dir"))
    folder: Path = request.getfixturevalue("tmp_path")
    (folder / STORAGE_DIR).mkdir()
    return str(folder)


@pytest.fixture(name="hass_storage")
def storage(request: pytest.FixtureRequest) -> Any:
    """Keep what core's stores write in a dict, unless a test looks at the files."""
    files = "storage_folder" in request.fixturenames
    return None if files else request.getfixturevalue("hass_storage")


@pytest.fixture(name="storage_folder")
def folder_of_stores(hass: HomeAssistant) -> Path:
    """Return the folder that stores are written to."""
    return Path(hass.config.path(STORAGE_DIR))


class Card:
    """The card that core's stores are written to."""

    def __init__(self) -> None:
        """Begin with one that works."""
        # When which kind of our files was written, also where that failed.
        self.writes: list[tuple[datetime, str]] = []
        # The kinds of files that it does not take, and what happens instead.
        self.refused: set[str] = set()
        self.error: Exception = WriteError(OSError(28, "No space left on device"))
        # What a write of ids waits for.
        self.go_on = threading.Event()
        self.go_on.set()

    def write(self, path: str, *args: Any, **kwargs: Any) -> None:
        """Write a file as core does."""
        owner, kind = Path(path).name.split(".")[0], path.rpartition(".")[2]
        if owner == DOMAIN:
            self.writes.append((dt_util.utcnow(), kind))
            if kind == "ids":
                assert self.go_on.wait(10)
            if kind in self.refused:
                raise self.error
        write_utf8_file_atomic(path, *args, **kwargs)


@pytest.fixture(name="card")
def memory_card(storage_folder: Path) -> Iterator[Card]:
    """Return the card that stores are written to from here on."""
    card = Card()
    with patch("homeassistant.helpers.storage.write_utf8_file_atomic", card.write):
        yield card
