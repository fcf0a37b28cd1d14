"""What the docs say of tests is true: every test that they name is there."""

import ast
import re
from functools import cache

import pytest

from tests.architecture.sources import ROOT

_NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")
_DOCS = ("payments.md", "network.md")


@cache
def _names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _named() -> list[tuple[str, str]]:
    text = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in _DOCS)
    return sorted(set(_NAMED.findall(text)))


@pytest.mark.parametrize(("path", "name"), _named())
def test_every_named_test_is_there(path: str, name: str) -> None:
    known = _names_in(path)
    assert not name or name in known, f"{path} has no {name}"
