"""What is installed is what was declared, pinned, and not known to have a hole."""

import re
import sqlite3
import sys
import tomllib
from collections.abc import Sequence
from importlib.metadata import packages_distributions, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.architecture.sources import CODE_FOLDERS, ROOT, code_files, imported_modules, name_of

OURS = {*CODE_FOLDERS, "app", "tests", "tools"}


def test_nothing_installed_or_pinned_is_below_the_security_floor() -> None:
    pins = {canonicalize_name(pin.name): pin for pin in _requirements("constraints.txt")}
    for floor in _requirements("security-floor.txt"):
        pinned = next(iter(pins[canonicalize_name(floor.name)].specifier)).version
        assert floor.specifier.contains(pinned), f"{floor.name} is pinned at {pinned}"
        if _applies(pins[canonicalize_name(floor.name)]):
            assert floor.specifier.contains(version(floor.name)), (
                f"{floor.name} {version(floor.name)} is installed"
            )


def test_every_pin_is_exact_and_says_no_address() -> None:
    for pin in _requirements("constraints.txt"):
        assert pin.url is None
        assert re.fullmatch(r"==[^*]+", str(pin.specifier)), str(pin)


def test_every_declared_package_is_pinned() -> None:
    pinned = {canonicalize_name(pin.name) for pin in _requirements("constraints.txt")}
    assert {canonicalize_name(declared.name) for declared in _declared(dev=True)} - pinned == set()


def test_what_is_installed_is_what_is_pinned() -> None:
    declared = {canonicalize_name(one.name) for one in _declared(dev=True) if _applies(one)}
    pins = {canonicalize_name(pin.name): pin for pin in _requirements("constraints.txt")}
    installed = {name: version(name) for name in declared}
    assert {name: was for name, was in installed.items() if not pins[name].specifier.contains(was)} == {}


def test_product_code_imports_only_what_the_project_declares() -> None:
    product = [path for path in code_files() if not name_of(path).startswith("benchmarks/")]
    assert _undeclared(product, _declared(dev=False)) == set()


def test_benchmarks_import_only_what_some_extra_declares() -> None:
    benchmarks = [path for path in code_files() if name_of(path).startswith("benchmarks/")]
    optional = {"weasyprint"}  # compared with where it is installed: the extra `bench`
    assert _undeclared(benchmarks, _declared(dev=True)) - optional == set()


def test_passlib_comes_from_its_maintained_distribution() -> None:
    assert packages_distributions()["passlib"] == ["libpass"]


def test_the_sqlite_in_use_cannot_lose_commits_where_a_better_one_is_packaged() -> None:
    if not any(_applies(one) for one in _declared(dev=False) if one.name == "pysqlite3"):
        assert sqlite3.sqlite_version_info >= (3, 35)  # the machine's own: start-up warns about old ones
        return
    import pysqlite3

    assert Version(pysqlite3.sqlite_version) >= Version("3.51.3")


def test_the_licence_is_the_one_that_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]
    assert declared == "GPL-3.0-or-later"
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text()[:200]


def _undeclared(paths: Sequence[Path], allowed: Sequence[Requirement]) -> set[str]:
    homes = packages_distributions()
    declared = {canonicalize_name(one.name) for one in allowed}
    imported = {name.partition(".")[0] for path in paths for name in imported_modules(path)}
    strangers = imported - set(sys.stdlib_module_names) - OURS
    return {
        name for name in strangers if not {canonicalize_name(home) for home in homes.get(name, [])} & declared
    }


def _requirements(name: str) -> list[Requirement]:
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


def _declared(*, dev: bool) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["dev"] if dev else []
    return [Requirement(line) for line in (*project["dependencies"], *extra)]


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate()
