"""The `?` words of print: a stack of answers per row (reference A.6). Rows come from device.py."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from benfex.simulation.routeros.traps import TrapError

Answers = list[bool]
Step = Callable[[Mapping[str, str], Answers], None]

YES_WORDS = {"yes": "true", "no": "false"}
OPERATIONS = re.compile(r"\d+|[!&|.]")


def compile_queries(
    words: Sequence[str], *, booleans: Collection[str]
) -> Callable[[Mapping[str, str]], bool]:
    """Return a test for rows; true when every answer left on the stack is true.

    `booleans` names the properties for which yes and no mean true and false. Raises TrapError on a bad word.
    """
    steps = [_compile_word(word[1:], booleans) for word in words]

    def matches(row: Mapping[str, str]) -> bool:
        answers: Answers = []
        for step in steps:
            step(row, answers)
        return all(answers)

    return matches


def _compile_word(word: str, booleans: Collection[str]) -> Step:
    if word.startswith("#"):
        return _operations(word[1:])
    if word.startswith("-"):
        return _presence(word[1:], wanted=False)
    if word[:1] in ("<", ">"):
        name, _, value = word[1:].partition("=")
        return _order(name, value, sign=1 if word[0] == ">" else -1)
    name, separator, value = word.removeprefix("=").partition("=")
    if not separator:
        return _presence(name, wanted=True)
    return _equality(name, YES_WORDS.get(value, value) if name in booleans else value)


def _presence(name: str, *, wanted: bool) -> Step:
    def step(row: Mapping[str, str], answers: Answers) -> None:
        answers.append((name in row) is wanted)

    return step


def _equality(name: str, value: str) -> Step:
    def step(row: Mapping[str, str], answers: Answers) -> None:
        answers.append(row.get(name) == value)

    return step


def _order(name: str, value: str, *, sign: int) -> Step:
    def step(row: Mapping[str, str], answers: Answers) -> None:
        own = row.get(name)
        answers.append(own is not None and _compare(own, value) == sign)

    return step


def _compare(left: str, right: str) -> int:
    if left.isdecimal() and right.isdecimal():
        return (int(left) > int(right)) - (int(left) < int(right))
    return (left > right) - (left < right)


def _operations(text: str) -> Step:
    """Read `?#…`: an index pushes a copy, or, as the last thing, becomes the only answer."""
    parts = OPERATIONS.findall(text)
    if "".join(parts) != text:
        raise TrapError("invalid query", category=1)

    def step(row: Mapping[str, str], answers: Answers) -> None:
        after_index = False
        for place, part in enumerate(parts):
            if part.isdecimal():
                _take_index(int(part), answers, last=place == len(parts) - 1)
            elif part != "." or not after_index:
                _operate(part, answers)
            after_index = part.isdecimal()

    return step


def _take_index(index: int, answers: Answers, *, last: bool) -> None:
    value = answers[-1 - index] if index < len(answers) else True
    if last:
        answers[:] = [value]
    else:
        answers.append(value)


def _operate(operation: str, answers: Answers) -> None:
    # The stack starts as infinitely many true values, so a missing one is true.
    top = answers.pop() if answers else True
    if operation == "!":
        answers.append(not top)
    elif operation == ".":
        answers += (top, top)
    else:
        below = answers.pop() if answers else True
        answers.append((top and below) if operation == "&" else (top or below))
