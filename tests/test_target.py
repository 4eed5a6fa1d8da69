"""Targets, looked up in the registries of a real account, for messages that were really posted."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntries
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.target import TARGET, TARGET_AS_WRITTEN, Target, async_find

from .household import ANNA, BEN, CARL, GATE, SHOP, STRANGER, add, contact, devices, text
from .running import receive

ELSEWHERE = "+447700900555"
SENDERS = (ANNA, BEN, STRANGER)
NUMBERS = (GATE, SHOP, ELSEWHERE)
# What the events say of them; who and what is not configured has no name.
ANYONE = "Anna Ben None"
ANYWHERE = "Gate Shop None"
NOBODY = NOWHERE = ""

# By the words of the tables below: the kind of id, and the id once it is known.
type Ids = dict[str, tuple[str, str]]
type Told = list[Mapping[str, Any]]
type Tell = Callable[[], Awaitable[Told]]


@pytest.fixture
def ids(hass: HomeAssistant, house: MockConfigEntry) -> Ids:
    """Give the house areas, labels and neighbours; return all that a target can name."""
    device, entity = dr.async_get(hass), er.async_get(hass)
    area, label, floor = ar.async_get(hass), lr.async_get(hass), fr.async_get(hass)
    listed = devices(house)
    for name in ("family", "entrances", "mixed", "nobody", "outdoors", "hushed"):
        label.async_create(name)
    outside = floor.async_create("outside").floor_id
    garden = area.async_create("garden", floor_id=outside, labels={"outdoors"}).id
    cellar, porch, study = (area.async_create(name).id for name in ("cellar", "porch", "study"))
    account = next(
        one
        for one in dr.async_entries_for_config_entry(device, house.entry_id)
        if (DOMAIN, house.entry_id) in one.identifiers
    )
    others = MockConfigEntry(domain="lamps")
    others.add_to_hass(hass)
    lamp = device.async_get_or_create(
        config_entry_id=others.entry_id,
        identifiers={("lamps", "1")},
        model_id="virtual_number",
        model="Virtual number",
    )
    helper = entity.async_get_or_create("sensor", "helpers", "1", device_id=listed["Gate"])
    device.async_update_device(listed["Gate"], area_id=garden, labels={"entrances", "mixed"})
    device.async_update_device(listed["Anna"], labels={"family", "mixed"})
    device.async_update_device(listed["Ben"], labels={"family"})
    device.async_update_device(listed["Shop"], area_id=porch)
    device.async_update_device(lamp.id, area_id=cellar)
    device.async_update_device(account.id, area_id=study, labels={"outdoors"})
    for entry in er.async_entries_for_device(entity, listed["Ben"]):
        entity.async_update_entity(entry.entity_id, hidden_by=er.RegistryEntryHider.USER)
    entity.async_update_entity("event.ben_message", labels={"hushed"}, area_id=cellar)
    entity.async_update_entity("event.anna_message", disabled_by=er.RegistryEntryDisabler.USER)
    hass.config_entries.async_remove_subentry(house, _subentry_id(house, "Carl"))
    return {
        **{name: ("device_id", device_id) for name, device_id in listed.items()},
        "account": ("device_id", account.id),
        "lamp": ("device_id", lamp.id),
        "no device": ("device_id", "0" * 32),
        "Gate's": ("entity_id", "event.gate_message"),
        "Gate's diagnosis": ("entity_id", "sensor.gate_messages_received"),
        "Gate's helper": ("entity_id", helper.entity_id),
        "Anna's disabled": ("entity_id", "event.anna_message"),
        "Ben's hidden": ("entity_id", "event.ben_message"),
        "no entity": ("entity_id", "event.old_message"),
        "a light": ("entity_id", "light.kitchen"),
        **{name: ("area_id", name) for name in ("garden", "cellar", "porch", "study", "attic")},
        **{name: ("floor_id", name) for name in ("outside", "upstairs")},
        **{name: ("label_id", name) for name in ("family", "entrances", "mixed", "hushed")},
        **{name: ("label_id", name) for name in ("nobody", "outdoors", "no label")},
    }


@pytest.fixture
def tell(
    hass: HomeAssistant,
    house: MockConfigEntry,
    ids: Ids,
    messages: list[Event[dict[str, Any]]],
) -> Tell:
    """Let each sender write to each number; return the events."""

    async def tell() -> Told:
        messages.clear()
        for number in NUMBERS:
            for sender in SENDERS:
                receive(house, text("Open", sender=sender, to=number))
        await hass.async_block_till_done()
        assert len(messages) == len(SENDERS) * len(NUMBERS)
        return [event.data for event in messages]

    return tell


def _subentry_id(entry: MockConfigEntry, name: str) -> str:
    found = next(key for key, subentry in entry.subentries.items() if subentry.title == name)
    return str(found)


def _ids(ids: Ids, words: str) -> dict[str, Any]:
    """Return a target as core shapes it of the words for what it names."""
    target: dict[str, Any] = {}
    for word in filter(None, words.split(", ")):
        kind, one = ids[word]
        target.setdefault(kind, []).append(one)
    return target


def _target(hass: HomeAssistant, ids: Ids, named: str, excluded: str = "") -> Target:
    config = _ids(ids, named)
    if excluded:
        config["exclude"] = _ids(ids, excluded)
    return Target(hass, config)


def _fitting(target: Target, told: Told) -> set[tuple[str, str]]:
    """Return from whom and to which number the messages are that fit."""
    return {
        (str(event["from_name"]), str(event["to_name"]))
        for event in told
        if target.now.fits(event["device_id"], event["from_device_id"])
    }


def _all_of(senders: str, numbers: str) -> set[tuple[str, str]]:
    return {(sender, number) for sender in senders.split() for number in numbers.split()}


# ---- whom it means ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "excluded", "senders", "numbers"),
    [
        # No target leaves the number open, and the sender to the other options.
        ("", "", ANYONE, ANYWHERE),
        # Each kind are alternatives; both are required where both are named.
        ("Gate", "", ANYONE, "Gate"),
        ("Gate, Shop", "", ANYONE, "Gate Shop"),
        ("Anna", "", "Anna", ANYWHERE),
        ("Anna, Ben", "", "Anna Ben", ANYWHERE),
        ("Gate, Anna", "", "Anna", "Gate"),
        ("Gate, Shop, Anna, Ben", "", "Anna Ben", "Gate Shop"),
        # What finds nothing of ours makes a contact required.
        ("Carl", "", NOBODY, NOWHERE),
        ("Gate, Carl", "", NOBODY, NOWHERE),
        ("Anna, Carl", "", "Anna", ANYWHERE),
        ("Gate, Anna, Carl", "", "Anna", "Gate"),
        ("Gate, nobody", "", NOBODY, NOWHERE),
        ("nobody", "", NOBODY, NOWHERE),
        ("no label", "", NOBODY, NOWHERE),
        ("attic", "", NOBODY, NOWHERE),
        ("upstairs", "", NOBODY, NOWHERE),
        ("no device", "", NOBODY, NOWHERE),
        ("Gate, no entity", "", NOBODY, NOWHERE),
        ("Gate, a light", "", NOBODY, NOWHERE),
        ("Gate, lamp", "", NOBODY, NOWHERE),
        ("cellar", "", NOBODY, NOWHERE),
        ("account", "", NOBODY, NOWHERE),
        ("Gate, account", "", NOBODY, NOWHERE),
        ("study", "", NOBODY, NOWHERE),
        # By entity, also one that is disabled, hidden or of somebody else on our device.
        ("Gate's", "", ANYONE, "Gate"),
        ("Gate's diagnosis", "", ANYONE, "Gate"),
        ("Gate's helper", "", ANYONE, "Gate"),
        ("Anna's disabled", "", "Anna", ANYWHERE),
        ("Ben's hidden", "", "Ben", ANYWHERE),
        ("Gate's, Ben", "", "Ben", "Gate"),
        # By area, floor and label; an area's label as well.
        ("garden", "", ANYONE, "Gate"),
        ("garden, porch", "", ANYONE, "Gate Shop"),
        ("outside", "", ANYONE, "Gate"),
        ("garden, Anna", "", "Anna", "Gate"),
        ("entrances", "", ANYONE, "Gate"),
        ("outdoors", "", ANYONE, "Gate"),
        ("family", "", "Anna Ben", ANYWHERE),
        ("mixed", "", "Anna", "Gate"),
        ("entrances, family", "", "Anna Ben", "Gate"),
        # A hidden entity is reached by its device, but not by a label of its own.
        ("Ben", "", "Ben", ANYWHERE),
        ("hushed", "", NOBODY, NOWHERE),
        # What is excluded never fits, as number or as sender, whatever is targeted.
        ("Gate", "Anna", "Ben None", "Gate"),
        ("Gate", "family", "None", "Gate"),
        ("Gate, Anna", "Anna", NOBODY, NOWHERE),
        ("Gate", "Gate", NOBODY, NOWHERE),
        ("family", "Ben", "Anna", ANYWHERE),
        ("Anna", "Gate", "Anna", "Shop None"),
        ("Anna", "garden, porch", "Anna", "None"),
        ("Anna", "outdoors", "Anna", "Shop None"),
        ("garden, porch", "Gate's", ANYONE, "Shop"),
        ("mixed", "mixed", NOBODY, NOWHERE),
        ("", "Anna", "Ben None", ANYWHERE),
        # Hidden or not.
        ("Gate", "Ben's hidden", "Anna None", "Gate"),
        ("Gate", "hushed", "Anna None", "Gate"),
        ("Gate", "cellar", "Anna None", "Gate"),
        # Who was excluded and is gone is a stranger by now.
        ("Gate", "Carl", "Anna Ben", "Gate"),
        ("Gate", "Anna, Carl", "Ben", "Gate"),
        ("Gate", "nobody", "Anna Ben", "Gate"),
        ("Gate", "study", "Anna Ben", "Gate"),
        ("Gate, Anna", "Carl", "Anna", "Gate"),
        # A number that was excluded and is gone is one that nobody has added.
        ("", "no device", "Anna Ben", "Gate Shop"),
        ("Anna", "no device", "Anna", "Gate Shop"),
        ("Anna", "no entity", "Anna", "Gate Shop"),
    ],
)
async def test_who_is_meant(
    hass: HomeAssistant,
    ids: Ids,
    tell: Tell,
    named: str,
    excluded: str,
    senders: str,
    numbers: str,
) -> None:
    target = _target(hass, ids, named, excluded)
    assert _fitting(target, await tell()) == _all_of(senders, numbers)


@pytest.mark.parametrize(
    ("named", "excluded", "fits"),
    [
        ("", "", True),
        ("Gate", "", True),
        ("Shop", "", False),
        # As good as a contact, also where none is left.
        ("Gate, Anna", "", True),
        ("Gate, Carl", "", True),
        ("Carl", "", True),
        ("Shop, Carl", "", False),
        # Known, but not let in past an exclusion.
        ("Gate", "Carl", True),
        ("Gate", "Gate", False),
        ("Anna", "Ben", False),
    ],
)
async def test_sender_whose_number_is_listed(
    hass: HomeAssistant, ids: Ids, named: str, excluded: str, fits: bool
) -> None:
    targeted = _target(hass, ids, named, excluded).now
    assert targeted.fits(ids["Gate"][1], ids["Ben"][1], listed=True) is fits


@pytest.mark.parametrize(
    ("named", "excluded", "numbers", "contacts"),
    [
        ("", "", "", ""),
        ("Gate", "", "Gate", ""),
        ("Gate, Shop, Anna", "", "Gate Shop", "Anna"),
        ("family", "", "", "Anna Ben"),
        ("Anna's disabled", "", "", "Anna"),
        ("Gate, Carl", "", "Gate", ""),
        ("Gate", "Anna", "Gate", ""),
        ("hushed", "", "", ""),
    ],
)
@pytest.mark.parametrize("loaded", [True, False], ids=["loaded", "not loaded"])
async def test_devices_are_told_before_the_account_is_loaded(
    hass: HomeAssistant,
    house: MockConfigEntry,
    ids: Ids,
    loaded: bool,
    named: str,
    excluded: str,
    numbers: str,
    contacts: str,
) -> None:
    if not loaded:
        await hass.config_entries.async_unload(house.entry_id)
    targeted = _target(hass, ids, named, excluded).now
    assert set(targeted.numbers or ()) == {ids[name][1] for name in numbers.split()}
    assert set(targeted.contacts or ()) == {ids[name][1] for name in contacts.split()}


async def test_one_id_tells_what_it_finds(hass: HomeAssistant, ids: Ids) -> None:
    assert async_find(hass, *ids["mixed"]).keys() == {ids["Gate"][1], ids["Anna"][1]}
    assert async_find(hass, *ids["Carl"]) == {}
    assert async_find(hass, *ids["hushed"]) == {}
    assert async_find(hass, *ids["hushed"], hidden=True).keys() == {ids["Ben"][1]}


# ---- when something changes ---------------------------------------------------------


def _relabel(hass: HomeAssistant, ids: Ids, _entry: MockConfigEntry) -> None:
    dr.async_get(hass).async_update_device(ids["Ben"][1], labels=set())


def _relabel_entity(hass: HomeAssistant, _ids: Ids, _entry: MockConfigEntry) -> None:
    er.async_get(hass).async_update_entity("event.shop_message", labels={"nobody"})


def _unhide(hass: HomeAssistant, _ids: Ids, _entry: MockConfigEntry) -> None:
    er.async_get(hass).async_update_entity("event.ben_message", hidden_by=None)


def _rename(hass: HomeAssistant, _ids: Ids, _entry: MockConfigEntry) -> None:
    er.async_get(hass).async_update_entity("event.gate_message", new_entity_id="event.moved")


def _move(hass: HomeAssistant, ids: Ids, _entry: MockConfigEntry) -> None:
    dr.async_get(hass).async_update_device(ids["Shop"][1], area_id="garden")


def _lower(hass: HomeAssistant, _ids: Ids, _entry: MockConfigEntry) -> None:
    ar.async_get(hass).async_update("porch", floor_id="outside")


def _forget_label(hass: HomeAssistant, _ids: Ids, _entry: MockConfigEntry) -> None:
    lr.async_get(hass).async_delete("family")


def _forget_area(hass: HomeAssistant, _ids: Ids, _entry: MockConfigEntry) -> None:
    ar.async_get(hass).async_delete("garden")


def _forget_floor(hass: HomeAssistant, _ids: Ids, _entry: MockConfigEntry) -> None:
    fr.async_get(hass).async_delete("outside")


def _remove_anna(hass: HomeAssistant, _ids: Ids, entry: MockConfigEntry) -> None:
    hass.config_entries.async_remove_subentry(entry, _subentry_id(entry, "Anna"))


@pytest.mark.parametrize(
    ("change", "named", "excluded", "before", "after"),
    [
        (_relabel, "family", "", ("Anna Ben", ANYWHERE), ("Anna", ANYWHERE)),
        (_relabel_entity, "nobody", "", (NOBODY, NOWHERE), (ANYONE, "Shop")),
        (_unhide, "hushed", "", (NOBODY, NOWHERE), ("Ben", ANYWHERE)),
        (_rename, "Gate's", "", (ANYONE, "Gate"), (NOBODY, NOWHERE)),
        (_move, "garden", "", (ANYONE, "Gate"), (ANYONE, "Gate Shop")),
        (_lower, "outside", "", (ANYONE, "Gate"), (ANYONE, "Gate Shop")),
        (_forget_label, "family", "", ("Anna Ben", ANYWHERE), (NOBODY, NOWHERE)),
        (_forget_area, "garden", "", (ANYONE, "Gate"), (NOBODY, NOWHERE)),
        (_forget_floor, "outside", "", (ANYONE, "Gate"), (NOBODY, NOWHERE)),
        (_remove_anna, "Gate, Anna", "", ("Anna", "Gate"), (NOBODY, NOWHERE)),
        (_remove_anna, "mixed, Ben", "", ("Anna Ben", "Gate"), ("Ben", "Gate")),
        (_remove_anna, "Gate", "Anna", ("Ben None", "Gate"), ("Ben", "Gate")),
    ],
)
async def test_change_is_seen_at_the_next_message(
    hass: HomeAssistant,
    house: MockConfigEntry,
    ids: Ids,
    tell: Tell,
    change: Callable[[HomeAssistant, Ids, MockConfigEntry], None],
    named: str,
    excluded: str,
    before: tuple[str, str],
    after: tuple[str, str],
) -> None:
    target = _target(hass, ids, named, excluded)
    assert _fitting(target, await tell()) == _all_of(*before)
    change(hass, ids, house)
    await hass.async_block_till_done()
    assert _fitting(target, await tell()) == _all_of(*after)


async def test_account_that_is_removed(
    hass: HomeAssistant, house: MockConfigEntry, ids: Ids
) -> None:
    gate, anna = ids["Gate"][1], ids["Anna"][1]
    target = _target(hass, ids, "Gate")
    assert target.now.fits(gate, anna)
    await hass.config_entries.async_remove(house.entry_id)
    assert not target.now.fits(gate, anna)


async def test_target_made_before_the_account_is_loaded(
    hass: HomeAssistant, house: MockConfigEntry, ids: Ids, tell: Tell
) -> None:
    await hass.config_entries.async_unload(house.entry_id)
    target = _target(hass, ids, "Gate, family", "Anna")
    await hass.config_entries.async_setup(house.entry_id)
    await hass.async_block_till_done()
    assert _fitting(target, await tell()) == _all_of("Ben", "Gate")


async def test_contact_added_later_is_found_by_its_label(
    hass: HomeAssistant, house: MockConfigEntry, ids: Ids
) -> None:
    target = _target(hass, ids, "nobody")
    assert not target.now.contacts
    add(hass, house, contact("Dora", CARL))
    await hass.async_block_till_done()
    dora = devices(house)["Dora"]
    dr.async_get(hass).async_update_device(dora, labels={"nobody"})
    assert target.now.contacts == frozenset({dora})


async def test_nothing_is_looked_up_while_nothing_changes(
    hass: HomeAssistant, house: MockConfigEntry, ids: Ids
) -> None:
    target = _target(hass, ids, "Gate, Anna")
    first = target.now
    receive(house, text("Open"))
    await hass.async_block_till_done()
    assert target.now is first
    dr.async_get(hass).async_update_device(ids["Gate"][1], name_by_user="Front gate")
    assert (second := target.now) is not first
    assert second == first
    assert target.now is second


async def test_targets_listen_together(hass: HomeAssistant, ids: Ids) -> None:
    _target(hass, ids, "Gate")
    listeners = dict(hass.bus.async_listeners())
    for _ in range(100):
        _target(hass, ids, "Gate, Anna", "Ben")
    assert dict(hass.bus.async_listeners()) == listeners


@pytest.mark.parametrize("asked", [False, True], ids=["absent", "empty"])
async def test_check_config_loads_neither_labels_nor_floors(tmp_path: Path, asked: bool) -> None:
    """It makes a Home Assistant of its own, as here, and validates automations in it."""
    checked = HomeAssistant(str(tmp_path))
    checked.config_entries = ConfigEntries(checked, {})
    await checked.config_entries.async_initialize()
    dr.async_setup(checked)
    for registry in (ar, dr, er):
        await registry.async_load(checked)
    if asked:
        lr.async_get(checked)
        fr.async_get(checked)
    ids: Ids = {kind: (kind, "of_old") for kind in ("label_id", "floor_id", "area_id", "device_id")}
    targeted = _target(checked, ids, ", ".join(ids), "label_id, floor_id").now
    assert targeted.contacts == frozenset()
    assert targeted.listings_only
    await checked.async_stop(force=True)


# ---- what may be written ------------------------------------------------------------

ID = "0123456789abcdef0123456789abcdef"
CHOOSE = "names, templates and other words do not work here"
EMPTY = "nothing is chosen here"
KINDS = "say who is meant by entity_id, device_id, area_id, floor_id, label_id"


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ({}, {}),
        ({"device_id": ID}, {"device_id": [ID]}),
        ({"device_id": [ID, ID]}, {"device_id": [ID, ID]}),
        ({"entity_id": "event.gate_message"}, {"entity_id": ["event.gate_message"]}),
        # Core writes these small, and says so of what is none.
        ({"entity_id": "Event.Gate_Message"}, {"entity_id": ["Event.Gate_Message"]}),
        (
            {"area_id": "garden_2", "floor_id": ["none"], "label_id": "all"},
            {"area_id": ["garden_2"], "floor_id": ["none"], "label_id": ["all"]},
        ),
        ({"device_id": ID, "exclude": {}}, {"device_id": [ID], "exclude": {}}),
        (
            {"device_id": ID, "exclude": {"label_id": "family"}},
            {"device_id": [ID], "exclude": {"label_id": ["family"]}},
        ),
    ],
)
def test_taken(written: Any, taken: Any) -> None:
    assert TARGET(written) == taken
    assert TARGET(taken) == taken
    trigger = {"trigger": "intellisms.message_received", "target": written}
    assert TARGET_AS_WRITTEN(trigger) == trigger | {"target": taken}
    assert TARGET_AS_WRITTEN({"trigger": "x"}) == {"trigger": "x"}


@pytest.mark.parametrize(
    ("written", "sentence", "where"),
    [
        ({"device_id": "{{ x }}"}, CHOOSE, ["device_id"]),
        ({"entity_id": "{{ x }}"}, CHOOSE, ["entity_id"]),
        ({"area_id": ["garden", "{% x %}"]}, CHOOSE, ["area_id"]),
        ({"floor_id": "Erster Stock"}, CHOOSE, ["floor_id"]),
        ({"label_id": "Familie Müller"}, CHOOSE, ["label_id"]),
        ({"device_id": "Alice"}, CHOOSE, ["device_id"]),
        ({"device_id": ""}, CHOOSE, ["device_id"]),
        ({"device_id": ID + "\n"}, CHOOSE, ["device_id"]),
        ({"device_id": "+447700900456"}, CHOOSE, ["device_id"]),
        ({"label_id": 2026}, CHOOSE, ["label_id"]),
        ({"label_id": True}, CHOOSE, ["label_id"]),
        ({"area_id": [["garden"]]}, CHOOSE, ["area_id"]),
        ({"area_id": [None]}, CHOOSE, ["area_id"]),
        ({"entity_id": "all"}, CHOOSE, ["entity_id"]),
        ({"entity_id": "none"}, CHOOSE, ["entity_id"]),
        ({"entity_id": "event.gate_message, event.shop_message"}, CHOOSE, ["entity_id"]),
        ({"entity_id": ID}, CHOOSE, ["entity_id"]),
        ({"device_id": ID, "exclude": {"device_id": "{{ x }}"}}, CHOOSE, ["exclude", "device_id"]),
        ({"device_id": []}, EMPTY, ["device_id"]),
        ({"device_id": None}, EMPTY, ["device_id"]),
        ({"device_id": [], "entity_id": []}, EMPTY, ["entity_id"]),
        ({"device_id": [], "entity_id": "event.gate_message"}, EMPTY, ["device_id"]),
        ({"device_id": ID, "exclude": {"device_id": []}}, EMPTY, ["exclude", "device_id"]),
        (None, KINDS, []),
        ("{{ x }}", KINDS, []),
        ([ID], KINDS, []),
        ({"contact": "Alice"}, KINDS, []),
        ({"device_id": ID, "exclude": None}, KINDS, ["exclude"]),
        ({"device_id": ID, "exclude": ID}, KINDS, ["exclude"]),
        ({"device_id": ID, "exclude": {"contact": "Alice"}}, KINDS, ["exclude"]),
    ],
)
def test_refused_with_what_to_do(written: Any, sentence: str, where: list[str]) -> None:
    with pytest.raises(vol.Invalid) as refused:
        TARGET_AS_WRITTEN({"target": written})
    assert sentence in str(refused.value)
    assert list(refused.value.path)[: len(where) + 1] == ["target", *where]
    assert "447700900456" not in str(refused.value)
    # What core lets through and shapes is refused all the same.
    try:
        shaped = vol.Schema(cv.TARGET_FIELDS)(written)
    except vol.Invalid:
        return
    with pytest.raises(vol.Invalid, match=sentence):
        TARGET(shaped)
