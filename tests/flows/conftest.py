"""What the tests of the dialogs share: a house in Britain, and a dialog."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.running import URL

from .dialog import Flow


@pytest.fixture(autouse=True)
async def british_home(hass: HomeAssistant) -> None:
    """Let Home Assistant be in Britain and on the internet."""
    await hass.config.async_update(external_url=URL, country="GB")


@pytest.fixture
async def flow(hass: HomeAssistant, loaded: MockConfigEntry) -> Flow:
    """Return a dialog that asks for another number."""
    flow = Flow(hass, loaded)
    await flow.begin()
    return flow
