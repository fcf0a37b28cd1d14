"""What a poll read is recorded once: baselines and usage commit together."""

from datetime import UTC, datetime, timedelta

import pytest

from benfex.network.driver import ActiveSession, CounterReading, PollReading, RouterHealth
from benfex.usage.metering import CounterBaseline, Metered
from benfex.usage.rates import Rates
from benfex.usage.reading import RouterReadings
from benfex.usage.recording import SessionRecord, in_chunks, record_readings, recorded, share_out
from data.values.errors import StaleVersion
from data.values.identifiers import ConnectionId, RouterId
from data.values.traffic import Traffic
from tests.acts.network.rows import connect, line_state, new_router, recorded_bytes, sell_plan
from tests.conftest import START, Run

MINUTE = timedelta(minutes=1)


def test_the_baseline_and_the_bytes_are_kept_together(run: Run) -> None:
    connection_id = _line(run)
    _record(run, connection_id, 1_000, at=START)
    _record(run, connection_id, 5_000, at=START + MINUTE, since=START)
    assert run.read(recorded_bytes, connection_id=connection_id) == (6_000, 600)
    kept = run.read(recorded, router_id=RouterId(1))
    assert kept.last_at == START + MINUTE
    (baseline,) = (baseline for _, baseline in kept.counters.values())
    assert (baseline.download_bytes, baseline.read_at) == (5_000, START + MINUTE)
    assert run.read(line_state, connection_id=connection_id).was_online


def test_the_same_reading_is_never_counted_twice(run: Run) -> None:
    connection_id = _line(run)
    _record(run, connection_id, 1_000, at=START)
    _record(run, connection_id, 5_000, at=START + MINUTE, since=START)
    with pytest.raises(StaleVersion):
        _record(run, connection_id, 5_000, at=START + MINUTE, since=START)
    with pytest.raises(StaleVersion):
        _record(run, connection_id, 1_000, at=START)
    assert run.read(recorded_bytes, connection_id=connection_id) == (6_000, 600)


def test_two_devices_of_one_subscriber_add_up(run: Run) -> None:
    connection_id = _line(run)
    sessions = tuple(_session(connection_id, 700, key=key, at=START) for key in ("1:a", "1:b"))
    run(record_readings, router_id=RouterId(1), read_at=START, sessions=sessions)
    assert run.read(recorded_bytes, connection_id=connection_id) == (1_400, 140)


def test_sessions_that_ended_are_forgotten(run: Run) -> None:
    connection_id = _line(run)
    _record(run, connection_id, 1_000, at=START)
    run(record_readings, router_id=RouterId(1), read_at=START + MINUTE, sessions=(), ended=("1:a",))
    assert run.read(recorded, router_id=RouterId(1)).counters == {}


def test_what_passed_a_boundary_is_shared_and_adds_up() -> None:
    at = datetime(2026, 11, 23, 8, 6, 40, tzinfo=UTC)
    shares = share_out(_metered(Traffic(1_000, 7), seconds=300), read_at=at)
    assert [(starts_at.minute, traffic.download_bytes) for starts_at, traffic in shares] == [
        (0, 666),
        (5, 334),
    ]
    assert sum(traffic.upload_bytes for _, traffic in shares) == 7


def test_bytes_of_unknown_time_belong_to_now() -> None:
    shares = share_out(_metered(Traffic(10, 0), seconds=0), read_at=START + MINUTE)
    assert shares == ((START, Traffic(10, 0)),)


def test_a_long_gap_is_written_in_small_pieces() -> None:
    usage = tuple((START + index * 5 * MINUTE, Traffic(1, 1)) for index in range(288))
    sessions = [
        SessionRecord(ConnectionId(number), _baseline(f"1:{number}", 1, START), None, usage)
        for number in range(1, 21)
    ]
    chunks = list(in_chunks(sessions))
    assert [item for chunk in chunks for item in chunk] == sessions
    assert max(len(chunk) for chunk in chunks) <= 2


def test_the_last_words_of_a_session_between_recordings_are_counted(run: Run) -> None:
    connection_id = _line(run)
    readings = RouterReadings()
    readings.resume(run.read(recorded, router_id=RouterId(1)))
    _poll(run, readings, [("*1", 1_000, 100)], second=0, records=True)
    _poll(run, readings, [("*1", 4_000, 102)], second=2)
    _poll(run, readings, [("*1", 9_000, 104)], second=4)
    assert not readings.has_unrecorded_end
    _poll(run, readings, [("*2", 300, 1)], second=6)
    assert readings.has_unrecorded_end
    _write(run, readings, second=6)
    assert run.read(recorded_bytes, connection_id=connection_id)[0] == 8_000 + 300
    (left,) = run.read(recorded, router_id=RouterId(1)).counters
    assert left.endswith("*2")


def test_a_reset_between_recordings_loses_nothing_that_was_seen(run: Run) -> None:
    connection_id = _line(run)
    readings = RouterReadings()
    readings.resume(run.read(recorded, router_id=RouterId(1)))
    _poll(run, readings, [("*1", 1_000, 100)], second=0, records=True)
    _poll(run, readings, [("*1", 4_000, 102)], second=2)
    _poll(run, readings, [("*1", 50, 104)], second=4)
    _write(run, readings, second=4)
    assert run.read(recorded_bytes, connection_id=connection_id)[0] == 3_000 + 50


def test_after_a_kill_the_next_reading_covers_the_longer_time(run: Run) -> None:
    connection_id = _line(run)
    first = RouterReadings()
    first.resume(run.read(recorded, router_id=RouterId(1)))
    _poll(run, first, [("*1", 1_000, 100)], second=0, records=True)
    _poll(run, first, [("*1", 2_000, 130)], second=30)  # seen, not recorded; then the process is killed
    successor = RouterReadings()
    successor.resume(run.read(recorded, router_id=RouterId(1)))
    _poll(run, successor, [("*1", 5_000, 160)], second=60, records=True)
    assert run.read(recorded_bytes, connection_id=connection_id)[0] == 4_000


def test_a_session_whose_counters_were_not_seen_keeps_its_baseline(run: Run) -> None:
    connection_id = _line(run)
    readings = RouterReadings()
    readings.resume(run.read(recorded, router_id=RouterId(1)))
    _poll(run, readings, [("*1", 1_000, 100)], second=0, records=True)
    _poll(run, readings, [], second=60, unknown=("amina",), records=True)
    rates = _poll(run, readings, [("*1", 4_000, 220)], second=120, records=True)
    assert rates.online == {connection_id}
    assert run.read(recorded_bytes, connection_id=connection_id)[0] == 3_000


def _line(run: Run) -> ConnectionId:
    return run(connect, router_id=run(new_router), plan_price_id=run(sell_plan))


def _metered(traffic: Traffic, *, seconds: int) -> Metered:
    return Metered(traffic, None, seconds, frozenset(), _baseline("1:a", 0, START))


def _baseline(key: str, download_bytes: int, at: datetime) -> CounterBaseline:
    return CounterBaseline(key, download_bytes, download_bytes // 10, 60, at)


def _session(
    connection_id: ConnectionId,
    download_bytes: int,
    *,
    at: datetime,
    key: str = "1:a",
    since: datetime | None = None,
) -> SessionRecord:
    usage = ((START, Traffic(download_bytes, download_bytes // 10)),)
    return SessionRecord(connection_id, _baseline(key, download_bytes, at), since, usage)


def _record(
    run: Run, connection_id: ConnectionId, download_bytes: int, *, at: datetime, since: datetime | None = None
) -> None:
    session = _session(connection_id, download_bytes, at=at, since=since)
    run(
        record_readings, router_id=RouterId(1), read_at=at, sessions=(session,), online=((connection_id, at),)
    )


def _poll(
    run: Run,
    readings: RouterReadings,
    counters: list[tuple[str, int, int]],
    *,
    second: int,
    unknown: tuple[str, ...] = (),
    records: bool = False,
) -> Rates:
    """Take a poll of "amina"; a counter is (session, downloaded bytes, uptime)."""
    found = tuple(
        CounterReading("amina", key, download, download // 10, uptime) for key, download, uptime in counters
    )
    sessions = (
        *(ActiveSession("amina", "<pppoe-amina>", item.session_key, item.uptime_seconds) for item in found),
        *(ActiveSession(name, f"<pppoe-{name}>", None, 60) for name in unknown),
    )
    health = RouterHealth("7.18", "CCR", 100_000 + second, 5, 1, 2)
    at = START + timedelta(seconds=second)
    rates = readings.take(PollReading(health, (), sessions, found), read_at=at, interval_seconds=2)
    if records:
        _write(run, readings, second=second)
    return rates


def _write(run: Run, readings: RouterReadings, *, second: int) -> None:
    kept = run.read(recorded, router_id=RouterId(1))
    sessions, over = readings.records(kept)
    at = START + timedelta(seconds=second)
    run(record_readings, router_id=RouterId(1), read_at=at, sessions=sessions, ended=over)
    readings.mark_recorded(kept)
