"""What `quality_scale.yaml` says: about every rule, and true."""

import ast
from collections.abc import Callable, Iterator
import configparser
from pathlib import Path
import re
from typing import Any

import homeassistant.components
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms import PLATFORMS

from .texts import FOLDER, english, load

ROOT = FOLDER.parents[1]
TEXTS = english()
MANIFEST = load(FOLDER / "manifest.json")
RULES: dict[str, Any] = load_yaml_dict(str(FOLDER / "quality_scale.yaml"))["rules"]
CODE = {str(path.relative_to(FOLDER)): path.read_text() for path in FOLDER.rglob("*.py")}
DOCS = "\n".join(path.read_text() for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
README = (ROOT / "README.md").read_text()
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")

type Evidence = Callable[[], object]


def functions(name: str) -> dict[str, str]:
    """Return a file's functions and methods by their names."""
    return {
        node.name: ast.unparse(node)
        for node in ast.walk(ast.parse(CODE[name]))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def raises() -> Iterator[str]:
    """Return how Home Assistant's own errors are raised."""
    for code in CODE.values():
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Raise) and node.exc:
                text = ast.unparse(node.exc)
                if re.match(r"(ServiceValidation|HomeAssistant|ConfigEntry\w*)Error\(", text):
                    yield text


def explained(kind: str) -> bool:
    """Tell whether the documentation names all of a kind and their fields."""
    return all(
        f"intellisms.{name}" in DOCS and all(f"`{field}`" in DOCS for field in texts["fields"])
        for name, texts in TEXTS[kind].items()
    )


def entity_names() -> list[str]:
    """Return the names of all entities."""
    return [texts["name"] for kind in TEXTS["entity"].values() for texts in kind.values()]


def blueprints() -> list[Path]:
    """Return the blueprints."""
    return list((ROOT / "blueprints").rglob("*.yaml"))


def heading(name: str) -> bool:
    """Tell whether the documentation has a heading."""
    return re.search(rf"^#+ {name}", DOCS, re.MULTILINE) is not None


# What a rule that is done has, and one that is still to do has not.
DONE: dict[str, Evidence] = {
    "action-setup": lambda: "async_setup_services(hass)" in functions("__init__.py")["async_setup"],
    "brands": lambda: all(
        (FOLDER / "brand" / f"{name}.png").is_file()
        for name in ("icon", "icon@2x", "logo", "logo@2x", "dark_icon", "dark_logo")
    ),
    "common-modules": (FOLDER / "entity.py").is_file,
    "config-flow-test-coverage": lambda: all(
        (ROOT / "tests" / f"{name}.py").is_file()
        for name in (
            "flows/test_contact",
            "flows/test_virtual_number",
            "test_reconfigure",
            "test_repairs",
        )
    ),
    "config-flow": lambda: MANIFEST["config_flow"] and "async_step_user" in CODE["config_flow.py"],
    "dependency-transparency": lambda: (
        {re.split("[=>]", requirement)[0] for requirement in MANIFEST["requirements"]}
        == {"phonenumbers", "regex"}
    ),
    "docs-actions": lambda: explained("services"),
    "docs-conditions": lambda: explained("conditions"),
    "docs-high-level-description": lambda: "SMS" in README.split("##", maxsplit=1)[0],
    "docs-installation-instructions": lambda: heading("Install"),
    "docs-removal-instructions": lambda: heading("Remove"),
    "docs-triggers": lambda: explained("triggers"),
    "entity-event-setup": lambda: all(
        "async_dispatcher_connect" not in text or name == "async_added_to_hass"
        for platform in ("entity.py", *(f"{name}.py" for name in PLATFORMS))
        for name, text in functions(platform).items()
    ),
    "entity-unique-id": lambda: "_attr_unique_id = " in CODE["entity.py"],
    "has-entity-name": lambda: "_attr_has_entity_name = True" in CODE["entity.py"],
    "runtime-data": lambda: (
        "entry.runtime_data = " in functions("__init__.py")["async_setup_entry"]
    ),
    "unique-config-entry": lambda: MANIFEST["single_config_entry"],
    "action-exceptions": lambda: "ServiceValidationError" in CODE["simulate.py"],
    "config-entry-unloading": lambda: "async_unload_entry" in functions("__init__.py"),
    "docs-configuration-parameters": lambda: all(
        label in DOCS for label in TEXTS["options"]["step"]["init"]["data"].values()
    ),
    "docs-installation-parameters": lambda: all(
        label.lower() in README
        for label in TEXTS["config_subentries"]["virtual_number"]["step"]["number"]["data"].values()
    ),
    "integration-owner": lambda: MANIFEST["codeowners"],
    "parallel-updates": lambda: all(
        re.search(r"^PARALLEL_UPDATES = \d+$", CODE[f"{name}.py"], re.MULTILINE)
        for name in PLATFORMS
    ),
    "test-coverage": lambda: SETUP.getint("coverage:report", "fail_under") >= 95,
    "devices": lambda: "DeviceInfo(" in CODE["entity.py"],
    "diagnostics": lambda: (
        {
            "async_get_config_entry_diagnostics",
            "async_get_device_diagnostics",
        }
        <= functions("diagnostics.py").keys()
    ),
    "docs-data-update": lambda: "polled" in README,
    "docs-examples": lambda: (
        blueprints() and all(blueprint.name in DOCS for blueprint in blueprints())
    ),
    "docs-known-limitations": lambda: heading("Known limits"),
    "docs-supported-functions": lambda: all(name in DOCS for name in entity_names()),
    "docs-troubleshooting": lambda: heading("Nothing arrives"),
    "docs-use-cases": lambda: heading("First automation"),
    "dynamic-devices": lambda: all("async_on_added" in CODE[f"{name}.py"] for name in PLATFORMS),
    "entity-category": lambda: "EntityCategory.DIAGNOSTIC" in CODE["sensor.py"],
    "entity-device-class": lambda: "SensorDeviceClass.TIMESTAMP" in CODE["sensor.py"],
    "entity-disabled-by-default": lambda: (
        "entity_registry_enabled_default=False" in CODE["sensor.py"]
    ),
    "entity-translations": lambda: all(
        code.count("    key=") == code.count("    translation_key=")
        for code in (CODE[f"{name}.py"] for name in PLATFORMS)
    ),
    "exception-translations": lambda: (
        list(raises()) and all("translation_key=" in text for text in raises())
    ),
    "icon-translations": lambda: (
        not any("_attr_icon" in code or "icon=" in code for code in CODE.values())
    ),
    "reconfiguration-flow": lambda: "async_step_reconfigure" in functions("config_flow.py"),
    "repair-issues": lambda: "async_create_fix_flow" in functions("repairs.py"),
    "stale-devices": lambda: "async_refresh" in functions("receiving/directory.py"),
    "async-dependency": lambda: "async_add_executor_job" in CODE["typed_numbers.py"],
    "strict-typing": lambda: SETUP.getboolean("mypy", "strict"),
}
# What would make an exemption untrue.
EXEMPT: dict[str, Evidence] = {
    "appropriate-polling": lambda: any(
        word in code
        for code in CODE.values()
        for word in ("SCAN_INTERVAL", "DataUpdateCoordinator", "async_update(self", "_poll = True")
    ),
    "test-before-configure": lambda: "api_key" in CODE["config_flow.py"],
    "test-before-setup": lambda: "api_key" in CODE["__init__.py"],
    "entity-unavailable": lambda: any(
        "available" in functions(name) or "_attr_available" in CODE[name]
        for name in ("entity.py", "event.py", "image.py", "sensor.py")
    ),
    "log-when-unavailable": lambda: MANIFEST["iot_class"] != "cloud_push",
    "reauthentication-flow": lambda: "api_key" in CODE["config_flow.py"],
    "discovery-update-info": lambda: {"dhcp", "ssdp", "zeroconf", "mqtt", "usb"} & MANIFEST.keys(),
    "discovery": lambda: MANIFEST["integration_type"] != "service",
    "docs-supported-devices": lambda: MANIFEST["integration_type"] != "service",
    "inject-websession": lambda: "async_get_clientsession" in "".join(CODE.values()),
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
    assert DONE.keys() | EXEMPT.keys() == RULES.keys()


@pytest.mark.parametrize("rule", RULES)
def test_what_is_said_is_true(rule: str) -> None:
    said = RULES[rule]
    assert status(rule) in {"done", "todo", "exempt"}
    if isinstance(said, dict):
        assert said["comment"].endswith(".")
    if status(rule) == "exempt":
        assert not EXEMPT[rule]()
    else:
        assert bool(DONE[rule]()) == (status(rule) == "done")


def test_there_is_a_file_for_each_platform() -> None:
    files = {platform.value for platform in Platform if (FOLDER / f"{platform}.py").is_file()}
    assert files == {platform.value for platform in PLATFORMS}


async def test_devices_go_with_what_they_stand_for(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The rules *stale-devices* and *devices*: nothing has to be deleted by hand."""
    (gate,) = loaded.subentries
    devices = dr.async_get(hass)
    assert len(dr.async_entries_for_config_entry(devices, loaded.entry_id)) == 2
    hass.config_entries.async_remove_subentry(loaded, gate)
    await hass.async_block_till_done()
    (account,) = dr.async_entries_for_config_entry(devices, loaded.entry_id)
    assert account.model == "IntelliSMS account"
    await hass.config_entries.async_remove(loaded.entry_id)
    assert dr.async_entries_for_config_entry(devices, loaded.entry_id) == []
    assert er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id) == []
