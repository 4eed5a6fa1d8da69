"""What `quality_scale.yaml` says: about every rule, and true wherever that can be asked."""

from collections.abc import Callable
import configparser
import importlib
from pathlib import Path
import re
from typing import Any

import homeassistant.components
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_platform import EntityPlatform, async_get_platforms
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms import PLATFORMS, diagnostics, repairs
from custom_components.intellisms.const import DOMAIN
from scripts.house.provider_api import ProviderApi

from .household import ANNA, account, add, contact, virtual_number
from .provider_api import with_keys
from .running import set_up
from .texts import FOLDER, english, load

ROOT = FOLDER.parents[1]
TEXTS = english()
MANIFEST = load(FOLDER / "manifest.json")
ICONS = load(FOLDER / "icons.json")["entity"]
RULES: dict[str, Any] = load_yaml_dict(str(FOLDER / "quality_scale.yaml"))["rules"]
README = (ROOT / "README.md").read_text()
DOCS = "\n".join([README, *(path.read_text() for path in ROOT.glob("docs/*.md"))])
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")

type Evidence = Callable[[], object]


def explained(kind: str) -> bool:
    """Tell whether the documentation names all of a kind and their fields."""
    return all(
        f"intellisms.{name}" in DOCS and all(f"`{field}`" in DOCS for field in texts["fields"])
        for name, texts in TEXTS[kind].items()
    )


def entity_names() -> list[str]:
    """Return the names of all entities."""
    return [texts["name"] for kind in TEXTS["entity"].values() for texts in kind.values()]


def subentry_labels() -> set[str]:
    """Return what the fields are called that ask for numbers and contacts, without remarks."""
    steps = [step for kind in TEXTS["config_subentries"].values() for step in kind["step"].values()]
    return {label.split(" (")[0] for step in steps for label in step.get("data", {}).values()}


def blueprints() -> list[Path]:
    """Return the blueprints."""
    return list((ROOT / "blueprints").rglob("*.yaml"))


def heading(name: str) -> bool:
    """Tell whether the documentation has a heading."""
    return re.search(rf"^#+ {name}", DOCS, re.MULTILINE) is not None


# What files tell of a rule that is done. What only a running Home Assistant tells is below.
DONE: dict[str, Evidence] = {
    "brands": lambda: all(
        (FOLDER / "brand" / f"{name}.png").is_file()
        for name in ("icon", "icon@2x", "logo", "logo@2x", "dark_icon", "dark_logo")
    ),
    "config-flow": lambda: MANIFEST["config_flow"],
    "diagnostics": lambda: (
        {"async_get_config_entry_diagnostics", "async_get_device_diagnostics"}
        <= vars(diagnostics).keys()
    ),
    "docs-actions": lambda: explained("services"),
    "docs-conditions": lambda: explained("conditions"),
    "docs-configuration-parameters": lambda: all(
        label in DOCS for label in TEXTS["options"]["step"]["init"]["data"].values()
    ),
    "docs-data-update": lambda: "polled" in README,
    "docs-examples": lambda: (
        blueprints() and all(blueprint.name in DOCS for blueprint in blueprints())
    ),
    "docs-high-level-description": lambda: "SMS" in README.split("##", maxsplit=1)[0],
    "docs-installation-instructions": lambda: heading("Install"),
    "docs-installation-parameters": lambda: all(
        f"*{label}*" in README for label in subentry_labels()
    ),
    "docs-known-limitations": lambda: heading("Known limits"),
    "docs-removal-instructions": lambda: heading("Remove"),
    "docs-supported-functions": lambda: all(name in DOCS for name in entity_names()),
    "docs-triggers": lambda: explained("triggers"),
    "docs-troubleshooting": lambda: heading("Nothing arrives"),
    "docs-use-cases": lambda: heading("First automation"),
    "integration-owner": lambda: MANIFEST["codeowners"],
    "parallel-updates": lambda: all(
        isinstance(
            importlib.import_module(f"custom_components.{DOMAIN}.{name}").PARALLEL_UPDATES, int
        )
        for name in PLATFORMS
    ),
    "repair-issues": lambda: "async_create_fix_flow" in vars(repairs),
    "reauthentication-flow": lambda: "reauth_confirm" in TEXTS["config"]["step"],
    "strict-typing": lambda: SETUP.getboolean("mypy", "strict"),
    "test-coverage": lambda: SETUP.getint("coverage:report", "fail_under") >= 95,
    "unique-config-entry": lambda: MANIFEST["single_config_entry"],
}
# What is missing, as long as this is so.
TODO: dict[str, Evidence] = {
    "dependency-transparency": lambda: any(
        requirement.startswith("phonenumberslite") for requirement in MANIFEST["requirements"]
    ),
}
# What would make an exemption untrue.
EXEMPT: dict[str, Evidence] = {
    "discovery": lambda: MANIFEST["integration_type"] != "service",
    "discovery-update-info": lambda: {"dhcp", "ssdp", "zeroconf", "mqtt", "usb"} & MANIFEST.keys(),
    "docs-supported-devices": lambda: MANIFEST["integration_type"] != "service",
}


def status(rule: str) -> str:
    """Return what is said of a rule."""
    said = RULES[rule]
    return str(said["status"]) if isinstance(said, dict) else str(said)


def test_every_rule_is_named() -> None:
    """The rules of Home Assistant 2026.11 are those that its own integrations name."""
    components = Path(next(iter(homeassistant.components.__path__)))
    core = load_yaml_dict(str(components / "ntfy" / "quality_scale.yaml"))["rules"]
    assert RULES.keys() == core.keys()
    assert len(RULES) == 54
    for rule, said in RULES.items():
        assert status(rule) in {"done", "exempt", "todo"}
        assert isinstance(said, str) or said["comment"].endswith(".")


@pytest.mark.parametrize("rule", DONE)
def test_what_is_done_is_there(rule: str) -> None:
    assert status(rule) == "done"
    assert DONE[rule]()


def test_what_is_to_do_is_named() -> None:
    assert {rule for rule in RULES if status(rule) == "todo"} == TODO.keys()
    assert all(is_missing() for is_missing in TODO.values())


@pytest.mark.parametrize("rule", EXEMPT)
def test_what_is_exempt_is_not_needed(rule: str) -> None:
    assert status(rule) == "exempt"
    assert not EXEMPT[rule]()


def test_there_is_a_file_for_each_platform() -> None:
    files = {platform.value for platform in Platform if (FOLDER / f"{platform}.py").is_file()}
    assert files == {platform.value for platform in PLATFORMS}


async def test_devices_come_and_go_with_what_they_stand_for(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The rules *devices*, *dynamic-devices* and *stale-devices*: no reload, nothing by hand."""
    add(hass, loaded, virtual_number("+44771012347", "Shop"))
    await hass.async_block_till_done()
    devices = dr.async_get(hass)
    assert len(dr.async_entries_for_config_entry(devices, loaded.entry_id)) == 3
    for subentry_id in list(loaded.subentries):
        hass.config_entries.async_remove_subentry(loaded, subentry_id)
    await hass.async_block_till_done()
    (account,) = dr.async_entries_for_config_entry(devices, loaded.entry_id)
    assert account.model == "IntelliSMS account"
    await hass.config_entries.async_remove(loaded.entry_id)
    assert dr.async_entries_for_config_entry(devices, loaded.entry_id) == []
    assert er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id) == []


async def test_actions_do_not_depend_on_an_account(hass: HomeAssistant) -> None:
    """The rules *action-setup*, *action-exceptions* and *exception-translations*."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert hass.services.async_services_for_domain(DOMAIN).keys() == TEXTS["services"].keys()
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN, "simulate_message", {"virtual_number": "none"}, blocking=True
        )
    assert caught.value.translation_domain == DOMAIN
    assert caught.value.translation_key in TEXTS["exceptions"]


async def test_what_the_account_can(loaded: MockConfigEntry) -> None:
    """The rules *config-entry-unloading*, *reconfiguration-flow* and *runtime-data*."""
    assert loaded.supports_unload
    assert loaded.supports_reconfigure
    assert loaded.runtime_data


@pytest.fixture
async def platforms(hass: HomeAssistant, api: ProviderApi) -> list[EntityPlatform]:
    """Return the platforms of an account with keys, one of each."""
    entry = account([virtual_number(), contact("Anna", ANNA)])
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=with_keys(entry.data))
    await set_up(hass, entry)
    found = async_get_platforms(hass, DOMAIN)
    assert {platform.domain for platform in found} == {*PLATFORMS}
    return found


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_entities_are_as_they_should_be(platforms: list[EntityPlatform]) -> None:
    """The rules for entities, and *appropriate-polling* and *entity-unavailable*, not needed."""
    for platform in platforms:
        assert platform.entities
        for entity in platform.entities.values():
            assert entity.unique_id
            assert entity.has_entity_name
            assert entity.device_info
            assert not entity.should_poll
            assert entity.available
            assert entity.icon is None
            # What is called as its device is has no name of its own.
            if entity.name is not None:
                assert entity.translation_key in TEXTS["entity"][platform.domain]
            assert entity.translation_key in ICONS[platform.domain]


async def test_entities_are_registered_as_what_they_are(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The rules *entity-category*, *entity-device-class* and *entity-disabled-by-default*."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id)

    def named(have: Callable[[er.RegistryEntry], object]) -> set[str | None]:
        return {entity.translation_key for entity in entities if have(entity)}

    assert named(lambda entity: entity.entity_category is EntityCategory.DIAGNOSTIC) == {
        "last_post",
        "messages_ignored",
        "messages_received",
    }
    assert named(lambda entity: entity.original_device_class == SensorDeviceClass.TIMESTAMP) == {
        "last_post",
        "last_received",
    }
    assert named(lambda entity: entity.disabled_by) == {
        "channel",
        "last_button",
        "last_picture",
        "last_received",
        "network",
        "type",
    }
