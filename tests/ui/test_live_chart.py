"""The live chart: a gap is drawn as a gap, and silence is said."""

from datetime import UTC, datetime, timedelta

from nicegui import ElementFilter, dependencies, ui
from nicegui.testing import User

from components import theme
from components.live_chart import LiveChart, Point
from tests.ui.seen import see

NOW = datetime(2026, 11, 23, 9, 4, 10, tzinfo=UTC)  # 12:04:10 in Nairobi
NAIROBI = "Africa/Nairobi"


async def test_a_live_chart_says_since_when_there_is_no_answer(person: User) -> None:
    charts: list[LiveChart] = []

    def page() -> None:
        history = [Point(NOW - timedelta(seconds=2), 9_000_000, 1_000_000)]
        charts.append(LiveChart("Traffic", history, timezone=NAIROBI))

    await see(person, page)
    await person.should_see("Live")
    await person.should_not_see("A gap is a time in which nothing answered")
    with person:
        charts[0].push(NOW, 12_300_000, 2_000_000)
        await person.should_see("12.3 Mbps")
        charts[0].push(NOW + timedelta(seconds=2), None, None)
        await person.should_see("No answer since 12:04:10")
        await person.should_see("A gap is a time in which nothing answered")
        charts[0].push(NOW + timedelta(seconds=4), 5_000_000, 2_000_000)
    await person.should_see("Live")
    person.find("Table").click()
    await person.should_see("no answer")


async def test_the_first_reading_after_a_quiet_minute_is_no_gap_but_a_later_silence_is(person: User) -> None:
    charts: list[LiveChart] = []

    def page() -> None:
        history = [Point(NOW - timedelta(seconds=60), 9_000_000, 1_000_000)]
        charts.append(LiveChart("Traffic", history, timezone=NAIROBI))

    await see(person, page)
    with person:
        charts[0].push(NOW, 12_300_000, 2_000_000)
        charts[0].push(NOW + timedelta(seconds=20), 5_000_000, 2_000_000)
    person.find("Table").click()
    await person.should_see("9 Mbps")
    with person:
        assert len(list(ElementFilter(content="no answer"))) == 2  # one reading, of both directions


async def test_a_shade_falls_straight_down_at_a_gap(person: User) -> None:
    history = [
        Point(NOW, 9_000_000, 1_000_000),
        Point(NOW + timedelta(seconds=2), None, None),
        Point(NOW + timedelta(seconds=4), 5_000_000, 2_000_000),
    ]
    await see(person, lambda: LiveChart("Traffic", history, timezone=NAIROBI))
    with person:
        (plot,) = ElementFilter(kind=ui.plotly)
    line, _, shade, _ = plot._props["options"]["data"]
    seconds = [at[-6:-4] for at in shade["x"]]
    assert seconds == ["10", "10", "12", "14", "14"]
    assert shade["y"] == [9_000_000, 0, 0, 0, 5_000_000]
    assert line["y"] == [9_000_000, None, None, None, 5_000_000]


async def test_charts_load_the_small_library(person: User) -> None:
    assert dependencies.importmap_overrides["nicegui-plotly"].startswith(f"/assets/{theme.PLOTLY_FILE}")
    answer = await person.http_client.get(f"/assets/{theme.PLOTLY_FILE}")
    assert answer.text.rstrip().endswith("export const Plotly = globalThis.Plotly;")
