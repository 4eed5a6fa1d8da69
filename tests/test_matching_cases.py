"""What people type and what phones send, case by case, through real automations and dialogs.

The cases are in `cases/matching.json`: each part says itself what its rows are.
"""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import label_registry as lr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import SUBENTRY_CONTACT

from .flows.dialog import Flow, subentries
from .household import (
    ANNA,
    BEN,
    GATE,
    SHOP,
    STRANGER,
    account,
    button,
    contact,
    devices,
    posted,
    text,
    virtual_number,
)
from .running import RUN, automate, automate_by, receive, set_up, when

CASES = json.loads((Path(__file__).parent / "cases" / "matching.json").read_text())

NUMBERS = {"Gate": GATE, "Shed": SHOP}
PEOPLE = {"Alice": ANNA, "Bob": BEN, "Eve": STRANGER}
NOBODYS_LABEL = "a label nobody wears"


def rows(part: str) -> list[Any]:
    """Return the cases of a part."""
    found: list[Any] = CASES[part]["rows"]
    return found


@pytest.fixture
async def house(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account with the numbers and contacts that the cases name, loaded."""
    return await set_up(
        hass,
        account(
            [
                *(virtual_number(number, name) for name, number in NUMBERS.items()),
                contact("Alice", ANNA),
                contact("Bob", BEN),
            ]
        ),
    )


# ---- words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({}, "texts"),
        ({"match": "contains_word"}, "contains_word"),
    ],
    ids=["is", "contains_word"],
)
async def test_texts(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    options: dict[str, str],
    part: str,
) -> None:
    await automate_by(
        hass,
        *(
            when("message_received", text=wanted, **options) | {"id": f"row {row}"}
            for row, (wanted, _said, _fits) in enumerate(rows(part))
        ),
    )
    for row, (_wanted, said, fits) in enumerate(rows(part)):
        runs.clear()
        receive(house, text(said))
        await hass.async_block_till_done()
        assert (f"row {row}" in {run.data["id"] for run in runs}) is fits, row


async def test_labels_of_buttons(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await automate_by(
        hass,
        *(
            when("button_tapped", button=[wanted]) | {"id": f"row {row}"}
            for row, (wanted, _said, _fits) in enumerate(rows("texts"))
        ),
    )
    for row, (_wanted, said, fits) in enumerate(rows("texts")):
        runs.clear()
        receive(house, button(said))
        await hass.async_block_till_done()
        assert (f"row {row}" in {run.data["id"] for run in runs}) is fits, row


# ---- people -----------------------------------------------------------------------


async def is_known(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    *,
    typed: str,
    sender: str,
) -> bool:
    """Enter a contact, tell whether a message is theirs, and remove them."""
    dialog = Flow(hass, entry, SUBENTRY_CONTACT)
    await dialog.begin()
    result = await dialog.submit(name="Somebody", numbers=[typed])
    if result["type"] is FlowResultType.FORM:
        result = await dialog.submit(name="Somebody", numbers=[typed])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    receive(entry, posted(text("Sesame"), **{"from": sender}))
    somebody = subentries(entry, SUBENTRY_CONTACT)["Somebody"]
    hass.config_entries.async_remove_subentry(entry, somebody.subentry_id)
    await hass.async_block_till_done()
    assert messages[-1].data["from_known"] is (messages[-1].data["from_name"] == "Somebody")
    return bool(messages[-1].data["from_known"])


@pytest.mark.parametrize("case", rows("senders"), ids=lambda case: ascii(case["typed"]))
async def test_senders(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    case: dict[str, Any],
) -> None:
    typed, sender = case["typed"], case["posted"]
    assert await is_known(hass, house, messages, typed=typed, sender=sender) is case["known"]
    if case.get("both"):
        assert await is_known(hass, house, messages, typed=sender, sender=typed) is case["known"]


# ---- whom an automation means -----------------------------------------------------


def target(entry: MockConfigEntry, gone: str, *names: str) -> dict[str, list[str]]:
    """Return a target as the editor saves it; `gone` is the id of a device that was removed."""
    ids = devices(entry)
    labels = [name for name in names if name == NOBODYS_LABEL]
    chosen = {
        "device_id": [ids.get(name, gone) for name in names if name not in labels],
        "label_id": [name.replace(" ", "_") for name in labels],
    }
    return {kind: found for kind, found in chosen.items() if found}


@pytest.mark.parametrize("case", rows("targets"), ids=json.dumps)
async def test_targets(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall], case: dict[str, Any]
) -> None:
    lr.async_get(hass).async_create(NOBODYS_LABEL)
    removed = {"removed Alice": "Alice", "removed Bob": "Bob"}
    [gone] = [devices(house)[removed[name]] for name in case["target"] if name in removed] or [""]
    meant = target(house, gone, *case["target"])
    if "exclude" in case:
        meant["exclude"] = target(house, "", *case["exclude"])  # type: ignore[assignment]
    await automate_by(hass, when("message_received") | {"target": meant})
    for name in case["target"]:
        if name in removed:
            somebody = subentries(house, SUBENTRY_CONTACT)[removed[name]]
            hass.config_entries.async_remove_subentry(house, somebody.subentry_id)
    await hass.async_block_till_done()
    receive(house, text("Sesame", sender=PEOPLE[case["from"]], to=NUMBERS[case["to"]]))
    await hass.async_block_till_done()
    assert bool(runs) is case["runs"]


@pytest.mark.parametrize(("seconds", "fits"), rows("max_age"))
async def test_age(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
    seconds: int,
    fits: bool,
) -> None:
    freezer.move_to("2026-11-03T09:00:00+00:00")
    await automate_by(hass, when("message_received", max_age={"minutes": 5}))
    receive(house, text("Sesame", age=timedelta(seconds=-seconds)))
    await hass.async_block_till_done()
    assert bool(runs) is fits


async def test_what_can_never_match_is_refused(hass: HomeAssistant, house: MockConfigEntry) -> None:
    def meant(kind: str, option: str, value: Any) -> dict[str, Any]:
        options = {} if option == "target" else {option: value}
        chosen = value if option == "target" else {"device_id": [devices(house)["Gate"]]}
        return {**when(kind, **options), "target": chosen}

    def condition(option: str, value: Any) -> dict[str, Any]:
        chosen = meant("last_message", option, value)
        return {"condition": chosen.pop("trigger"), **chosen}

    kinds = {
        "numbers": ("message_received", "button_tapped"),
        "text": ("message_received",),
        "button": ("button_tapped",),
        "target": ("message_received", "button_tapped"),
    }
    refused = [
        *(
            {"triggers": [meant(kind, option, value)]}
            for option, value in rows("refused_options")
            for kind in kinds[option]
        ),
        *(
            {"triggers": [], "conditions": [condition(option, value)]}
            for option, value in rows("refused_options")
            if option != "button"
        ),
    ]
    # What is taken shows that nothing else than the option is what is refused.
    taken = [
        {"triggers": [meant("message_received", "text", "sesame")]},
        {"triggers": [], "conditions": [condition("numbers", [ANNA])]},
    ]
    await automate(
        hass,
        *(
            {"alias": f"One {index}", **automation, "actions": [RUN]}
            for index, automation in enumerate([*taken, *refused])
        ),
    )
    accepted = [
        index
        for index in range(len(taken) + len(refused))
        if not hass.states.is_state(f"automation.one_{index}", STATE_UNAVAILABLE)
    ]
    assert accepted == list(range(len(taken)))
