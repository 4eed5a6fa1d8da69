"""The dialogs of virtual numbers and contacts as tests drive them."""

from typing import Any, override

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import SUBENTRY_VIRTUAL_NUMBER


class Flow:
    """A flow as the frontend drives it, without the HTTP."""

    def __init__(
        self, hass: HomeAssistant, entry: MockConfigEntry, kind: str = SUBENTRY_VIRTUAL_NUMBER
    ) -> None:
        """Prepare to add something of a kind to an entry."""
        self._manager = hass.config_entries.subentries
        self._hass = hass
        self._handler = (entry.entry_id, kind)
        self._entry = entry
        self.result: Any = None

    async def begin(self) -> Any:
        """Open the dialog."""
        self.result = await self._manager.async_init(self._handler, context={"source": SOURCE_USER})
        return self.result

    async def submit(self, **fields: Any) -> Any:
        """Submit a form."""
        self.result = await self._manager.async_configure(self.result["flow_id"], fields)
        await self._hass.async_block_till_done()
        return self.result

    async def choose(self, step: str) -> Any:
        """Choose from a menu."""
        return await self.submit(next_step_id=step)

    async def look(self) -> Any:
        """Load the dialog anew, as the frontend does when it is told of a change."""
        await self._hass.async_block_till_done()
        self.result = await self._manager.async_configure(self.result["flow_id"])
        return self.result

    def close(self) -> None:
        """Close the dialog."""
        self._manager.async_abort(self.result["flow_id"])


class EditFlow(Flow):
    """The flow that edits a virtual number."""

    @override
    async def begin(self) -> Any:
        """Open the dialog of the first number."""
        subentry_id = next(iter(self._entry.subentries))
        self.result = await self._entry.start_subentry_reconfigure_flow(self._hass, subentry_id)
        return self.result


def suggested(result: Any) -> dict[str, Any]:
    """Return what a form is filled in with."""
    return {
        str(field): (field.description or {}).get("suggested_value")
        for field in result["data_schema"].schema
    }


def subentries(entry: MockConfigEntry, kind: str) -> dict[str, ConfigSubentry]:
    """Return an entry's subentries of a kind by their titles."""
    return {s.title: s for s in entry.subentries.values() if s.subentry_type == kind}


def numbers(entry: MockConfigEntry) -> dict[str, str]:
    """Return the numbers by their names."""
    return {
        subentry.title: subentry.data["number"]
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_VIRTUAL_NUMBER
    }
