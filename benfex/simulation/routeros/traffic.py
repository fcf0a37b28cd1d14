"""How much a home uses and when. Who is online, and the counters, are in homes.py."""

import random
from dataclasses import dataclass

from benfex.simulation.routeros.formats import NAIROBI_OFFSET_SECONDS

# Share of the busiest hour, per hour in Nairobi from midnight: quiet nights, an evening peak at 8 and 9 pm.
DAY_CURVE = (
    *(0.46, 0.28, 0.18, 0.13, 0.12, 0.15, 0.26, 0.36, 0.41, 0.44, 0.47, 0.50),
    *(0.54, 0.54, 0.51, 0.51, 0.56, 0.66, 0.80, 0.92, 1.00, 1.00, 0.89, 0.68),
)
LINE_DOWNLOAD_BPS = 40_000_000  # what the radio link carries when a profile sets no limit
LINE_UPLOAD_BPS = 15_000_000
PORTAL_DOWNLOAD_BPS = 9_000  # a browser that keeps asking for the pay page
PORTAL_UPLOAD_BPS = 3_000

NOISE_SIZE = 4096
NOISE_MASK = NOISE_SIZE - 1
FLUTTER_SECONDS = 3.1


@dataclass(frozen=True, slots=True)
class Limits:
    """The ceiling of one session, in bits per second."""

    download_bps: int = LINE_DOWNLOAD_BPS
    upload_bps: int = LINE_UPLOAD_BPS
    portal_only: bool = False


@dataclass(frozen=True, slots=True)
class Appetite:
    """The habits of one home: shares of its line from 0 to 1, and where its own randomness starts."""

    download_share: float
    upload_share: float
    hour_shift: float
    offset: int
    mood_seconds: float


def make_random(seed: str) -> random.Random:
    """Return a generator that always tells the same story for the same `seed`."""
    return random.Random(seed)  # noqa: S311 (a story, not a secret)


def make_noise(seed: str) -> tuple[float, ...]:
    """Return the values from 0 to 1 that all homes of one router read at places of their own."""
    generator = make_random(seed)
    return tuple(generator.random() for _ in range(NOISE_SIZE))


def make_appetite(generator: random.Random) -> Appetite:
    """Return the habits of one home; few are heavy, most are light."""
    return Appetite(
        download_share=min(1.0, generator.lognormvariate(-0.9, 0.6)),
        upload_share=min(1.0, generator.lognormvariate(-1.6, 0.7)),
        hour_shift=generator.gauss(0.0, 0.8),
        offset=generator.randrange(NOISE_SIZE),
        mood_seconds=generator.uniform(18.0, 55.0),
    )


def day_level(at: float, *, hour_shift: float = 0.0) -> float:
    """Return the level of the epoch second `at` in the day of Nairobi, above 0 and at most 1."""
    hours = (at + NAIROBI_OFFSET_SECONDS) / 3600.0 + hour_shift
    whole = int(hours // 1)
    part = hours - whole
    return DAY_CURVE[whole % 24] * (1.0 - part) + DAY_CURVE[(whole + 1) % 24] * part


def rates_at(
    at: float, *, appetite: Appetite, limits: Limits, noise: tuple[float, ...]
) -> tuple[float, float]:
    """Return (download, upload) in bits per second at the epoch second `at`.

    Never above `limits`: every factor is at most 1. Bursts come and go over tens of seconds and flutter over
    seconds; both are straight lines between neighbouring values, so one second resembles the next.
    """
    place = at / appetite.mood_seconds
    knot = int(place)
    part = place - knot
    knot += appetite.offset
    mood = noise[knot & NOISE_MASK] * (1.0 - part) + noise[(knot + 1) & NOISE_MASK] * part
    place = at / FLUTTER_SECONDS
    knot = int(place)
    part = place - knot
    knot += appetite.offset * 7
    flutter = noise[knot & NOISE_MASK] * (1.0 - part) + noise[(knot + 1) & NOISE_MASK] * part
    if limits.portal_only:
        asking = 0.4 + 0.6 * flutter
        return min(PORTAL_DOWNLOAD_BPS, limits.download_bps) * asking, min(
            PORTAL_UPLOAD_BPS, limits.upload_bps
        ) * asking
    level = day_level(at, hour_shift=appetite.hour_shift)
    burst = mood * mood * (0.6 + 0.4 * flutter)
    download = limits.download_bps * appetite.download_share * level * (0.03 + 0.97 * burst)
    upload = (
        limits.upload_bps
        * appetite.upload_share
        * level
        * (0.03 + 0.37 * burst + 0.6 * flutter * mood * mood)
    )
    return download, upload


def steps_over(seconds: float) -> int:
    """Return at how many moments a span has to be looked at, so that a long one stays cheap."""
    if seconds <= 12.0:
        return 1
    if seconds <= 120.0:
        return 3
    return min(48, 3 + int(seconds / 600.0))
