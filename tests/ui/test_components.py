"""The reusable looks: what a person sees and may do, without any business behind them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nicegui import ElementFilter, app, dependencies, ui
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation

from components import theme
from components.data_table import Column, DataTable, Empty, TableQuery, TableTab
from components.elements import link
from components.feedback import action_button
from components.form import Form, Values
from components.frame import MenuEntry, Tab, console_frame, plain_frame, portal_frame
from components.live_chart import LiveChart, Point
from components.moments import say_when
from components.money import money_label
from components.status_badge import badge, look_of
from components.usage_bar import usage_bar
from data.values.errors import AlreadyExists, Conflict
from data.values.kinds import AccessLevel, JobOutcome, SuspensionReason, TaskKind
from data.values.money import Money
from data.values.roles import Role
from data.values.states import MACHINES

NOW = datetime(2026, 11, 23, 9, 4, 10, tzinfo=UTC)  # 12:04:10 in Nairobi
NAIROBI = "Africa/Nairobi"
SHOWN = [kind for kind, _ in MACHINES.values()] + [AccessLevel, JobOutcome, SuspensionReason, TaskKind, Role]
Show = Callable[..., Any]


@pytest.fixture
async def person() -> AsyncIterator[User]:
    """Someone at a browser of a site that has our looks and no pages yet."""
    async with user_simulation() as user:
        theme.install(app)
        yield user


async def see(person: User, build: Show) -> None:
    ui.page("/seen")(build)
    await person.open("/seen")


@pytest.mark.parametrize("status", [status for kind in SHOWN for status in kind])
def test_every_status_has_a_word_a_tone_and_an_icon(status: StrEnum) -> None:
    look = look_of(status)
    assert look.label
    assert look.label != status.value  # people's words, not ours
    assert look.icon in theme.icon_names()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_all_text_can_be_read_in_both_themes(mode: str) -> None:
    tokens = _tokens(mode)
    grounds = ["bg", "surface", "raise", "hover"]
    pairs = [(text, ground) for text in ("text", "text-2", "text-3") for ground in grounds]
    pairs += [(tone, f"{tone}-bg") for tone in ("ok", "warn", "bad", "mute")]
    pairs += [
        ("accent-text", "accent-soft"),
        ("accent-text", "surface"),
        ("bad", "surface"),
        ("ok", "surface"),
    ]
    weak = {pair: theme.contrast(tokens[pair[0]], tokens[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
    assert theme.contrast("#ffffff", tokens["solid"]) >= 4.5
    assert theme.contrast("#ffffff", tokens["bad-solid"]) >= 4.5
    assert theme.contrast(tokens["edge"], tokens["surface"]) >= 3  # the border of a field


@given(st.integers(0, 0xFFFFFF))
def test_any_colour_of_an_isp_is_made_readable(rgb: int) -> None:
    light, dark = (dict(re.findall(r"--([\w-]+):(#\w{6})", part)) for part in _halves(f"#{rgb:06x}"))
    for tokens in (light, dark):
        assert theme.contrast("#ffffff", tokens["solid"]) >= 4.5
        assert theme.contrast(tokens["accent-text"], tokens["accent-soft"]) >= 4.5
    assert theme.contrast(light["accent-text"], "#ffffff") >= 4.5
    assert theme.contrast(dark["accent-text"], "#12151b") >= 4.5


def test_an_accent_that_is_no_colour_never_reaches_the_sheet() -> None:
    with pytest.raises(ValueError, match="#rrggbb"):
        theme.accent_css("red;} body{display:none")


async def test_charts_load_the_small_library(person: User) -> None:
    assert dependencies.importmap_overrides["nicegui-plotly"].startswith(f"/assets/{theme.PLOTLY_FILE}")
    answer = await person.http_client.get(f"/assets/{theme.PLOTLY_FILE}")
    assert answer.text.rstrip().endswith("export const Plotly = globalThis.Plotly;")


async def test_a_name_with_markup_is_shown_as_it_was_written(person: User) -> None:
    def page() -> None:
        with console_frame(
            "<b>Kamau</b>",
            user_name="Grace",
            role_label="Owner",
            active="/a",
            menu=[MenuEntry("A", "users", "/a")],
        ):
            ui.label("inside")

    await see(person, page)
    await person.should_see("<b>Kamau</b>")


async def test_portal_and_sign_in_carry_the_name_of_the_isp(person: User) -> None:
    @ui.page("/home")
    def home() -> None:
        with portal_frame(
            "Home", isp_name="Rift Wireless", tabs=[Tab("Pay", "wallet", "/pay")], active="/pay"
        ):
            money_label(Money(250_000, "KES"), hero=True)
            usage_bar(91_000_000_000, 100_000_000_000)
            badge(look_of(Role.OWNER))

    @ui.page("/in")
    def sign_in() -> None:
        with plain_frame("Sign in", isp_name="Rift Wireless"):
            ui.label("inside")

    await person.open("/home")
    for words in ("Rift Wireless", "KES 2,500", "91 GB of 100 GB", "9 GB left"):
        await person.should_see(words)
    await person.open("/in")
    await person.should_see("Rift Wireless")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//evil.example", "https://evil.example", "/\\evil"]
)
async def test_a_link_never_leaves_the_site(person: User, address: str) -> None:
    with pytest.raises(ValueError, match="stay on this site"):
        link("here", address)


class Shelf:
    """Rows for a table that remembers what it was asked."""

    def __init__(self, total: int = 60) -> None:
        self.asked: list[TableQuery] = []
        self.total = total
        self.refusal: Exception | None = None

    async def fetch(self, query: TableQuery) -> tuple[Sequence[dict[str, Any]], int]:
        self.asked.append(query)
        if self.refusal is not None:
            raise self.refusal
        first = (query.page - 1) * query.size
        rows = [{"id": str(i), "name": f"Customer {i}", "href": f"/c/{i}"} for i in range(first, self.total)]
        return rows[: query.size], self.total

    def page(self) -> None:
        columns = [Column("name", "Name", sort="full_name"), Column("plan", "Plan")]
        tabs = [TableTab("all", "All"), TableTab("due", "Payment due")]
        DataTable(
            columns,
            self.fetch,
            label="Customers",
            sort="full_name",
            size=10,
            tabs=tabs,
            empty=Empty("No customers"),
        )


async def test_a_table_asks_for_a_page_at_a_time(person: User) -> None:
    shelf = Shelf()
    await see(person, shelf.page)
    table = await _table(person)
    assert [row["name"] for row in table.rows][:2] == ["Customer 0", "Customer 1"]
    assert (len(table.rows), table.pagination["rowsNumber"]) == (10, 60)


async def test_a_table_trusts_nothing_that_the_browser_asks(person: User) -> None:
    shelf = Shelf()
    await see(person, shelf.page)
    await _table(person)
    asked = {"page": -5, "rowsPerPage": 0, "sortBy": "password_hash", "descending": "x"}
    person.find(kind=ui.table).trigger("request", {"pagination": asked})
    await _until(lambda: len(shelf.asked) == 2)
    query = shelf.asked[-1]
    assert (query.page, query.size, query.sort, query.descending) == (1, 100, "full_name", False)


async def test_a_tab_starts_again_at_the_first_page(person: User) -> None:
    shelf = Shelf()
    await see(person, shelf.page)
    await _table(person)
    person.find(kind=ui.table).trigger(
        "request", {"pagination": {"page": 3, "rowsPerPage": 10, "sortBy": "name"}}
    )
    person.find(marker="tab-due").click()
    await _until(lambda: len(shelf.asked) == 3)
    assert (shelf.asked[1].page, shelf.asked[2].page, shelf.asked[2].tab) == (3, 1, "due")


async def test_an_empty_table_says_so(person: User) -> None:
    await see(person, Shelf(total=0).page)
    await person.should_see("No customers", retries=20)


async def test_a_table_that_gets_no_answer_says_why_and_offers_another_try(person: User) -> None:
    shelf = Shelf()
    shelf.refusal = Conflict("The database is being restored.")
    await see(person, shelf.page)
    await person.should_see("The database is being restored.", retries=20)
    shelf.refusal = None
    person.find("Try again").click()
    assert len((await _table(person)).rows) == 10


async def test_a_form_says_at_each_field_what_is_missing_and_sends_nothing(person: User) -> None:
    sent: list[Values] = []
    await see(person, lambda: _plan_form(sent.append))
    person.find(marker="field-price").type("two")
    _submit(person)
    await person.should_see("Please fill this in.")
    await person.should_see("Write the amount in digits")
    assert sent == []


async def test_a_form_hands_over_values_and_shows_a_refusal_at_its_field(person: User) -> None:
    sent: list[Values] = []

    def save(values: Values) -> None:
        sent.append(values)
        raise AlreadyExists("name", "This name is taken.")

    await see(person, lambda: _plan_form(save))
    person.find(marker="field-name").type(" Home 30 ")
    person.find(marker="field-price").type("2,500")
    _submit(person)
    await person.should_see("This name is taken.")
    assert sent == [{"name": "Home 30", "price": Money(250_000, "KES"), "days": 7}]


async def test_an_action_that_is_refused_tells_why(person: User) -> None:
    def refuse() -> None:
        raise Conflict("This invoice is already paid.")

    await see(person, lambda: action_button("Void", refuse))
    person.find("Void").click()
    await _until(lambda: "This invoice is already paid." in person.notify.messages)


async def test_a_live_chart_says_since_when_there_is_no_answer(person: User) -> None:
    charts: list[LiveChart] = []

    def page() -> None:
        history = [Point(NOW - timedelta(seconds=2), 9_000_000, 1_000_000)]
        charts.append(LiveChart("Traffic", history, timezone=NAIROBI))

    await see(person, page)
    await person.should_see("Live")
    with person:
        charts[0].push(NOW, 12_300_000, 2_000_000)
        await person.should_see("12.3 Mbps")
        charts[0].push(NOW + timedelta(seconds=2), None, None)
        await person.should_see("No answer since 12:04:10")
        charts[0].push(NOW + timedelta(seconds=4), 5_000_000, 2_000_000)
    await person.should_see("Live")
    person.find("Table").click()
    await person.should_see("no answer")


@pytest.mark.parametrize("frame", ["console", "portal"])
async def test_the_first_stop_of_the_keyboard_leads_past_the_menu(person: User, frame: str) -> None:
    def page() -> None:
        console = console_frame("Plans", user_name="Amina", role_label="Owner", menu=[], active="")
        portal = portal_frame("Home", isp_name="Savanna", tabs=[], active="")
        with console if frame == "console" else portal:
            pass

    await see(person, page)
    with person:
        first = ui.context.client.layout.default_slot.children[0]
    assert first.props["href"] == "#main"


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


async def test_a_field_that_is_not_shown_is_not_asked_for(person: User) -> None:
    sent: list[Values] = []

    def page() -> None:
        with Form(sent.append) as form:
            way = form.choice("way", "Pay with", {"phone": "Phone", "card": "Card"}, value="phone")
            form.text("number", "Number")
            form.show_while("number", way, lambda value: value == "phone")

    await see(person, page)
    _submit(person)
    await person.should_see("Please fill this in.")
    with person:
        next(iter(ElementFilter(kind=ui.select))).value = "card"
    await person.should_not_see("Number")
    _submit(person)
    await _until(lambda: sent == [{"way": "card", "number": None}])


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=14), "14 min ago"),
        (timedelta(hours=3), "today 09:04"),
        (timedelta(days=1), "yesterday 12:04"),
        (timedelta(days=11), "12 Nov"),
        (timedelta(days=400), "19 Oct 2025"),
        (timedelta(days=-1), "tomorrow 12:04"),
    ],
)
def test_times_are_said_as_people_say_them(age: timedelta, words: str) -> None:
    assert say_when(NOW - age, now=NOW, timezone=NAIROBI).startswith(words)


def _plan_form(save: Callable[[Values], Any]) -> None:
    with Form(save) as form:
        form.text("name", "Name")
        form.money("price", "Price", "KES")
        form.whole("days", "Days to pay", 7)
        form.submit("Save")


def _submit(person: User) -> None:
    person.find(marker="form").trigger("submit.prevent")


async def _table(person: User) -> ui.table:
    found: list[ui.table] = []

    def has_rows() -> bool:
        with person:
            found[:] = [table for table in ElementFilter(kind=ui.table) if table.rows]
        return bool(found)

    await _until(has_rows)
    return found[0]


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not is_so():  # noqa: ASYNC110 (what is awaited is a state of the page, it has no event)
            await asyncio.sleep(0.01)


def _tokens(mode: str) -> dict[str, str]:
    sheet = (theme.STATIC / "app.css").read_text(encoding="utf-8")
    block = re.search(rf"body\.body--{mode} \{{(.*?)\n\}}", sheet, re.DOTALL)
    assert block is not None
    found = re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block[1])
    return {
        name: value if len(value) == 7 else "#" + "".join(c * 2 for c in value[1:]) for name, value in found
    }


def _halves(accent: str) -> list[str]:
    return theme.accent_css(accent).split("html body.body--dark")
