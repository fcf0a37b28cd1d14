"""What of a router's configuration counts as a change, and how two differ."""

from benfex.network.configurations import changed_lines, compare, fingerprint
from data.values.kinds import DiffKind

BEFORE = r"""# 2026-11-27 02:30:00 by RouterOS 7.18.2
# software id = AAAA-BBBB
/ip dns
set servers=8.8.8.8
/ppp profile
add name=benfex-home rate-limit=5M/20M
/ppp secret
add comment=benfex:7 name=amina profile=benfex-home service=\
    pppoe
add comment="Mama Njeri" name=neighbour
"""


def changed(old: str, new: str) -> str:
    assert old in BEFORE
    return BEFORE.replace(old, new)


def test_the_time_of_an_export_is_no_change() -> None:
    later = changed("02:30:00", "14:12:09")

    assert fingerprint(BEFORE) == fingerprint(later)
    assert compare(BEFORE, later) == ()


def test_what_carries_our_mark_is_no_change_of_somebody_else() -> None:
    ours = changed("name=amina", "name=amina-2").replace("5M/20M", "8M/30M")

    assert fingerprint(BEFORE) != fingerprint(ours)
    assert changed_lines(BEFORE, ours) == (0, 0)


def test_what_others_change_counts() -> None:
    assert changed_lines(BEFORE, changed("8.8.8.8", "1.1.1.1")) == (1, 1)
    assert changed_lines(BEFORE, BEFORE + "add name=another\n") == (1, 0)
    assert changed_lines(BEFORE, BEFORE + 'add comment="Mama Njeri" name=neighbour\n') == (1, 0)


def test_a_line_that_is_wrapped_elsewhere_is_the_same_line() -> None:
    wrapped = changed('comment="Mama Njeri" name', 'comment="Mama Njeri" \\\n    name')

    assert changed_lines(BEFORE, wrapped) == (0, 0)


def test_a_comparison_names_the_place_and_what_is_around() -> None:
    found = compare(BEFORE, changed("8.8.8.8", "1.1.1.1"))

    assert [(line.kind, line.text) for line in found[:5]] == [
        (DiffKind.PLACE, ""),
        (DiffKind.SAME, "# software id = AAAA-BBBB"),
        (DiffKind.SAME, "/ip dns"),
        (DiffKind.REMOVED, "set servers=8.8.8.8"),
        (DiffKind.ADDED, "set servers=1.1.1.1"),
    ]
    assert found[3].number == 3
