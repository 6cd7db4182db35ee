"""The Python face: every name is there, says how it is called, and costs nothing until it is used."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mscsec as ms
from mscsec.effects.sizes import effects
from mscsec.pooling.result import PooledResult

NAMES = [name for name in ms.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_called_and_explains_itself(name: str) -> None:
    thing = getattr(ms, name)
    assert inspect.getdoc(thing)
    assert callable(thing)
    assert set(inspect.signature(thing).parameters) - {"args", "kwargs"}


def test_a_type_checker_sees_the_same_names() -> None:
    tree = ast.parse(Path(ms.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = [alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(name for name in seen if name) == sorted(NAMES)


@pytest.mark.parametrize("name", ["robust", "permutation_test", "predict", "location_scale", "multilevel"])
def test_what_is_made_of_a_regression_is_on_the_face(name: str) -> None:
    import mscsec.pooling.regression as room

    assert getattr(ms, name) is getattr(room, name)


def test_effects_has_the_signature_of_its_function() -> None:
    assert inspect.signature(ms.effects) == inspect.signature(effects)


def test_a_pooled_result_explains_every_field() -> None:
    said = set(re.findall(r"\w+", inspect.getdoc(PooledResult) or ""))
    assert set(PooledResult.__dataclass_fields__) - said == set()


def test_importing_the_package_imports_no_numpy() -> None:
    code = "import sys, mscsec; print(sorted({'numpy', 'scipy', 'yaml', 'pydantic', 'typer'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
