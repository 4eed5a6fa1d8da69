"""What outlives a restart: the journal and the questions, which are read and written alike."""

from collections.abc import Callable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .journal import Journal
from .questions import Questions


class Memory:
    """The journal and the questions of one config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, tell: Callable[[], None]) -> None:
        """Prepare the files; `async_load` reads them.

        `tell` is called when the disk takes the files no more, or again.
        """
        self.journal = Journal(hass, entry, tell)
        self.questions = Questions(hass, entry, tell)

    async def async_load(self) -> None:
        """Read all files; one that cannot be used is set aside, and begun anew.

        What was closed and `is_unwritten` knows more than its files, and goes on.
        """
        await self.journal.async_load()
        await self.questions.async_load()

    async def async_close(self) -> None:
        """Write what is due before the entry is set up anew."""
        await self.journal.async_close()
        await self.questions.async_close()

    @property
    def is_unwritten(self) -> bool:
        """Tell whether something is not on the disk: not yet, or it could not be written."""
        return self.journal.is_unwritten or self.questions.are_unwritten

    @property
    def is_failing(self) -> bool:
        """Tell whether the disk did not take the last write."""
        return self.journal.is_failing or self.questions.are_failing

    @property
    def set_aside(self) -> int:
        """Return how many files could not be used when they were read last."""
        return self.journal.set_aside + self.questions.was_set_aside
