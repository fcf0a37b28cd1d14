"""Play one history in both books, and say where they part."""

from collections import Counter
from collections.abc import Iterator

from tests.factories.looks import assert_books_sound
from tests.oracle.histories import History, Step
from tests.oracle.pictures import Picture, oracle_picture
from tests.oracle.players import OraclePlayer
from tests.oracle.stage import Stage


def difference(stage: Stage, history: History, seen: Counter[str] | None = None) -> str:
    """Return where the two part, empty where they agree; `seen` counts what happened on the way."""
    seen = Counter() if seen is None else seen
    seen.update(history.traits())
    with stage(history) as engine:
        oracle = OraclePlayer(history)
        for step in _with_runs(history):
            if oracle.can_play(step) and engine.play(step, oracle.owed(step)):
                oracle.play(step)
                seen[f"step {step.kind}"] += 1
        assert_books_sound(engine.run)
        return _compare(oracle_picture(oracle.books), engine.picture())


def explain(stage: Stage, history: History) -> str:
    """Leave out every step that is not needed to disagree, halves first, and tell the rest."""
    size = max(1, len(history.steps) // 2)
    while size:
        place = 0
        while place < len(history.steps):
            shorter = history.without(place, size)
            if shorter.steps and difference(stage, shorter):
                history = shorter
            else:
                place += size
        size //= 2
    return f"{history.told()}\n{difference(stage, history)}"


def _with_runs(history: History) -> Iterator[Step]:
    """Yield the steps; a night with its bill run comes before what staff do, unless the server was off."""
    last = None
    for step in history.steps:
        if step.day != last and step.kind != "bill" and history.runs_before_staff:
            yield Step("bill", step.day)
        last = step.day
        yield step


def _compare(expected: Picture, got: Picture) -> str:
    told = []
    for name in ("invoices", "credit_notes", "balances", "next_dates"):
        wanted, found = getattr(expected, name), getattr(got, name)
        for place in range(max(len(wanted), len(found))):
            one = wanted[place] if place < len(wanted) else "nothing"
            other = found[place] if place < len(found) else "nothing"
            if one != other:
                told.append(f"{name} {place + 1}\n  oracle: {one}\n  engine: {other}")
                break
    return "\n".join(told)
