"""The texts: the same in all languages, and all that the code asks for."""

import ast
from collections.abc import Iterator
import inspect
from pathlib import Path
import re
from typing import Any

from homeassistant.helpers.entity import EntityDescription
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.intellisms import (
    condition,
    event,
    image,
    notify,
    sending,
    sensor,
    services,
    simulate,
)
from custom_components.intellisms.address import AddressProblem
from custom_components.intellisms.condition import CONDITIONS
from custom_components.intellisms.config_flow import IntelliSMSConfigFlow, IntelliSMSOptionsFlow
from custom_components.intellisms.const import Accept, Ignored, Issue
from custom_components.intellisms.flows.contact import ContactFlow
from custom_components.intellisms.flows.virtual_number import VirtualNumberFlow
from custom_components.intellisms.protocol import (
    STATUS_WORDS,
    Category,
    ChannelName,
    ContentProblem,
)
from custom_components.intellisms.receiving import data as receiving_data
from custom_components.intellisms.sending.assist import APOLOGIES
from custom_components.intellisms.sending.errors import TRANSLATION_KEYS
from custom_components.intellisms.trigger import TRIGGERS
from custom_components.intellisms.typed_numbers import NumberProblem

from .texts import FOLDER, TRANSLATIONS, english, load, placeholders

TEXTS = english()
ICONS = load(FOLDER / "icons.json")
SUBENTRIES = TEXTS["config_subentries"]
# What a form says of a number; elsewhere nobody can be asked which country is meant.
TYPED = set(NumberProblem) - {NumberProblem.TWO_COUNTRIES}
FLOWS = [
    (IntelliSMSConfigFlow, TEXTS["config"], {*AddressProblem}),
    (VirtualNumberFlow, SUBENTRIES["virtual_number"], {*AddressProblem, *TYPED}),
    (ContactFlow, SUBENTRIES["contact"], {*TYPED}),
    (IntelliSMSOptionsFlow, TEXTS["options"], set[str]()),
]
# What core itself gives as a reason.
CORE_REASONS = {"already_configured", "reconfigure_successful", "single_instance_allowed"}
ENTITIES: dict[str, list[EntityDescription]] = {
    "event": [event.DESCRIPTION],
    "image": [image.DESCRIPTION],
    "sensor": [
        sensor.LAST_MESSAGE,
        sensor.LAST_RECEIVED,
        *sensor.NUMBER_SENSORS,
        *sensor.ACCOUNT_SENSORS,
        sensor.BALANCE,
        sensor.LAST_DELIVERY,
    ],
}


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return all texts with their paths."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flat(item, f"{prefix}/{key}")
    else:
        yield prefix, value


def in_yaml(name: str) -> dict[str, Any]:
    """Return a YAML file's content without its anchors."""
    content = load_yaml_dict(str(FOLDER / name))
    return {key: value for key, value in content.items() if not key.startswith(".")}


def fields(description: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a trigger, condition or action, those in its sections too."""
    found: dict[str, Any] = {}
    for name, about in description["fields"].items():
        found.update(about.get("fields") or {name: about})
    return found


# ---- all languages ------------------------------------------------------------------


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_a_language_says_what_english_says(path: Path) -> None:
    translated, texts = dict(flat(load(path))), dict(flat(TEXTS))
    assert translated.keys() == texts.keys()
    for key, text in translated.items():
        assert text.strip(), key
        assert "[%key" not in text, key
        assert placeholders(text) == placeholders(texts[key]), key


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_a_strangers_words_stand_in_code_spans(path: Path) -> None:
    """Else the dialog would follow their Markdown."""
    hostile = {"sender", "text", "number", "shape"}
    for key, text in flat({name: load(path)[name] for name in ("config_subentries", "issues")}):
        # Errors, of what a person typed, and the titles of issues are shown without Markdown.
        if "/error/" not in key and not re.fullmatch("/issues/[a-z_]+/title", key):
            for name in placeholders(text) & hostile:
                assert text.count(f"`{{{name}}}`") == text.count(f"{{{name}}}"), key


# ---- dialogs ------------------------------------------------------------------------


def words_in(*nodes: ast.AST) -> set[str]:
    """Return all words in code."""
    return {
        part.value
        for node in nodes
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def words_of(flow: type) -> tuple[set[str], dict[str, set[str]]]:
    """Return all words in a flow's code, and those that name texts, by what they name."""
    ours = [part for part in flow.__mro__ if part.__module__.startswith("custom_components")]
    tree = ast.parse("\n".join(map(inspect.getsource, ours)))
    words = words_in(tree)
    named: dict[str, set[str]] = {"step_id": set(), "reason": set(), "progress_action": set()}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in named:
            named[node.arg] |= words_in(node.value)
    named["error"] = {
        word
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"FormError", "check_filled_in"}
        for errors in node.args
        if isinstance(errors, ast.Dict)
        for word in words_in(*errors.values)
    } | {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Subscript)
        and isinstance(node.targets[0].value, ast.Name)
        and node.targets[0].value.id == "errors"
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    return words, named


@pytest.mark.parametrize(("flow", "texts", "problems"), FLOWS)
def test_a_dialog_has_the_texts_it_asks_for_and_no_others(
    flow: type, texts: dict[str, Any], problems: set[str]
) -> None:
    words, named = words_of(flow)
    for kind, names in {
        "step": named["step_id"],
        "abort": named["reason"],
        "progress": named["progress_action"],
        "error": named["error"] | problems,
    }.items():
        assert names <= texts.get(kind, {}).keys(), kind
        assert texts.get(kind, {}).keys() <= words | problems | CORE_REASONS, kind
    for name, step in texts["step"].items():
        assert hasattr(flow, f"async_step_{name}")
        assert step.get("menu_options", {}).keys() <= words
        # A rule of the quality scale.
        for part in (step, *step.get("sections", {}).values()):
            assert part.get("data", {}).keys() == part.get("data_description", {}).keys()


def test_the_lists_of_choices() -> None:
    assert TEXTS["selector"]["accept"]["options"].keys() == set(Accept)


# ---- issues, exceptions -------------------------------------------------------------


def test_issues() -> None:
    issues = TEXTS["issues"]
    assert issues.keys() == set(Issue)
    for issue, texts in issues.items():
        # The list of repairs tells of which number each is, as there may be many.
        expected = {"number"} if issue == Issue.UNKNOWN_NUMBER else set()
        assert placeholders(texts["title"]) == expected, issue
        assert ("description" in texts) != ("fix_flow" in texts), issue


# Modules beside those of sending that raise what a person is told.
RAISING = [Path(inspect.getfile(module)) for module in (simulate, condition, receiving_data)]


def test_exceptions() -> None:
    used = {
        node.value.value
        for source in (*RAISING, *Path(sending.__path__[0]).glob("*.py"))
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.keyword)
        and node.arg == "translation_key"
        and isinstance(node.value, ast.Constant)
    }
    by_table = {*NumberProblem, *ContentProblem, *TRANSLATION_KEYS, *APOLOGIES.values()}
    assert TEXTS["exceptions"].keys() == used | by_table


# ---- triggers, conditions, actions --------------------------------------------------

AUTOMATION = [
    ("triggers", "triggers.yaml", set(TRIGGERS), "trigger"),
    ("conditions", "conditions.yaml", set(CONDITIONS), "condition"),
    (
        "services",
        "services.yaml",
        {
            services.SERVICE_ASK,
            services.SERVICE_REPLY,
            services.SERVICE_SEND_MESSAGE,
            services.SERVICE_SEND_TEMPLATE,
            services.SERVICE_SIMULATE_MESSAGE,
        },
        "service",
    ),
]


@pytest.mark.parametrize(("kind", "file", "names", "icon"), AUTOMATION)
def test_what_automations_are_made_of(kind: str, file: str, names: set[str], icon: str) -> None:
    described = in_yaml(file)
    assert described.keys() == names == TEXTS[kind].keys() == ICONS[kind].keys()
    for name, description in described.items():
        texts = TEXTS[kind][name]
        assert {"name", "description"} <= texts.keys()
        assert texts["fields"].keys() == fields(description).keys()
        sections = {key for key, about in description["fields"].items() if "fields" in about}
        assert texts.get("sections", {}).keys() == sections
        assert ICONS[kind][name][icon].startswith("mdi:")
        for field, about in fields(description).items():
            assert texts["fields"][field].keys() == {"name", "description"}
            select = about["selector"].get("select") or {}
            if "translation_key" in select:
                texts_of_options = TEXTS["selector"][select["translation_key"]]["options"]
                for option in select["options"]:
                    value, label = option, None
                    if isinstance(option, dict):
                        value, label = option["value"], option["label"]
                    # A label is what is seen until the texts are there.
                    assert label in {None, texts_of_options[value]}, field


def test_no_selector_without_a_use() -> None:
    used: set[str | None] = {"accept", None}
    for _, file, _, _ in AUTOMATION:
        for description in in_yaml(file).values():
            for about in fields(description).values():
                used.add((about["selector"].get("select") or {}).get("translation_key"))
    assert TEXTS["selector"].keys() | {None} == used


# ---- entities -----------------------------------------------------------------------


@pytest.mark.parametrize("platform", ENTITIES)
def test_entities_have_a_name_and_an_icon(platform: str) -> None:
    keys = {description.translation_key for description in ENTITIES[platform]}
    assert TEXTS["entity"][platform].keys() == keys == ICONS["entity"][platform].keys()
    for key in keys:
        states = ICONS["entity"][platform][key].get("state", {})
        assert states.keys() <= TEXTS["entity"][platform][key].get("state", {}).keys()
    assert TEXTS["entity"].keys() == ENTITIES.keys()
    # This one is called as its device is.
    assert ICONS["entity"].keys() - ENTITIES.keys() == {"notify"}
    assert ICONS["entity"]["notify"].keys() == {notify.DESCRIPTION.translation_key}


def test_states_and_attributes() -> None:
    entities = TEXTS["entity"]
    types = entities["event"]["message"]["state_attributes"]["event_type"]["state"]
    assert types.keys() == set(event.DESCRIPTION.event_types or ())
    assert entities["sensor"]["channel"]["state"].keys() == set(ChannelName)
    statuses = entities["sensor"]["last_delivery"]["state"]
    assert statuses.keys() == set(sensor.LAST_DELIVERY.options or ())
    reported = TEXTS["selector"]["delivery_status"]["options"]
    assert reported.keys() == set(STATUS_WORDS.values())
    assert reported.items() - statuses.items() == {("unknown", reported["unknown"])}
    assert TEXTS["selector"]["delivery_category"]["options"].keys() == set(Category)
    known = set(TEXTS["selector"]["type"]["options"])
    assert known | {"unknown"} == entities["sensor"]["type"]["state"].keys()
    attributes = entities["sensor"]["messages_ignored"]["state_attributes"]
    assert attributes.keys() == set(Ignored)
