"""The house has one way through it: a room imports only from rooms to its left and from the foundation."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mscsec"
FOUNDATION = {
    "errors",
    "said",
    "constants",
    "registry",
    "results",
    "arrays",
    "sources",
    "codes",
    "problems",
    "processes",
}
COMPUTING = {"records", "effects", "pooling", "sensitivity", "small_study", "appraisal", "integrity"}
MAY = {
    "records": set(),
    "effects": {"records"},
    "pooling": set(),
    "sensitivity": {"pooling"},
    "small_study": {"pooling"},
    "batch": {"effects", "pooling"},
    "appraisal": {"records", "pooling"},
    "integrity": {"records", "effects"},
    "synthesis": COMPUTING,
    "report": COMPUTING | {"synthesis"},
    "plots": COMPUTING | {"synthesis", "report"},
    "server": set(),
    "cli": COMPUTING | {"synthesis", "report", "plots", "batch", "server"},
}
# Parts of a room that can be lifted out and used alone.
APART = {"effects/measures": FOUNDATION, "effects/reconstruct": FOUNDATION}


def imports(path: Path) -> set[str]:
    """Names below `mscsec` that a module imports at run time, as dotted paths without the package."""
    found: set[str] = set()
    for_types: set[ast.AST] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for_types |= set(ast.walk(node))
        if node in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mscsec"):
            module = (node.module or "").removeprefix("mscsec").removeprefix(".")
            found |= {module} if module else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("mscsec.") for alias in node.names if alias.name.startswith("mscsec.")}
    return found


def rooms() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())


def test_every_room_is_known():
    assert set(rooms()) <= set(MAY), "a new room needs its place in the house"


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_only_from_its_left(room):
    allowed = FOUNDATION | MAY[room] | {room}
    for path in sorted((PACKAGE / room).rglob("*.py")):
        strangers = {name for name in imports(path) if name.split(".")[0] not in allowed}
        assert not strangers, f"{path.relative_to(PACKAGE)} imports {sorted(strangers)}"


@pytest.mark.parametrize("part", APART)
def test_a_part_stands_alone(part):
    for path in sorted((PACKAGE / part).rglob("*.py")):
        strangers = {
            name
            for name in imports(path)
            if name.split(".")[0] not in APART[part] and not name.startswith(part.replace("/", "."))
        }
        assert not strangers, f"{path.relative_to(PACKAGE)} imports {sorted(strangers)}"


@pytest.mark.parametrize("module", sorted(FOUNDATION))
def test_the_foundation_imports_only_itself(module):
    assert {name.split(".")[0] for name in imports(PACKAGE / f"{module}.py")} <= FOUNDATION


@pytest.mark.parametrize("room", rooms())
def test_a_room_says_what_it_is(room):
    docstring = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")))
    assert docstring is not None
    assert len(docstring) > 80
