"""The repair of a contact whom Assist answers no more: raised, and gone when it is right again."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.assist_issue import CHECK_INTERVAL
from custom_components.intellisms.const import CONF_ASSIST, CONF_PERSON, DOMAIN, Issue

from .provider_api import with_keys
from .running import pass_time

AGENT = "conversation.model"

type Choose = Callable[..., None]


@pytest.fixture
def choose(hass: HomeAssistant, writing: MockConfigEntry) -> Choose:
    """Return what chooses Assist for Anna."""

    def save(agent_id: str | None, person: str | None = None, **chosen: bool) -> None:
        [anna] = [one for one in writing.subentries.values() if one.title == "Anna"]
        data = {**anna.data, CONF_PERSON: person, CONF_ASSIST: {"agent": agent_id, **chosen}}
        hass.config_entries.async_update_subentry(writing, anna, data=MappingProxyType(data))

    return save


async def raised(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return what the issues say."""
    await hass.async_block_till_done(wait_background_tasks=True)
    return [
        dict(issue.translation_placeholders or {})
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active and issue.translation_key == Issue.ASSIST_GONE
    ]


async def test_an_agent_that_goes_and_comes_back(
    hass: HomeAssistant, writing: MockConfigEntry, choose: Choose
) -> None:
    registry = er.async_get(hass)
    registry.async_get_or_create("conversation", "test", "x", suggested_object_id="model")
    # Its integration need not be loaded.
    choose(AGENT)
    assert await raised(hass) == []
    registry.async_update_entity(AGENT, disabled_by=er.RegistryEntryDisabler.USER)
    assert await raised(hass) == [{"contact": "`Anna`"}]
    registry.async_update_entity(AGENT, disabled_by=None)
    assert await raised(hass) == []
    registry.async_remove(AGENT)
    assert await raised(hass) == [{"contact": "`Anna`"}]
    choose(None)
    assert await raised(hass) == []


async def test_an_agent_without_an_entity(
    hass: HomeAssistant, writing: MockConfigEntry, choose: Choose
) -> None:
    model = MockConfigEntry(domain="test")
    model.add_to_hass(hass)
    choose(model.entry_id)
    assert await raised(hass) == []
    choose("0" * 26)
    assert len(await raised(hass)) == 1


async def test_without_keys_nobody_would_answer_anyway(
    hass: HomeAssistant, writing: MockConfigEntry, choose: Choose
) -> None:
    choose(AGENT)
    assert len(await raised(hass)) == 1
    data = {key: value for key, value in writing.data.items() if not key.endswith("_key")}
    hass.config_entries.async_update_entry(writing, data=data)
    assert await raised(hass) == []
    hass.config_entries.async_update_entry(writing, data=with_keys(data))
    assert len(await raised(hass)) == 1
    [anna] = [one for one in writing.subentries.values() if one.title == "Anna"]
    hass.config_entries.async_remove_subentry(writing, anna.subentry_id)
    assert await raised(hass) == []


async def test_a_user_who_goes(
    hass: HomeAssistant,
    writing: MockConfigEntry,
    choose: Choose,
    freezer: FrozenDateTimeFactory,
) -> None:
    await hass.auth.async_create_user("Owner")
    user = await hass.auth.async_create_user("Somebody")
    person = {"id": "anna", "name": "Somebody", "user_id": user.id}
    assert await async_setup_component(hass, "person", {"person": [person]})
    known = er.async_get(hass).async_get("person.somebody")
    assert known
    er.async_get(hass).async_get_or_create("conversation", "test", "x", suggested_object_id="model")
    choose(AGENT, known.id, as_person=True)
    assert await raised(hass) == []
    await hass.auth.async_deactivate_user(user)
    await pass_time(hass, freezer, CHECK_INTERVAL.total_seconds())
    assert len(await raised(hass)) == 1
    choose(AGENT, known.id, as_person=False)
    assert await raised(hass) == []


async def test_nothing_is_gone_before_home_assistant_has_started(
    hass: HomeAssistant, writing: MockConfigEntry, choose: Choose
) -> None:
    hass.set_state(CoreState.starting)
    choose(AGENT)
    assert await raised(hass) == []
