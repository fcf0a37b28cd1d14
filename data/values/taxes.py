"""The taxes on a price as values; how they fall on lines is in `benfex/billing/taxation`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from data.values.identifiers import TaxRateId
from data.values.kinds import TaxBehavior
from data.values.money import round_half_up

WHOLE = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class TaxPart:
    """One tax: its rate in basis points, and the codes of earlier parts that its base includes."""

    rate_id: TaxRateId
    code: str
    basis_points: int
    compound_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """The taxes on a price, in the order they stack, and whether the price has them inside."""

    parts: tuple[TaxPart, ...]
    behavior: TaxBehavior
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.parts, self.behavior)))

    def __hash__(self) -> int:
        """Return what was worked out once: terms are looked up for every line of a bill run."""
        return self._hash


@lru_cache(maxsize=256)
def factors(parts: tuple[TaxPart, ...]) -> tuple[tuple[int, ...], int]:
    """Return what each tax is of the net amount, as exact numerators over one denominator."""
    whole = WHOLE ** len(parts)
    found: dict[str, int] = {}
    for part in parts:
        base = whole + sum(found[code] for code in part.compound_on if code in found)
        # Exact: the n-th factor is a product of at most n rates, and so divisible as often as needed.
        found[part.code] = base * part.basis_points // WHOLE
    return tuple(found[part.code] for part in parts), whole


def effective_basis_points(parts: tuple[TaxPart, ...]) -> int:
    """Return all taxes together as a share of the net amount, for people; rounded half up."""
    numerators, whole = factors(parts)
    return round_half_up(sum(numerators) * WHOLE, whole)
