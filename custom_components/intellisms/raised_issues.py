"""The repair issues of a config entry, as Home Assistant's issue registry has them.

No number is part of an issue's id, which is kept on the disk and stands in core's diagnostics.
"""

from datetime import datetime, timedelta
from hashlib import blake2b

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.issue_registry import IssueEntry, IssueSeverity

from .const import CONF_REPLACED_IDS, DOCS_URL, DOMAIN, ENTRY_VERSION, Issue


class Issues:
    """The repair issues of one config entry.

    What is raised is looked up in the issue registry, which outlives a reload of the entry.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Raise nothing yet."""
        self._hass = hass
        self._entry = entry

    def set(self, issue: Issue, *, present: bool, fixable: bool = False) -> None:
        """Raise an issue of which there is only one, or clear it."""
        if present:
            self.create(issue, fixable=fixable)
        else:
            self.clear(issue)

    def create(
        self,
        issue: Issue,
        about: str = "",
        *,
        fixable: bool = False,
        placeholders: dict[str, str] | None = None,
        data: dict[str, str | int | float] | None = None,
    ) -> None:
        """Raise an issue, or bring the one that is raised up to date.

        `about` tells several of a kind apart, as a number does; `data` is what its repair and
        we ourselves want to know later.
        """
        # An issue is never persistent, since core's diagnostics would show what it is about.
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self.id(issue, about),
            is_fixable=fixable,
            severity=IssueSeverity.WARNING,
            translation_key=issue,
            translation_placeholders=placeholders,
            learn_more_url=_help_url(issue),
            data={"issue": issue, "entry_id": self._entry.entry_id, **(data or {})},
        )

    def raised(self, issue: Issue) -> list[IssueEntry]:
        """Return what is raised of a kind, the oldest first.

        All of it is this entry's: the manifest allows no second.
        """
        return [
            raised
            for raised in ir.async_get(self._hass).issues.values()
            if raised.active and raised.domain == DOMAIN and raised.translation_key == issue
        ]

    def get(self, issue: Issue) -> IssueEntry | None:
        """Return an issue of which there is only one, if it is raised."""
        raised = ir.async_get(self._hass).async_get_issue(DOMAIN, self.id(issue, ""))
        return raised if raised and raised.active else None

    def clear(self, issue: Issue, about: str = "") -> None:
        """Delete an issue, if it is raised."""
        ir.async_delete_issue(self._hass, DOMAIN, self.id(issue, about))

    def id(self, issue: Issue, about: str) -> str:
        """Return an issue's id, which does not tell what it is about."""
        if not about:
            return f"{issue}_{self._entry.entry_id}"
        # The digest has a key, or whoever sees it could try out the few numbers there are. The
        # key is the first webhook id that the account had: with the present one, a new address
        # would make a second issue of the same. BLAKE2b takes keys of at most 64 bytes.
        data = self._entry.data
        first = [*data[CONF_REPLACED_IDS], data[CONF_WEBHOOK_ID]][0]
        digest = blake2b(about.encode(), digest_size=8, key=first.encode()[:64]).hexdigest()
        return f"{issue}_{self._entry.entry_id}_{digest}"


class Expiry:
    """Clears an issue of which there is only one when a time has passed, unless it begins anew."""

    def __init__(self, hass: HomeAssistant, issues: Issues, issue: Issue) -> None:
        """Wait for nothing yet."""
        self._hass = hass
        self._issues = issues
        self._issue = issue
        self._stop_waiting: CALLBACK_TYPE | None = None

    @callback
    def async_begin(self, delay: timedelta) -> None:
        """Begin to wait, or begin anew."""
        self.async_stop()
        self._stop_waiting = async_call_later(self._hass, delay, self._is_over)

    @callback
    def async_stop(self) -> None:
        """Wait no more; the issue stays, as it outlives a reload of the entry."""
        if self._stop_waiting:
            self._stop_waiting()
            self._stop_waiting = None

    @callback
    def _is_over(self, _now: datetime) -> None:
        self._stop_waiting = None
        self._issues.clear(self._issue)


@callback
def async_check_version(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say so if an entry was made by a newer release; core will not load it."""
    if entry.version > ENTRY_VERSION:
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{Issue.NEWER_VERSION}_{entry.entry_id}",
            is_fixable=False,
            severity=IssueSeverity.ERROR,
            translation_key=Issue.NEWER_VERSION,
            learn_more_url=_help_url(Issue.NEWER_VERSION),
        )


@callback
def async_clear_issues(hass: HomeAssistant, entry_id: str, *, ignored_too: bool) -> None:
    """Delete the issues of an entry; deleting one forgets that a person ignores it."""
    for issue in list(ir.async_get(hass).issues.values()):
        is_ours = issue.domain == DOMAIN and entry_id in issue.issue_id
        if is_ours and (ignored_too or not issue.dismissed_version):
            ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


def _help_url(issue: Issue) -> str:
    """Return the address of what the documentation says of an issue."""
    return f"{DOCS_URL}/troubleshooting.md#{issue.replace('_', '-')}"
