"""The reusable looks: what a person sees, without any business behind it. Tables and forms have files of their own."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nicegui import ui
from nicegui.testing import User

from components import theme
from components.elements import link
from components.frame import MenuEntry, Tab, console_frame, plain_frame, portal_frame
from components.moments import say_when
from components.money import money_label
from components.status_badge import badge, look_of
from components.usage_bar import usage_bar
from data.values.kinds import AccessLevel, JobOutcome, SuspensionReason, TaskKind
from data.values.money import Money
from data.values.roles import Role
from data.values.states import MACHINES
from tests.ui.seen import see

NOW = datetime(2026, 11, 23, 9, 4, 10, tzinfo=UTC)  # 12:04:10 in Nairobi
NAIROBI = "Africa/Nairobi"
SHOWN = [kind for kind, _ in MACHINES.values()] + [AccessLevel, JobOutcome, SuspensionReason, TaskKind, Role]


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
