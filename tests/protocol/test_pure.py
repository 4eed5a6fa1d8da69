"""The protocol package can be used and understood without Home Assistant."""

import ast
from pathlib import Path

import pytest

from custom_components.intellisms import protocol

_FOLDER = Path(protocol.__file__).parent
_BANNED = {"aiohttp", "custom_components", "homeassistant", "voluptuous"}


def _faults(source: str) -> list[str]:
    """Return the imports that lead out of the package or into the platform."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [item.name for item in node.names if item.name.split(".")[0] in _BANNED]
        elif isinstance(node, ast.ImportFrom):
            outside = (node.module or "").split(".")[0] in _BANNED and not node.level
            if outside or node.level > 1:
                found.append("." * node.level + (node.module or ""))
    return found


@pytest.mark.parametrize("path", sorted(_FOLDER.rglob("*.py")), ids=lambda path: path.name)
def test_imports_nothing_of_the_platform(path: Path) -> None:
    assert path.parent == _FOLDER, "a folder below protocol/ would make `from ..` legitimate"
    assert _faults(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import homeassistant.core",
        "from homeassistant import core",
        "from ..const import DOMAIN",
        "from .. import const",
        "def f():\n    import aiohttp",
        "from custom_components.intellisms import const",
    ],
)
def test_an_import_out_of_the_package_is_noticed(source: str) -> None:
    assert _faults(source)
