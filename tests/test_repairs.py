"""The repair issues: raised when something is wrong, gone when it is right again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
import json
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.issue_registry import IssueEntry
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.address_issues import ADDRESS_INTERVAL
from custom_components.intellisms.const import (
    DOMAIN,
    EVENT_AUTOMATION_RELOADED,
    MAX_UNCONFIGURED,
    SUBENTRY_VIRTUAL_NUMBER,
    Issue,
)
from custom_components.intellisms.flood_issue import FLOOD_OVER, FLOOD_PACE_SECONDS
from custom_components.intellisms.gone_choices import SOON_SECONDS
from custom_components.intellisms.issues import (
    CHECK_INTERVAL,
    QUIET,
)
from custom_components.intellisms.protocol import Message
from custom_components.intellisms.receiving.flood import MAX_MESSAGES
from custom_components.intellisms.repairs import async_create_fix_flow

from .cloud import FakeCloud
from .disk import Card
from .household import SENDER, WEBHOOK_ID, account, add, devices, sms, together, virtual_number
from .log import keep_secret
from .running import URL, Post, automate, reload_automations, set_up, state
from .texts import english, placeholders

TROUBLESHOOTING = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
OTHER_URL = "https://other.example.com"
SHOP = "+447700900999"
SHED = "+447700900123"
# The older form, which need not say what number it is for.
FORM = f"text=Hello&from={SENDER.removeprefix('+')}"
type Submit = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
# What the repair of a choice that is gone shows of the automation below.
LINK = "[Open the gate](/config/automation/edit/open)"
ADD, IGNORE = {"next_step_id": "add"}, {"next_step_id": "ignore"}
GARBAGE = '{"message": {"secret": "Alice"}}'


def our_issues(hass: HomeAssistant) -> dict[str, IssueEntry]:
    """Return what we raised, by its kind."""
    return {
        str(issue.translation_key): issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


@dataclass
class World:
    """A Home Assistant in which nothing is wrong yet."""

    hass: HomeAssistant
    entry: MockConfigEntry
    cloud: FakeCloud
    post: Post
    make_client: ClientSessionGenerator
    card: Card
    storage: Path

    def issues(self) -> dict[str, IssueEntry]:
        """Return what is raised, by its kind."""
        return our_issues(self.hass)

    async def settle(self) -> None:
        """Let everything happen that was caused."""
        await self.hass.async_block_till_done()

    async def pass_time(self, delta: timedelta) -> None:
        """Let time pass."""
        async_fire_time_changed(self.hass, dt_util.utcnow() + delta)
        await self.settle()

    async def url(self, url: str | None) -> None:
        """Change Home Assistant's external URL."""
        await self.hass.config.async_update(external_url=url)

    def update(self, **data: Any) -> None:
        """Change what the entry keeps."""
        self.hass.config_entries.async_update_entry(self.entry, data={**self.entry.data, **data})

    def device(self, name: str) -> str:
        """Return a device's id."""
        return devices(self.entry)[name]

    def remove(self, name: str) -> None:
        """Remove a virtual number."""
        subentries = self.entry.subentries.values()
        subentry_id = next(s.subentry_id for s in subentries if s.title == name)
        self.hass.config_entries.async_remove_subentry(self.entry, subentry_id)

    def add(self, number: str, name: str) -> None:
        """Add a virtual number."""
        add(self.hass, self.entry, virtual_number(number, name))

    async def reload(self) -> None:
        """Load the entry anew."""
        assert await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.settle()

    async def open_fix(self, issue: Issue) -> tuple[dict[str, Any], Submit]:
        """Open an issue's fix flow over HTTP; return what it shows, and how to submit to it."""
        client = await self.make_client()
        path = "/api/repairs/issues/fix"
        issue_id = self.issues()[issue].issue_id
        response = await client.post(path, json={"handler": DOMAIN, "issue_id": issue_id})
        shown: dict[str, Any] = await response.json()

        async def submit(fields: dict[str, Any]) -> dict[str, Any]:
            response = await client.post(f"{path}/{shown['flow_id']}", json=fields)
            answer: dict[str, Any] = await response.json()
            return answer

        return shown, submit

    async def fix(self, issue: Issue, *inputs: dict[str, Any]) -> list[dict[str, Any]]:
        """Walk through an issue's fix flow; return all that it answers."""
        shown, submit = await self.open_fix(issue)
        answers = [shown, *[await submit(fields) for fields in inputs]]
        await self.settle()
        return answers


@pytest.fixture
async def world(
    hass: HomeAssistant,
    cloud: FakeCloud,
    own_door: Post,
    hass_client: ClientSessionGenerator,
    card: Card,
    storage_folder: Path,
) -> World:
    """Return a Home Assistant in which nothing is wrong."""
    assert await async_setup_component(hass, "repairs", {})
    await hass.config.async_update(external_url=URL)
    entry = account([virtual_number(), virtual_number(SHOP, "Shop")])
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "shown_base": URL})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    world = World(hass, entry, cloud, own_door, hass_client, card, storage_folder)
    assert world.issues() == {}
    return world


# ---- what is wrong ------------------------------------------------------------------

type Step = Callable[[World], Awaitable[None]]


async def by_cloudhook(world: World) -> None:
    """Let messages come by a cloudhook; that alone is fine."""
    url = await world.cloud.async_get_or_create_cloudhook(world.hass, WEBHOOK_ID)
    world.update(reach="cloudhook", cloudhook_url=url)
    await world.settle()
    assert world.issues() == {}


async def the_url_changed(world: World) -> None:
    await world.url(OTHER_URL)


async def there_is_no_url(world: World) -> None:
    await world.url(None)


async def the_url_is_private(world: World) -> None:
    await world.url("http://192.168.1.5:8123")


async def the_subscription_ended(world: World) -> None:
    await by_cloudhook(world)
    world.cloud.subscribed = False
    await world.cloud.set_connected(connected=False)


async def the_cloudhook_was_deleted(world: World) -> None:
    await by_cloudhook(world)
    world.cloud.delete_on_its_page(WEBHOOK_ID)


async def there_is_another_cloudhook(world: World) -> None:
    await by_cloudhook(world)
    world.cloud.hooks[WEBHOOK_ID] = {"cloudhook_url": "https://hooks.example/other"}
    await world.pass_time(CHECK_INTERVAL)


async def the_cloud_is_gone(world: World) -> None:
    await by_cloudhook(world)
    world.hass.config.components.remove("cloud")
    await world.pass_time(CHECK_INTERVAL)


async def a_message_for_another_number(world: World) -> None:
    assert await world.post(sms("Open", to=SHED)) == 200


async def a_form_without_a_number(world: World) -> None:
    assert await world.post(FORM) == 200


async def something_unreadable(world: World) -> None:
    assert await world.post(GARBAGE) == 400


async def a_flood(world: World) -> None:
    many = [sms(f"Alice {number}") for number in range(MAX_MESSAGES + 3)]
    assert await world.post(together(*many)) == 503


async def the_address_was_replaced(world: World) -> None:
    flow, options = world.hass.config_entries.flow, {"next_step_id": "new_address"}
    result = await world.entry.start_reconfigure_flow(world.hass)
    for user_input in (options, {}):
        result = await flow.async_configure(result["flow_id"], user_input)
    assert result["reason"] == "address_replaced"
    keep_secret(world.entry.data["webhook_id"])
    # What is still posted to the old one tells nothing of the new one.
    assert await world.post(sms()) == 404


async def the_disk_is_full(world: World) -> None:
    world.card.refused = {"ids", "last"}
    assert await world.post(sms()) == 200
    await world.pass_time(timedelta(seconds=2))


def automation(world: World, *names: str) -> dict[str, Any]:
    """Return an automation that waits for messages to some numbers."""
    target = {"device_id": [world.device(name) for name in names]}
    trigger = {"trigger": "intellisms.message_received", "target": target}
    return {"id": "open", "alias": "Open the gate", "triggers": [trigger], "actions": []}


async def a_number_in_an_automation_was_removed(world: World) -> None:
    await automate(world.hass, automation(world, "Gate", "Shop"))
    assert world.issues() == {}
    world.remove("Shop")


CAUSES: dict[Step, Issue] = {
    the_address_was_replaced: Issue.ADDRESS_REPLACED,
    the_url_changed: Issue.ADDRESS_CHANGED,
    there_is_no_url: Issue.NOT_REACHABLE,
    the_url_is_private: Issue.NOT_REACHABLE,
    the_subscription_ended: Issue.CLOUDHOOK_GONE,
    the_cloudhook_was_deleted: Issue.CLOUDHOOK_GONE,
    there_is_another_cloudhook: Issue.CLOUDHOOK_GONE,
    the_cloud_is_gone: Issue.CLOUDHOOK_GONE,
    a_message_for_another_number: Issue.UNKNOWN_NUMBER,
    a_form_without_a_number: Issue.NO_NUMBER_NAMED,
    something_unreadable: Issue.UNREADABLE,
    a_flood: Issue.FLOOD,
    the_disk_is_full: Issue.DISK,
    a_number_in_an_automation_was_removed: Issue.CHOICE_GONE,
}
# Those are fixed elsewhere, by the steps in their text, or end by themselves.
NOT_FIXABLE = {
    Issue.ADDRESS_REPLACED,
    Issue.CHOICE_GONE,
    Issue.DISK,
    Issue.FLOOD,
    Issue.NEWER_VERSION,
    Issue.NOT_REACHABLE,
    Issue.UNREADABLE,
}


def named(step: Any) -> str | None:
    """Name a test after its steps."""
    return getattr(step, "__name__", None)


async def cause(world: World, step: Step) -> IssueEntry:
    """Make something wrong; return the one issue that tells of it."""
    await step(world)
    await world.settle()
    issues = world.issues()
    assert list(issues) == [CAUSES[step]]
    return issues[CAUSES[step]]


def test_each_issue_has_a_cause() -> None:
    # Those of sending have theirs in `test_sending_issues`, that of Assist in `test_assist_issue`.
    others = {
        Issue.ASSIST_GONE,
        Issue.HOURLY_LIMIT,
        Issue.NEWER_VERSION,
        Issue.NO_CREDIT,
        Issue.NO_REPORTS,
    }
    assert set(CAUSES.values()) | others == set(Issue)


@pytest.mark.parametrize("step", CAUSES, ids=named)
async def test_what_is_wrong_is_raised_without_a_number_in_its_id(world: World, step: Step) -> None:
    issue = await cause(world, step)
    assert issue.is_fixable is (CAUSES[step] not in NOT_FIXABLE)
    page, _, anchor = str(issue.learn_more_url).partition("#")
    assert page.endswith("/docs/troubleshooting.md")
    assert f"\n### {anchor.replace('-', ' ').capitalize()}\n" in TROUBLESHOOTING.read_text()
    texts = english()["issues"][CAUSES[step]]
    given = (issue.translation_placeholders or {}).keys()
    assert placeholders(texts["title"]) | placeholders(texts.get("description", "")) <= given
    # Core's diagnostics show all of a persistent issue.
    assert not issue.is_persistent
    assert not re.search(r"\d{9}", issue.issue_id.replace(world.entry.entry_id, ""))
    for secret in (SHED, SENDER, "Open the gate", "Alice", WEBHOOK_ID):
        assert secret.removeprefix("+") not in issue.issue_id
        assert secret.removeprefix("+") not in str(issue.to_json())


@pytest.mark.parametrize("step", CAUSES, ids=named)
async def test_it_survives_a_reload(world: World, step: Step) -> None:
    await cause(world, step)
    await world.reload()
    assert list(world.issues()) == [CAUSES[step]]


@pytest.mark.parametrize("step", CAUSES, ids=named)
async def test_removing_the_account_removes_its_issues(world: World, step: Step) -> None:
    await cause(world, step)
    await world.hass.config_entries.async_remove(world.entry.entry_id)
    await world.settle()
    assert world.issues() == {}


# ---- when it is right again ---------------------------------------------------------


async def the_url_is_back(world: World) -> None:
    await world.url(URL)


async def there_is_a_remote_url(world: World) -> None:
    world.cloud.remote_url = URL
    await world.cloud.set_connected(connected=True)


async def the_subscription_is_renewed(world: World) -> None:
    world.cloud.subscribed = True
    await world.cloud.set_connected(connected=True)


async def back_to_our_own_door(world: World) -> None:
    world.update(reach="direct", shown_base=URL)


async def the_number_is_added(world: World) -> None:
    world.add(SHED, "Shed")


async def a_form_with_a_number(world: World) -> None:
    assert await world.post(FORM, query="?to=447700900999") == 200


async def one_number_is_left(world: World) -> None:
    world.remove("Shop")


async def the_address_as_it_is_now_was_shown(world: World) -> None:
    """By *Reconfigure*, which is as good as the repair."""
    flow = world.hass.config_entries.flow
    result = await flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": world.entry.entry_id}
    )
    if result["step_id"] == "problem":
        result = await flow.async_configure(result["flow_id"], {})
    assert result["step_id"] == ("address" if world.hass.config.external_url else "no_url")
    flow.async_abort(result["flow_id"])


async def something_comes_all_the_same(world: World) -> None:
    """Through a proxy, whose name Home Assistant need not know."""
    await the_address_as_it_is_now_was_shown(world)
    await world.settle()
    # That it was looked at does not show that anything comes through it.
    assert list(world.issues()) == [Issue.NOT_REACHABLE]
    assert await world.post(sms()) == 200
    await world.settle()
    await world.reload()


async def the_cloud_has_a_remote_url_but_does_not_say_so(world: World) -> None:
    world.cloud.remote_url = URL
    await world.pass_time(ADDRESS_INTERVAL)


async def nothing_comes_for_a_while(world: World) -> None:
    await world.pass_time(QUIET)


async def nothing_comes_for_a_while_with_a_reload_in_it(world: World) -> None:
    await world.reload()
    await world.pass_time(QUIET)


async def something_comes_to_the_new_address(world: World) -> None:
    assert await world.post(sms(), webhook_id=world.entry.data["webhook_id"]) == 200


async def something_unreadable_comes_to_the_new_address_and_goes(world: World) -> None:
    assert await world.post(GARBAGE, webhook_id=world.entry.data["webhook_id"]) == 400
    await world.pass_time(QUIET)


async def the_disk_has_space_again(world: World) -> None:
    """Nothing new has to come."""
    world.card.refused.clear()
    await world.pass_time(timedelta(minutes=1))


async def the_disk_has_space_again_after_a_reload(world: World) -> None:
    await world.reload()
    assert list(world.issues()) == [Issue.DISK]
    await the_disk_has_space_again(world)


async def a_reload_with_space_again(world: World) -> None:
    world.card.refused.clear()
    await world.reload()


async def there_was_no_flood_for_an_hour(world: World) -> None:
    await world.pass_time(FLOOD_OVER)


async def there_was_no_flood_for_an_hour_with_a_reload_in_it(world: World) -> None:
    await world.reload()
    await world.pass_time(FLOOD_OVER)


async def the_automation_is_changed(world: World) -> None:
    await reload_automations(world.hass, automation(world, "Gate"))


async def the_automation_is_changed_and_the_account_reloaded(world: World) -> None:
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    await reload_automations(world.hass)
    await world.hass.config_entries.async_setup(world.entry.entry_id)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (the_url_changed, the_url_is_back),
        (the_url_changed, the_address_as_it_is_now_was_shown),
        (there_is_no_url, the_url_is_back),
        (there_is_no_url, something_comes_all_the_same),
        (the_url_is_private, something_comes_all_the_same),
        (there_is_no_url, there_is_a_remote_url),
        (there_is_no_url, the_cloud_has_a_remote_url_but_does_not_say_so),
        (the_url_is_private, the_url_is_back),
        (the_subscription_ended, the_subscription_is_renewed),
        (the_subscription_ended, back_to_our_own_door),
        (the_cloudhook_was_deleted, back_to_our_own_door),
        (a_message_for_another_number, the_number_is_added),
        (a_form_without_a_number, a_form_with_a_number),
        (a_form_without_a_number, one_number_is_left),
        (something_unreadable, nothing_comes_for_a_while),
        (something_unreadable, nothing_comes_for_a_while_with_a_reload_in_it),
        (the_address_was_replaced, something_comes_to_the_new_address),
        (the_address_was_replaced, something_unreadable_comes_to_the_new_address_and_goes),
        (the_disk_is_full, the_disk_has_space_again),
        (the_disk_is_full, the_disk_has_space_again_after_a_reload),
        (the_disk_is_full, a_reload_with_space_again),
        (a_flood, there_was_no_flood_for_an_hour),
        (a_flood, there_was_no_flood_for_an_hour_with_a_reload_in_it),
        (a_number_in_an_automation_was_removed, the_automation_is_changed),
        (
            a_number_in_an_automation_was_removed,
            the_automation_is_changed_and_the_account_reloaded,
        ),
    ],
    ids=named,
)
async def test_it_is_gone_when_its_cause_is_gone(world: World, wrong: Step, right: Step) -> None:
    await cause(world, wrong)
    await right(world)
    await world.settle()
    assert world.issues() == {}


async def test_a_url_that_went_away_is_told_although_messages_came(world: World) -> None:
    assert await world.post(sms()) == 200
    await cause(world, there_is_no_url)
    await world.reload()
    assert list(world.issues()) == [Issue.NOT_REACHABLE]
    # One that took its place proves nothing of the next.
    assert await world.post(sms("Again")) == 200
    await world.settle()
    assert world.issues() == {}
    await the_url_is_private(world)
    assert Issue.NOT_REACHABLE in world.issues()


async def test_unreadable_posts_that_go_on_keep_it_open(world: World) -> None:
    await cause(world, something_unreadable)
    await world.pass_time(QUIET - timedelta(minutes=1))
    await something_unreadable(world)
    # The first one's time is over, the second one's is not.
    assert list(world.issues()) == [Issue.UNREADABLE]


async def test_a_disk_that_stays_full_is_told_again_to_an_account_that_was_disabled(
    world: World,
) -> None:
    await cause(world, the_disk_is_full)
    manager, entry_id = world.hass.config_entries, world.entry.entry_id
    await manager.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    assert world.issues() == {}
    await manager.async_set_disabled_by(entry_id, None)
    await world.settle()
    assert list(world.issues()) == [Issue.DISK]


async def one_message_too_many(world: World, number: int = 0) -> None:
    assert await world.post(sms(f"Late {number}")) == 503


def count_of_flood(world: World) -> str | None:
    """Return how many messages were put off as far as is told."""
    return (world.issues()[Issue.FLOOD].translation_placeholders or {}).get("count")


async def test_a_flood_tells_how_much_was_put_off_and_since_when(
    world: World, freezer: FrozenDateTimeFactory
) -> None:
    async def told_after(minutes: int) -> dict[str, str] | None:
        freezer.tick(timedelta(minutes=minutes))
        async_fire_time_changed(world.hass)
        await world.settle()
        issue = world.issues().get(Issue.FLOOD)
        return issue.translation_placeholders if issue else None

    await world.hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to("2027-06-30T21:59:00+00:00")
    await a_flood(world)
    assert await told_after(0) == {"count": "3", "since": "2027-06-30 23:59"}
    # What was put off came again, and others with it, of which one was too many.
    assert await told_after(50) == {"count": "3", "since": "2027-06-30 23:59"}
    many = [sms(f"Bob {number}") for number in range(MAX_MESSAGES + 1)]
    assert await world.post(together(*many)) == 503
    assert await told_after(0) == {"count": "4", "since": "2027-06-30 23:59"}

    assert await told_after(10) == {"count": "4", "since": "2027-06-30 23:59"}
    await world.reload()
    assert await told_after(49) == {"count": "4", "since": "2027-06-30 23:59"}
    assert await told_after(1) is None
    await world.post(together(*many))
    assert world.issues() == {}


async def test_a_flood_is_told_anew_once_a_minute_at_most(
    world: World, freezer: FrozenDateTimeFactory
) -> None:
    changes = async_capture_events(world.hass, ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED)

    async def told_after(seconds: int) -> tuple[str | None, int]:
        freezer.tick(seconds)
        async_fire_time_changed(world.hass)
        await world.settle()
        return count_of_flood(world), len(changes)

    await a_flood(world)
    assert await told_after(0) == ("3", 1)
    for number in range(30):
        await one_message_too_many(world, number)
    assert await told_after(FLOOD_PACE_SECONDS - 1) == ("3", 1)
    assert await told_after(1) == ("33", 2)
    assert await told_after(FLOOD_PACE_SECONDS) == ("33", 2)


async def test_what_was_put_off_last_is_told_before_a_reload(world: World) -> None:
    await a_flood(world)
    await one_message_too_many(world)
    assert count_of_flood(world) == "3"
    await world.reload()
    assert count_of_flood(world) == "4"


async def test_what_was_put_off_last_is_not_told_of_a_disabled_entry(world: World) -> None:
    await a_flood(world)
    await one_message_too_many(world)
    await world.hass.config_entries.async_set_disabled_by(
        world.entry.entry_id, ConfigEntryDisabler.USER
    )
    await world.settle()
    assert world.issues() == {}


async def test_nothing_is_raised_while_home_assistant_starts(
    hass: HomeAssistant, cloud: FakeCloud, entry: MockConfigEntry
) -> None:
    """The Cloud may need a while to know its own address."""
    hass.set_state(CoreState.starting)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.config.async_update(external_url="http://192.168.1.5")
    await hass.async_block_till_done()
    assert our_issues(hass) == {}
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await hass.async_block_till_done()
    assert list(our_issues(hass)) == [Issue.NOT_REACHABLE]


async def test_without_a_url_no_address_counts_as_shown(world: World) -> None:
    await cause(world, there_is_no_url)
    await the_address_as_it_is_now_was_shown(world)
    await world.url(OTHER_URL)
    await world.settle()
    assert list(world.issues()) == [Issue.ADDRESS_CHANGED]
    form, _ = await world.fix(Issue.ADDRESS_CHANGED, {})
    assert form["description_placeholders"] == {"url": f"{OTHER_URL}/api/intellisms/{WEBHOOK_ID}"}
    assert world.issues() == {}


@pytest.mark.parametrize(
    ("target", "missed"),
    [
        ({"device_id": "{Gate}"}, None),
        ({"device_id": "{Shop}"}, "`Shop`"),
        ({"device_id": ["{Gate}", "{Shop}"]}, "`Shop`"),
        ({"entity_id": ["event.gate_message"]}, None),
        ({"entity_id": "event.shop_message"}, "`event.shop_message`"),
        ({"entity_id": "light.kitchen", "device_id": "{Shop}"}, "`light.kitchen`, `Shop`"),
        ({"label_id": "nobody"}, "`nobody`"),
        ({"area_id": "attic"}, "`attic`"),
        # Who was never there has no name.
        ({"device_id": "0" * 32}, f"`{'0' * 32}`"),
        ({}, None),
        # What core refuses, it tells itself.
        ({"device_id": "{{ x }}"}, None),
        ({"device_id": []}, None),
    ],
    ids=str,
)
async def test_which_choice_is_told(
    world: World, target: dict[str, Any], missed: str | None
) -> None:
    ids = {f"{{{name}}}": world.device(name) for name in ("Gate", "Shop")}
    config = automation(world)
    config["triggers"][0]["target"] = {
        kind: [ids.get(one, one) for one in chosen]
        if isinstance(chosen, list)
        else ids.get(chosen, chosen)
        for kind, chosen in target.items()
    }
    await automate(world.hass, config)
    world.remove("Shop")
    await world.settle()
    told = world.issues().get(Issue.CHOICE_GONE)
    assert (told and told.translation_placeholders) == (
        missed and {"automation": LINK, "missed": missed}
    )


async def test_who_is_excluded_and_gone_is_told(world: World) -> None:
    """Also where core has no `exclude` yet: the automation is looked at as it is written."""
    config = automation(world, "Gate")
    config["triggers"][0]["target"]["exclude"] = {"device_id": world.device("Shop")}
    assert await async_setup_component(world.hass, "automation", {"automation": [config]})
    assert world.issues() == {}
    world.remove("Shop")
    await world.settle()
    told = world.issues()[Issue.CHOICE_GONE].translation_placeholders or {}
    assert told["missed"] == "`Shop`"


async def test_what_is_switched_off_waits_for_nobody(world: World) -> None:
    config = automation(world, "Shop")
    config["triggers"][0]["enabled"] = False
    await automate(world.hass, config)
    world.remove("Shop")
    await world.settle()
    assert world.issues() == {}


async def test_a_name_is_known_as_long_as_somebody_misses_it(world: World) -> None:
    await automate(world.hass, automation(world, "Gate", "Shop"))
    gate = world.device("Gate")
    dr.async_get(world.hass).async_update_device(gate, name_by_user="Front gate")
    for name in ("Gate", "Shop"):
        world.remove(name)
    await world.settle()

    def missed() -> Any:
        return (world.issues()[Issue.CHOICE_GONE].translation_placeholders or {})["missed"]

    def kept() -> Any:
        path = world.storage / f"{DOMAIN}.{world.entry.entry_id}.last"
        return json.loads(path.read_text())["data"]["missed"]

    assert missed() == "`Front gate`, `Shop`"
    # As after a restart, which forgets all issues.
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert sorted(kept().values()) == ["Front gate", "Shop"]
    ir.async_get(world.hass).issues.clear()
    await world.hass.config_entries.async_setup(world.entry.entry_id)
    await world.settle()
    assert missed() == "`Front gate`, `Shop`"
    await reload_automations(world.hass)
    await world.settle()
    assert world.issues() == {}
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert kept() == {}


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, "[Open the gate](/config/automation/edit/open)"),
        ({"id": "a/b c"}, "[Open the gate](/config/automation/edit/a%2Fb%20c)"),
        ({"alias": "[Open](x)"}, "[(Open)(x)](/config/automation/edit/open)"),
        # One from YAML, without an id, cannot be edited in the browser.
        ({"id": None}, "Open the gate"),
    ],
    ids=str,
)
async def test_the_link_to_an_automation(world: World, more: dict[str, Any], shown: str) -> None:
    config = automation(world, "Shop") | more
    config = {key: value for key, value in config.items() if value is not None}
    await automate(world.hass, config)
    world.remove("Shop")
    await world.settle()
    told = world.issues()[Issue.CHOICE_GONE].translation_placeholders or {}
    assert told["automation"] == shown


async def a_choice_in_a_script_is_gone(world: World) -> None:
    target = {"device_id": world.device("Shop")}
    condition = {"condition": "intellisms.last_message", "target": target}
    script = {"alias": "Lock up", "sequence": [{"if": condition, "then": []}]}
    assert await async_setup_component(world.hass, "script", {"script": {"lock": script}})
    world.remove("Shop")
    await world.settle()
    issue = world.issues()[Issue.CHOICE_GONE]
    assert issue.translation_placeholders == {
        "automation": "[Lock up](/config/script/edit/lock)",
        "missed": "`Shop`",
    }


async def test_hundreds_of_automations_are_looked_at_a_part_at_a_time(world: World) -> None:
    count = 60
    config = automation(world, "Shop")
    automations = [{**config, "id": f"{n}", "alias": f"Number {n}"} for n in range(count)]
    await automate(world.hass, *automations)
    world.remove("Shop")
    # What began at once has let others have their turn meanwhile.
    await asyncio.sleep(0)
    assert Issue.CHOICE_GONE not in world.issues()
    # Looking anew takes the place of that.
    world.hass.bus.async_fire(EVENT_AUTOMATION_RELOADED)
    await world.hass.async_block_till_done(wait_background_tasks=True)
    told = [
        (issue.translation_placeholders or {})["automation"]
        for issue in ir.async_get(world.hass).issues.values()
        if issue.translation_key == Issue.CHOICE_GONE
    ]
    assert told == [f"[Number {n}](/config/automation/edit/{n})" for n in range(count)]


async def test_a_script_that_was_changed_is_looked_at(world: World) -> None:
    await a_choice_in_a_script_is_gone(world)
    with patch("homeassistant.config.load_yaml_config_file", return_value={"script": {}}):
        await world.hass.services.async_call("script", "reload", blocking=True)
    await world.pass_time(timedelta(seconds=SOON_SECONDS))
    assert world.issues() == {}


@pytest.mark.parametrize(
    ("step", "entity_id"),
    [
        (a_number_in_an_automation_was_removed, "automation.open_the_gate"),
        (a_choice_in_a_script_is_gone, "script.lock"),
    ],
    ids=named,
)
async def test_what_was_deleted_waits_for_nothing(world: World, step: Step, entity_id: str) -> None:
    await step(world)
    await world.settle()
    assert list(world.issues()) == [Issue.CHOICE_GONE]
    er.async_get(world.hass).async_remove(entity_id)
    await world.pass_time(timedelta(seconds=SOON_SECONDS))
    assert world.issues() == {}


@pytest.mark.parametrize("step", CAUSES, ids=named)
async def test_an_account_that_is_disabled_asks_for_nothing(world: World, step: Step) -> None:
    await cause(world, step)
    entry_id, manager = world.entry.entry_id, world.hass.config_entries
    await manager.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    await world.pass_time(CHECK_INTERVAL)
    assert world.issues() == {}


# ---- fixing it ----------------------------------------------------------------------


async def test_an_address_for_each_number_where_none_is_named(world: World) -> None:
    await cause(world, a_form_without_a_number)
    gate = world.device("Gate")
    dr.async_get(world.hass).async_update_device(gate, name_by_user="Front `gate`")
    form, done = await world.fix(Issue.NO_NUMBER_NAMED, {})
    assert (form["type"], form["step_id"]) == ("form", "confirm")
    url = f"{URL}/api/intellisms/{WEBHOOK_ID}?to="
    assert form["description_placeholders"] == {
        "addresses": f"- `Front 'gate'`: `{url}44771012346`\n- `Shop`: `{url}447700900999`"
    }
    assert done["type"] == "create_entry"
    assert world.issues() == {}


async def test_an_address_where_there_is_no_number_yet(world: World) -> None:
    for name in ("Gate", "Shop"):
        world.remove(name)
    await cause(world, a_form_without_a_number)
    (form,) = await world.fix(Issue.NO_NUMBER_NAMED)
    url = f"{URL}/api/intellisms/{WEBHOOK_ID}?to="
    assert form["description_placeholders"] == {"addresses": f"- `{url}...`"}


async def test_no_address_for_a_number_without_a_url(world: World) -> None:
    await cause(world, a_form_without_a_number)
    await world.url(None)
    (answer,) = await world.fix(Issue.NO_NUMBER_NAMED)
    assert (answer["type"], answer["reason"]) == ("abort", "no_other_way")


async def test_what_cannot_be_read_is_shown_as_its_shape_with_where_to_report_it(
    world: World,
) -> None:
    issue = await cause(world, something_unreadable)
    assert issue.translation_placeholders == {
        "shape": "{message: {?: text}}",
        "tracker": "https://github.com/intellisms-ha/intellisms/issues",
    }


async def test_what_nobody_can_mend_is_counted_and_logged_and_no_repair(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    bad = sms().replace('{"messages": [', '{"messages": ["Alice", [], ')
    for _ in range(2):
        assert await world.post(bad) == 200
    assert caplog.text.count("holds something that is not a message") == 1
    assert world.entry.runtime_data.journal.account.ignored["bad_element"] == 4
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    (world.storage / f"{DOMAIN}.{world.entry.entry_id}.ids").write_text("[]")
    await world.hass.config_entries.async_setup(world.entry.entry_id)
    await world.settle()
    assert "A storage file cannot be used" in caplog.text
    assert world.issues() == {}


async def test_a_number_is_added_and_shows_what_came(world: World) -> None:
    issue = await cause(world, a_message_for_another_number)
    assert issue.translation_placeholders == {"number": SHED}
    menu, form, done = await world.fix(Issue.UNKNOWN_NUMBER, ADD, {"name": "Shed"})
    assert (menu["step_id"], menu["menu_options"]) == ("init", ["add", "ignore"])
    told = {"number": SHED, "sender": SENDER, "text": "Open"}
    assert menu["description_placeholders"] == told
    assert (form["step_id"], form["description_placeholders"]) == ("add", {"number": SHED})
    assert [field["name"] for field in form["data_schema"]] == ["name"]
    assert done["type"] == "create_entry"
    assert world.issues() == {}
    assert state(world.hass, "sensor.shed_last_message").state == "Open"
    (shed,) = [s for s in world.entry.subentries.values() if s.title == "Shed"]
    assert (shed.subentry_type, dict(shed.data)) == (SUBENTRY_VIRTUAL_NUMBER, {"number": SHED})


async def test_a_number_needs_a_name(world: World) -> None:
    await cause(world, a_message_for_another_number)
    _, _, again, done = await world.fix(
        Issue.UNKNOWN_NUMBER, ADD, {"name": " "}, {"name": " Shed "}
    )
    assert again["errors"] == {"name": "name_missing"}
    assert again["description_placeholders"] == {"number": SHED}
    assert done["type"] == "create_entry"
    assert "Shed" in [subentry.title for subentry in world.entry.subentries.values()]


async def test_a_number_that_was_added_while_the_dialog_was_open(world: World) -> None:
    await cause(world, a_message_for_another_number)
    for choice in ([ADD, {"name": "Garage"}], [IGNORE]):
        _, submit = await world.open_fix(Issue.UNKNOWN_NUMBER)
        *before, last = choice
        for fields in before:
            await submit(fields)
        world.add(SHED, "Shed")
        await world.settle()
        answer = await submit(last)
        assert (answer["type"], answer["reason"]) == ("abort", "already_configured")
        assert world.issues() == {}
        world.remove("Shed")
        assert await world.post(sms("Again", to=SHED)) == 200


async def test_a_hostile_number_stays_a_word(world: World) -> None:
    hostile = "`![x](https://evil.example/x.png)\n\n# Gate"
    assert await world.post(sms(to=hostile)) == 200
    issue = world.issues()[Issue.UNKNOWN_NUMBER]
    shown = {"number": "'![x](https://evil.example/x.png) # Gate"}
    assert issue.translation_placeholders == shown
    _, form, done = await world.fix(Issue.UNKNOWN_NUMBER, ADD, {"name": "Odd"})
    assert form["description_placeholders"] == shown
    assert done["type"] == "create_entry"
    assert world.issues() == {}


async def test_no_more_issues_than_messages_that_are_kept(world: World) -> None:
    numbers = [f"+4477009{n:05}" for n in range(MAX_UNCONFIGURED + 5)]
    for number in numbers:
        assert await world.post(sms(to=number)) == 200

    def told() -> list[str]:
        return [
            str(issue.data["number"])
            for issue in ir.async_get(world.hass).issues.values()
            if issue.translation_key == Issue.UNKNOWN_NUMBER and issue.data
        ]

    assert told() == numbers[5:]
    await world.reload()
    assert told() == numbers[5:]
    world.add(numbers[-1], "Shed")
    await world.settle()
    assert told() == numbers[5:-1]


async def test_a_new_address_does_not_make_it_two(world: World) -> None:
    """Its id is keyed, so that the number cannot be guessed from it."""
    issue = await cause(world, a_message_for_another_number)
    replaced = [*world.entry.data["replaced_ids"], WEBHOOK_ID]
    world.update(webhook_id="new", replaced_ids=replaced)
    await world.settle()
    assert world.issues()[Issue.UNKNOWN_NUMBER].issue_id == issue.issue_id
    world.add(SHED, "Shed")
    await world.settle()
    assert world.issues() == {}


async def again(world: World) -> None:
    assert await world.post(sms("Again", to=SHED)) == 200


async def after_a_reload(world: World) -> None:
    await world.reload()


async def disabled_for_a_while(world: World) -> None:
    manager, entry_id = world.hass.config_entries, world.entry.entry_id
    await manager.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    await manager.async_set_disabled_by(entry_id, None)


async def after_many_others(world: World) -> None:
    for number in range(MAX_UNCONFIGURED + 1):
        assert await world.post(sms(to=f"+4477009{number:05}")) == 200


@pytest.mark.parametrize(
    "then", [again, after_a_reload, disabled_for_a_while, after_many_others], ids=named
)
async def test_an_ignored_number_stays_ignored(world: World, then: Step) -> None:
    issue = await cause(world, a_message_for_another_number)
    _, done = await world.fix(Issue.UNKNOWN_NUMBER, IGNORE)
    assert (done["type"], done["reason"]) == ("abort", "ignored")
    await then(world)
    await again(world)
    ignored = ir.async_get(world.hass).async_get_issue(DOMAIN, issue.issue_id)
    assert ignored
    assert ignored.dismissed_version
    # Only until the number is added.
    world.add(SHED, "Shed")
    await world.settle()
    assert ir.async_get(world.hass).async_get_issue(DOMAIN, issue.issue_id) is None


async def test_simulated_messages_raise_nothing(world: World) -> None:
    for to in (SHED, None):
        message = Message(key="", type="text", channel="sms", to=to, sender=SENDER, text="Hello")
        world.entry.runtime_data.receiver.async_simulate(message)
    assert world.issues() == {}


async def test_the_address_that_changed(world: World) -> None:
    await cause(world, the_url_changed)
    (form,) = await world.fix(Issue.ADDRESS_CHANGED)
    assert form["description_placeholders"] == {"url": f"{OTHER_URL}/api/intellisms/{WEBHOOK_ID}"}
    # Shown is not pasted.
    assert world.entry.data["shown_base"] == URL
    _, done = await world.fix(Issue.ADDRESS_CHANGED, {})
    assert done["type"] == "create_entry"
    assert world.entry.data["shown_base"] == OTHER_URL
    assert world.issues() == {}
    await world.url(URL)
    assert list(world.issues()) == [Issue.ADDRESS_CHANGED]


async def test_a_cloudhook_that_was_deleted_is_made_anew(world: World) -> None:
    await cause(world, the_cloudhook_was_deleted)
    form, done = await world.fix(Issue.CLOUDHOOK_GONE, {})
    url = world.cloud.hooks[WEBHOOK_ID]["cloudhook_url"]
    assert form["description_placeholders"] == {"url": url}
    assert done["type"] == "create_entry"
    assert (world.entry.data["reach"], world.entry.data["cloudhook_url"]) == ("cloudhook", url)
    assert world.issues() == {}


async def test_our_own_door_in_the_place_of_a_cloudhook(world: World) -> None:
    await cause(world, the_subscription_ended)
    form, done = await world.fix(Issue.CLOUDHOOK_GONE, {})
    assert form["description_placeholders"] == {"url": f"{URL}/api/intellisms/{WEBHOOK_ID}"}
    assert done["type"] == "create_entry"
    assert (world.entry.data["reach"], world.entry.data["shown_base"]) == ("direct", URL)
    assert world.issues() == {}


async def test_an_address_that_changes_while_it_is_shown_is_shown_again(world: World) -> None:
    await cause(world, the_url_changed)
    _, submit = await world.open_fix(Issue.ADDRESS_CHANGED)
    await world.url("https://third.example.com")
    for expected in ("form", "create_entry"):
        assert (await submit({}))["type"] == expected
    assert world.entry.data["shown_base"] == "https://third.example.com"
    assert world.issues() == {}


async def test_an_address_whose_url_goes_away_while_it_is_shown_is_not_shown(
    world: World,
) -> None:
    await cause(world, the_url_changed)
    _, submit = await world.open_fix(Issue.ADDRESS_CHANGED)
    await world.url(None)
    answer = await submit({})
    assert (answer["type"], answer["reason"]) == ("abort", "no_other_way")


async def test_a_private_address_does_not_take_a_cloudhooks_place(world: World) -> None:
    await cause(world, the_subscription_ended)
    await the_url_is_private(world)
    (answer,) = await world.fix(Issue.CLOUDHOOK_GONE)
    assert (answer["type"], answer["reason"]) == ("abort", "no_other_way")


async def test_a_cloudhook_for_which_there_is_nothing_else(world: World) -> None:
    await cause(world, the_subscription_ended)
    await world.url(None)
    (answer,) = await world.fix(Issue.CLOUDHOOK_GONE)
    assert (answer["type"], answer["reason"]) == ("abort", "no_other_way")
    assert list(world.issues()) == [Issue.CLOUDHOOK_GONE]


async def test_a_fix_for_an_account_that_is_gone(world: World) -> None:
    """Core opens what it finds in its registry; the account may have gone in between."""
    gone: dict[str, Any] = {"issue": Issue.UNKNOWN_NUMBER, "entry_id": "gone", "number": SHED}
    for data in (None, gone):
        flow = await async_create_fix_flow(world.hass, "x", data)
        assert type(flow).__name__ == "ConfirmRepairFlow"


# ---- an older release ---------------------------------------------------------------


async def test_a_downgrade_says_so(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, own_door: Post
) -> None:
    entry = account([virtual_number()], version=2)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert "has version 2 which is higher than the current version 1" in caplog.text
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"newer_version_{entry.entry_id}")
    assert issue
    assert not issue.is_fixable
    # The provider keeps the messages until the newer release is back.
    assert await own_door(sms()) == 503
    await hass.config_entries.async_remove(entry.entry_id)
    assert our_issues(hass) == {}


async def test_an_entry_of_a_later_minor_version_is_read(
    hass: HomeAssistant, own_door: Post
) -> None:
    entry = account([virtual_number()], version=1, minor_version=7)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"newer_version_{entry.entry_id}") is None
    assert await own_door(sms()) == 200
