"""Versions sort as they do, not as texts."""

import pytest

from benfex.network.versions import say_version, version_order


def test_versions_sort_by_their_numbers() -> None:
    told = ["7.18.2 (stable)", "6.49.17 (long-term)", "7.9", "7.19rc1", "7.2.3"]

    assert sorted(told, key=version_order) == [
        "6.49.17 (long-term)",
        "7.2.3",
        "7.9",
        "7.18.2 (stable)",
        "7.19rc1",
    ]


@pytest.mark.parametrize(
    ("text", "said"), [("7.18.2 (stable)", "7.18.2"), ("7.9", "7.9"), ("", ""), ("x", "")]
)
def test_a_version_is_said_again(text: str, said: str) -> None:
    assert say_version(version_order(text)) == said
