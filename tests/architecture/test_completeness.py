"""What has to have a test has one: rules, adapters, jobs, names in the timetable."""

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import ROOT, all_python_files, imports_any, module_of, name_of, tree

ADAPTER_FOLDERS = ("benfex/payments/gateways", "benfex/network/drivers", "benfex/notifications/channels")


def test_every_rule_has_a_test_of_its_own() -> None:
    tests = tuple(_tests_in("unit", "property"))
    assert [name_of(path) for path in _rules() if not imports_any(tests, module_of(path))] == []


def test_every_adapter_keeps_its_contract() -> None:
    # A contract test names the adapter itself, or goes through the registry that knows every one.
    tests = tuple(_tests_in("contract"))
    left = [path for path in _adapters() if not imports_any(tests, module_of(path))]
    assert [name_of(path) for path in left if not _tested_through_registry(path, tests)] == []


def test_every_job_is_in_the_timetable_once() -> None:
    names = _job_names()
    assert names or not (ROOT / "benfex" / "jobs" / "catalogue.py").exists()
    assert sorted(names) == sorted(set(names))


def test_no_two_tests_of_a_file_share_a_name() -> None:
    for path in _tests_in("."):
        names = [
            node.name for node in tree(path).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        assert sorted(names) == sorted(set(names)), name_of(path)


def _tests_in(*folders: str) -> Iterator[Path]:
    for path in all_python_files():
        if path.name.startswith("test_") and any(
            (ROOT / "tests" / folder) in path.parents for folder in folders
        ):
            yield path


def _rules() -> list[Path]:
    """Return the files that the contract of purity names in .importlinter."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    modules = contracts["importlinter:contract:pure"]["source_modules"].split()
    found = {path for module in modules for path in ROOT.glob(f"{module.replace('.', '/')}.py")}
    found |= set((ROOT / "data" / "values").glob("[a-z]*.py"))
    assert found
    return sorted(found)


def _adapters() -> list[Path]:
    """Return each adapter: a folder's gateway or driver, or a channel's file."""
    found = [
        path
        for folder in ADAPTER_FOLDERS
        for pattern in ("*/gateway.py", "*/driver.py", "[a-z]*.py")
        for path in (ROOT / folder).glob(pattern)
    ]
    return sorted(found)


def _tested_through_registry(adapter: Path, tests: tuple[Path, ...]) -> bool:
    folder = next(parent for parent in adapter.parents if name_of(parent) in ADAPTER_FOLDERS)
    registry = folder.parent / "registry.py"
    return (
        registry.exists()
        and imports_any((registry,), module_of(adapter))
        and imports_any(tests, module_of(registry))
    )


def _job_names() -> list[str]:
    path = ROOT / "benfex" / "jobs" / "catalogue.py"
    if not path.exists():
        return []
    names = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Job":
            words = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "name")]
            names += [
                word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)
            ]
    return names
