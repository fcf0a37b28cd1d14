"""Every pair of statuses of every machine, walked once."""

from enum import StrEnum

import pytest

from data.values.errors import InvalidTransition
from data.values.states import MACHINES, advance

PAIRS = [
    pytest.param(name, current, target, id=f"{name}: {current} to {target}")
    for name, (kind, _) in MACHINES.items()
    for current in kind
    for target in kind
]


@pytest.mark.parametrize(("name", "current", "target"), PAIRS)
def test_every_pair_is_either_an_arrow_or_refused(name: str, current: StrEnum, target: StrEnum) -> None:
    arrows = MACHINES[name][1]
    if target in arrows[current]:
        assert advance(current, target) is target
        return
    with pytest.raises(InvalidTransition) as refused:
        advance(current, target)
    assert (refused.value.machine, refused.value.current, refused.value.target) == (name, current, target)


@pytest.mark.parametrize("name", list(MACHINES))
def test_every_status_has_its_arrows_and_can_be_reached_from_the_first(name: str) -> None:
    kind, arrows = MACHINES[name]
    assert set(arrows) == set(kind)
    reached, ahead = set(), [next(iter(kind))]
    while ahead:
        status = ahead.pop()
        if status not in reached:
            reached.add(status)
            ahead.extend(arrows[status])
    assert reached == set(kind)


@pytest.mark.parametrize("name", list(MACHINES))
def test_no_status_follows_itself(name: str) -> None:
    assert [status for status, targets in MACHINES[name][1].items() if status in targets] == []


@pytest.mark.parametrize("name", list(MACHINES))
def test_the_arrows_are_frozen(name: str) -> None:
    arrows = MACHINES[name][1]
    with pytest.raises(TypeError):
        arrows[next(iter(arrows))] = frozenset()  # type: ignore[index]
