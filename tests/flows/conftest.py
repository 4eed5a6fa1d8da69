"""What the tests of the dialogs share: a house in Britain, and texts that are looked at."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from ..cloud import cloud_fixture  # noqa: F401
from ..texts import flow_texts  # noqa: F401
from .dialog import Flow

URL = "https://home.example.com"


@pytest.fixture(autouse=True)
async def british_home(hass: HomeAssistant) -> None:
    """Let Home Assistant be in Britain and on the internet."""
    await hass.config.async_update(external_url=URL, country="GB")


@pytest.fixture
async def flow(hass: HomeAssistant, loaded: MockConfigEntry) -> Flow:
    """Return a dialog that shows the address."""
    flow = Flow(hass, loaded)
    await flow.begin()
    return flow
