"""Real files in a folder of the test's own: the other tests' storage is a dict."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR, Store
import pytest

# Before a fixture puts its own in their place.
_LOAD, _WRITE = Store._async_load, Store._async_write_data


@pytest.fixture(name="hass_config_dir")
def own_config_dir(tmp_path: Path) -> str:
    """Return a configuration folder of the test's own."""
    (tmp_path / STORAGE_DIR).mkdir()
    return str(tmp_path)


@pytest.fixture(name="storage_folder")
def real_storage(hass: HomeAssistant, hass_storage: dict[str, Any]) -> Iterator[Path]:
    """Return the folder that stores are written to from here on."""
    with (
        patch.object(Store, "_async_load", _LOAD),
        patch.object(Store, "_async_write_data", _WRITE),
    ):
        yield Path(hass.config.path(STORAGE_DIR))
