"""The repairs that sending raises: no credit, more than may go in an hour, nothing reported."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.issue_registry import IssueEntry
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.intellisms.const import CONF_HOURLY_LIMIT, DOMAIN, Issue
from custom_components.intellisms.sending.balance import POLL_INTERVAL, SETTLE_SECONDS
from custom_components.intellisms.sending.sender import WINDOW_SECONDS
from scripts.house.provider_api import ProviderApi, Refusal

from .log import keep_secret
from .running import Post

TROUBLESHOOTING = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
SOON = timedelta(seconds=SETTLE_SECONDS + 1)
POLL = POLL_INTERVAL + timedelta(seconds=2)
SENDINGS = {Issue.NO_CREDIT, Issue.HOURLY_LIMIT, Issue.NO_REPORTS}


def issues(hass: HomeAssistant) -> dict[str | None, IssueEntry]:
    """Return what of sending is raised."""
    found = ir.async_get(hass).issues.values()
    ours = {one.translation_key: one for one in found if one.domain == DOMAIN and one.active}
    return {key: one for key, one in ours.items() if key in SENDINGS}


async def write(hass: HomeAssistant, text: str = "Hello there") -> bool:
    """Write to Anna; tell whether that went."""
    keep_secret(text)
    try:
        await hass.services.async_call(
            "notify",
            "send_message",
            {"entity_id": "notify.anna", "message": text},
            blocking=True,
        )
    except HomeAssistantError:
        return False
    return True


@pytest.fixture
def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Any:
    """Return what lets time pass."""

    async def pass_time(delta: timedelta) -> None:
        freezer.tick(delta)
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)

    return pass_time


# ---- no credit ----------------------------------------------------------------------


async def test_no_credit_until_there_is_some(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    api.balance = 0.0
    await later(POLL)
    issue = issues(hass)["no_credit"]
    assert not issue.is_fixable
    assert not issue.is_persistent

    for _ in range(2):
        await later(POLL)
        assert list(issues(hass)) == [Issue.NO_CREDIT]
    api.balance = 0.5
    await later(POLL)
    assert issues(hass) == {}


async def test_too_little_credit_until_there_is_more(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    """What was left when the message was refused is not enough an hour later either."""
    api.balance = 1.0
    assert not await write(hass, "x" * 200)
    assert list(issues(hass)) == [Issue.NO_CREDIT]
    for delta in (SOON, POLL):
        await later(delta)
        assert list(issues(hass)) == [Issue.NO_CREDIT]

    api.balance = 3.0
    await later(POLL)
    assert issues(hass) == {}
    assert await write(hass, "x" * 200)


# ---- the limit ----------------------------------------------------------------------


@pytest.fixture
async def limited(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> MockConfigEntry:
    """Return a household that has written as much as it may, and once more."""
    hass.config_entries.async_update_entry(writing, options={CONF_HOURLY_LIMIT: 2})
    await hass.async_block_till_done()
    assert [await write(hass) for _ in range(3)] == [True, True, False]
    assert len(api.taken) == 2
    issue = issues(hass)["hourly_limit"]
    assert issue.translation_placeholders == {"limit": "2"}
    assert not issue.is_fixable
    return writing


async def test_the_limit_until_an_hour_after_the_last_that_was_held_back(
    later: Any, hass: HomeAssistant, limited: MockConfigEntry
) -> None:
    await later(timedelta(minutes=30))
    assert not await write(hass)
    await later(timedelta(minutes=31))
    assert list(issues(hass)) == [Issue.HOURLY_LIMIT]
    assert await write(hass)
    await later(timedelta(seconds=WINDOW_SECONDS))
    assert issues(hass) == {}


async def test_the_limit_outlives_a_reload_and_ends(
    later: Any, hass: HomeAssistant, limited: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_reload(limited.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert list(issues(hass)) == [Issue.HOURLY_LIMIT]
    await later(timedelta(seconds=WINDOW_SECONDS + 1))
    assert issues(hass) == {}


async def test_another_limit_ends_it(hass: HomeAssistant, limited: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(limited, options={CONF_HOURLY_LIMIT: 3})
    await hass.async_block_till_done()
    assert issues(hass) == {}
    assert [await write(hass) for _ in range(2)] == [True, False]


# ---- nothing is reported ---------------------------------------------------------------


async def write_for_days(hass: HomeAssistant, later: Any, days: int = 3, messages: int = 3) -> None:
    """Write the first message, and the others so many days later."""
    assert await write(hass)
    await later(timedelta(days=days))
    for _ in range(messages - 1):
        assert await write(hass)


@pytest.mark.parametrize(("days", "messages"), [(3, 2), (2, 10), (0, 10)])
async def test_too_early_to_say_that_nothing_is_reported(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry, days: int, messages: int
) -> None:
    await write_for_days(hass, later, days, messages)
    assert issues(hass) == {}


async def test_nothing_is_reported_until_something_is(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry, own_door: Post
) -> None:
    await write_for_days(hass, later)
    issue = issues(hass)[Issue.NO_REPORTS]
    assert not issue.is_fixable
    assert not issue.is_persistent
    assert (issue.translation_placeholders or {}).keys() == {"since"}
    assert issue.learn_more_url
    assert issue.learn_more_url.endswith("troubleshooting.md#no-reports")
    # It outlives a restart, and is told once.
    assert await hass.config_entries.async_reload(writing.entry_id)
    await hass.async_block_till_done()
    assert await write(hass)
    assert issues(hass)[Issue.NO_REPORTS] is issue

    # Any report shows that the address is there.
    assert await own_door("msgid=1&status=2&toaddr=447700900555") == 200
    assert issues(hass) == {}
    for reload in (False, True):
        if reload:
            assert await hass.config_entries.async_reload(writing.entry_id)
        await write_for_days(hass, later)
        assert issues(hass) == {}


async def test_a_restart_before_it_is_told(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry
) -> None:
    await write_for_days(hass, later, messages=2)
    assert await hass.config_entries.async_reload(writing.entry_id)
    await hass.async_block_till_done()
    assert issues(hass) == {}
    assert await write(hass)
    assert list(issues(hass)) == [Issue.NO_REPORTS]


async def test_what_does_not_go_does_not_count(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    api.plays[None] = Refusal(word="invalid_number")
    assert not await write(hass)
    del api.plays[None]
    await later(timedelta(days=3))
    for _ in range(3):
        assert await write(hass)
    assert issues(hass) == {}


async def test_it_goes_with_the_keys(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry
) -> None:
    await write_for_days(hass, later)
    without = {key: writing.data[key] for key in writing.data if not key.endswith("_key")}
    hass.config_entries.async_update_entry(writing, data=without)
    await hass.async_block_till_done()
    assert issues(hass) == {}


async def test_who_ignores_it_sees_it_no_more(
    later: Any, hass: HomeAssistant, writing: MockConfigEntry
) -> None:
    await write_for_days(hass, later)
    issue = issues(hass)[Issue.NO_REPORTS]
    ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, ignore=True)
    with_them = writing.data
    without = {key: with_them[key] for key in with_them if not key.endswith("_key")}
    for data in (without, with_them):
        hass.config_entries.async_update_entry(writing, data=data)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert await hass.config_entries.async_reload(writing.entry_id)
    await hass.async_block_till_done()
    assert await write(hass)
    assert issues(hass)[Issue.NO_REPORTS].dismissed_version


# ---- all of them -----------------------------------------------------------------------


async def test_they_go_with_the_keys(
    later: Any, hass: HomeAssistant, limited: MockConfigEntry, api: ProviderApi
) -> None:
    api.balance = 0.0
    await later(SOON)
    assert issues(hass).keys() == {Issue.NO_CREDIT, Issue.HOURLY_LIMIT}
    without = {key: limited.data[key] for key in limited.data if not key.endswith("_key")}
    hass.config_entries.async_update_entry(limited, data=without)
    await hass.async_block_till_done()
    assert issues(hass) == {}


@pytest.mark.parametrize("issue", sorted(SENDINGS))
def test_the_documentation_says_what_to_do(issue: Issue) -> None:
    heading = issue.replace("_", " ").capitalize()
    assert f"\n### {heading}\n" in TROUBLESHOOTING.read_text()
