"""The project's own files, read once and parsed, for the tests that hold the house to its rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE_FOLDERS = ("benfex", "components", "data", "pages", "benchmarks")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".sh", ".css", ".js", ".html", ".json", ".mako", ".yml", ""}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def code_files() -> tuple[Path, ...]:
    """Return every Python file of the product, sorted; written migrations are left out."""
    found = [path for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    found += [path for path in (ROOT / "app.py",) if path.exists()]
    return tuple(sorted(path for path in found if "versions" not in path.parts))


@cache
def all_python_files() -> tuple[Path, ...]:
    """Return every Python file that the project keeps, tests and tools too, sorted."""
    extra = [path for folder in ("tests", "tools") for path in (ROOT / folder).rglob("*.py")]
    return tuple(sorted({*code_files(), *extra}))


@cache
def text_files() -> tuple[Path, ...]:
    """Return every text file that the project keeps, sorted; what is installed, cached or run is left out."""
    folders = (*CODE_FOLDERS, "tests", "tools", "docs", ".ci")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    found += list(ROOT.iterdir())
    return tuple(
        sorted(p for p in found if p.is_file() and p.suffix in TEXT_SUFFIXES and p.name != "LICENSE")
    )


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(), filename=str(path))


def name_of(path: Path) -> str:
    """Return the path as seen from the root, for messages."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """Return the dotted name that imports the file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(path: Path) -> Iterator[Function]:
    """Yield every function and method of the file, inner ones too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            yield node


@cache
def imported_modules(path: Path) -> frozenset[str]:
    """Return the dotted names that the file imports; `from a import b` gives both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def imports_any(paths: Iterator[Path] | tuple[Path, ...], module: str) -> bool:
    """Return whether one of the files imports `module` or something inside it."""
    return any(
        name == module or name.startswith(f"{module}.") for path in paths for name in imported_modules(path)
    )
