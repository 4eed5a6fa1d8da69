"""The layout of the code: who may import whom, and how large a part may grow.

A room is a module of the integration's folder or one of its wings (folders). Imports are read
from the source, those inside functions and for types too.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

import custom_components.intellisms as product

FOLDER = Path(product.__file__).parent
CONTRIBUTING = FOLDER.parents[1] / "CONTRIBUTING.md"
MOST_FLOORS = 6
MOST_LINES = 350
MOST_LINES_OF_A_CLASS = 200

# What a wing may import of the rest; whoever is not named here may import whatever is below.
ALLOWED: dict[str, set[str]] = {
    "protocol": set(),
    "matching": set(),
    "asking": {"matching", "protocol"},
    "receiving": {"asking", "const", "faults", "privacy", "protocol", "quoted"},
    "sending": {
        "address",
        "asking",
        "const",
        "faults",
        "matching",
        "picture",
        "privacy",
        "protocol",
        "receiving",
        "target",
        "typed_numbers",
    },
}
# Wings that know nothing of the platform.
PURE = ("asking", "matching", "protocol")
PLATFORM = {"aiohttp", "homeassistant", "voluptuous"}

type Imports = Mapping[str, set[str]]

SOURCES = {path.relative_to(FOLDER): ast.parse(path.read_text()) for path in FOLDER.rglob("*.py")}


def modules_imported(path: Path, tree: ast.AST) -> set[Path]:
    """Return the files of ours that a file imports."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        folder = path.parents[node.level - 1]
        names = [node.module] if node.module else [item.name for item in node.names]
        for name in names:
            target = folder / Path(*name.split("."))
            found.add(target / "__init__.py" if target in FOLDERS else target.with_suffix(".py"))
    return found - {path}


FOLDERS = {path.parent for path in SOURCES} - {Path()}
FILES = {path: modules_imported(path, tree) for path, tree in SOURCES.items()}


def room(path: Path) -> str:
    """Return the module or wing that a file belongs to."""
    return path.parts[0].removesuffix(".py")


def house() -> dict[str, set[str]]:
    """Return which rooms each room imports."""
    rooms: dict[str, set[str]] = {}
    for path, imported in FILES.items():
        rooms.setdefault(room(path), set()).update(map(room, imported))
    return {name: imported - {name} for name, imported in rooms.items()}


def wing(name: str) -> dict[str, set[str]]:
    """Return which files of its own each file of a wing imports."""
    inside = {path for path in FILES if room(path) == name and len(path.parts) > 1}
    return {str(path): {str(other) for other in FILES[path] & inside} for path in inside}


def floors(imports: Imports) -> int:
    """Return the height of the highest; ValueError where imports go in a circle."""
    standing: dict[str, int] = {}

    def floor(name: str, below: tuple[str, ...] = ()) -> int:
        if name in below:
            raise ValueError(" -> ".join((*below, name)))
        if name not in standing:
            under = [floor(other, (*below, name)) for other in sorted(imports[name])]
            standing[name] = 1 + max(under, default=0)
        return standing[name]

    return max(map(floor, imports))


def test_every_import_leads_to_a_file() -> None:
    missing = {str(other) for imported in FILES.values() for other in imported - FILES.keys()}

    assert not missing


def test_the_house_has_few_floors_and_no_circle() -> None:
    assert floors(house()) <= MOST_FLOORS


@pytest.mark.parametrize("name", sorted({path.parts[0] for path in FOLDERS}))
def test_a_wing_has_few_floors_and_no_circle(name: str) -> None:
    assert floors(wing(name)) <= MOST_FLOORS


@pytest.mark.parametrize("name", ALLOWED)
def test_a_wing_imports_only_what_it_may(name: str) -> None:
    assert house()[name] <= ALLOWED[name]


@pytest.mark.parametrize("path", [path for path in SOURCES if room(path) in PURE], ids=str)
def test_a_pure_file_imports_nothing_of_the_platform(path: Path) -> None:
    assert not platform_imports(SOURCES[path])


def platform_imports(tree: ast.AST) -> set[str]:
    """Return what a file imports of the platform."""
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [item.name for item in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
    }
    return modules & (PLATFORM | {"custom_components"})


@pytest.mark.parametrize(
    "source",
    ["import homeassistant.core", "from homeassistant import core", "def f():\n    import aiohttp"],
)
def test_an_import_of_the_platform_is_noticed(source: str) -> None:
    assert platform_imports(ast.parse(source))


def test_a_circle_and_a_high_tower_are_noticed() -> None:
    with pytest.raises(ValueError, match="a -> b -> a"):
        floors({"a": {"b"}, "b": {"a"}})
    assert floors({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == 3


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_where_a_file_is_tested_can_be_found(path: Path) -> None:
    mirrored = Path(__file__).parent / path.parent / f"test_{path.name}"
    assert mirrored.is_file() or f"`{path.name}`" in CONTRIBUTING.read_text()


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_part_is_too_large(path: Path) -> None:
    classes = [node for node in ast.walk(SOURCES[path]) if isinstance(node, ast.ClassDef)]

    assert len((FOLDER / path).read_text().splitlines()) <= MOST_LINES
    for node in classes:
        assert (node.end_lineno or 0) - node.lineno < MOST_LINES_OF_A_CLASS, node.name
