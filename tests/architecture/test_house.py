"""The house rules that no linter knows: sizes, words at the door, who imports what, money without floats."""

import ast
import re
import sys
from pathlib import Path

from tests.architecture.sources import (
    ROOT,
    Function,
    all_python_files,
    code_files,
    functions,
    imported_modules,
    name_of,
    text_files,
    tree,
)

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
NESTING_MAX = 3
NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)
MONEY_FOLDERS = ("benfex/billing/", "benfex/ledger/", "benfex/payments/")
VALUES_MAY_IMPORT = {*sys.stdlib_module_names, "data", "phonenumbers"}
# Put together here so that this file does not hold what it forbids.
MACHINE_PATHS = re.compile(
    r"(?<![\w/.~-])/(?:" + "|".join(("work", "root", "opt/" + "pypi", "opt/" + "wheels")) + ")/"
)
REGISTRY_HOSTS = re.compile(
    "|".join(("pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)"))
)


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in all_python_files()}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    too_long = {
        f"{name_of(path)}:{function.name}": lines
        for path in all_python_files()
        for function in functions(path)
        if (lines := (function.end_lineno or function.lineno) - function.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert too_long == {}


def test_no_function_nests_deeper_than_three_levels() -> None:
    too_deep = {
        f"{name_of(path)}:{function.name}": depth
        for path in code_files()
        for function in functions(path)
        if (depth := _depth(function)) > NESTING_MAX
    }
    assert too_deep == {}


def test_every_module_says_what_lives_in_it() -> None:
    assert [name_of(path) for path in code_files() if not ast.get_docstring(tree(path))] == []


def test_package_doors_hold_only_a_docstring() -> None:
    doors = [path for path in code_files() if path.name == "__init__.py"]
    assert [name_of(path) for path in doors if len(tree(path).body) != 1] == []


def test_nothing_imports_the_entry_point() -> None:
    others = [path for path in code_files() if path.name != "app.py"]
    assert [name_of(path) for path in others if {"app"} & _top_names(path)] == []


def test_values_stand_on_the_standard_library_alone() -> None:
    strangers = {
        name_of(path): names
        for path in (ROOT / "data" / "values").rglob("*.py")
        if (names := _top_names(path) - VALUES_MAY_IMPORT)
    }
    assert strangers == {}
    inward = {name for path in (ROOT / "data" / "values").rglob("*.py") for name in imported_modules(path)}
    assert [name for name in inward if name.startswith("data.") and not name.startswith("data.values")] == []


def test_money_is_never_a_float() -> None:
    money = [
        path
        for path in code_files()
        if name_of(path) == "data/values/money.py" or name_of(path).startswith(MONEY_FOLDERS)
    ]
    assert money
    assert [f"{name_of(path)}:{line}" for path in money for line in _float_lines(tree(path))] == []


def test_product_code_does_not_print() -> None:
    printing = [
        f"{name_of(path)}:{node.lineno}"
        for path in code_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_no_file_names_a_path_of_one_machine_or_a_registry() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in text_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if MACHINE_PATHS.search(line) or REGISTRY_HOSTS.search(line)
    ]
    assert found == []


def test_jobs_are_kept_in_memory_only() -> None:
    # A job store elsewhere holds pickles, and with them whatever someone manages to write there.
    stores = {
        name
        for path in code_files()
        for name in imported_modules(path)
        if name.startswith("apscheduler.jobstores.") and not name.startswith("apscheduler.jobstores.memory")
    }
    assert stores == set()
    calls = [
        ast.unparse(node)
        for path in code_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and "jobstore" in ast.unparse(node.func).lower()
    ]
    assert [call for call in calls if "MemoryJobStore" not in call] == []


def _top_names(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported_modules(path)}


def _depth(node: ast.AST) -> int:
    """Return how deep blocks stand in blocks; `elif` stands beside its `if`, inner functions count anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef | ast.Lambda):
            continue
        beside = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        own = 1 if isinstance(child, NESTING) and not beside else 0
        deepest = max(deepest, own + _depth(child))
    return deepest


def _float_lines(module: ast.Module) -> list[int]:
    """Return the lines with a float or a true division; spans of time, named `…_seconds`, may be floats."""
    seconds = {id(inner) for node in ast.walk(module) for inner in _parts_in_seconds(node)}
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.expr | ast.AugAssign) and id(node) not in seconds and _is_float(node)
    ]


def _is_float(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()) | ast.Name(id="float"):
            return True
        case ast.Constant(value=float()):
            return True
    return False


def _parts_in_seconds(node: ast.AST) -> list[ast.AST]:
    parts: list[ast.AST] = []
    match node:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            parts = [node] if _means_seconds(name) else []
        case ast.Assign(targets=[ast.Name(id=name)]) if _means_seconds(name):
            parts = [node]
        case ast.Call(
            func=ast.Name(id="timedelta" | "Timeout") | ast.Attribute(attr="timedelta" | "Timeout" | "sleep")
        ):
            parts = [node]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if _means_seconds(name):
            parts = [node]
    return [inner for part in parts for inner in ast.walk(part)]


def _means_seconds(name: str) -> bool:
    return name.lower().strip("_").endswith(("seconds", "timeout", "seconds_max"))
