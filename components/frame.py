"""The three shells: the console of the staff, the portal of the subscribers, and one card alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import ui

from components.avatar import avatar
from components.elements import box, checked_href, icon_button, text
from components.feedback import say_error, toast_error
from components.search import Search, search_palette
from components.theme import DEFAULT_ACCENT, accent_css, chosen_theme, icon

_PHONE_TABS = 4


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One line of the menu. `section` starts a titled group; `on_phone` puts it in the bar at the bottom."""

    label: str
    icon: str
    href: str
    count: str | None = None
    bad: bool = False
    section: str = ""
    on_phone: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the portal's bottom bar."""

    label: str
    icon: str
    href: str


@contextmanager
def console_frame(
    title: str,
    *,
    user_name: str,
    role_label: str,
    menu: Sequence[MenuEntry],
    active: str,
    subtitle: str = "",
    back: tuple[str, str] | None = None,
    actions: Callable[[], object] | None = None,
    search: Search | None = None,
    brand: str = "Benfex",
    account_href: str | None = None,
    sign_out_action: str = "/auth/logout",
) -> Iterator[ui.element]:
    """Build the staff console and yield its main column.

    `active` is the href of the current menu entry; `back` a label and an address above the title;
    `actions` creates the buttons right of the title; `search` answers the box in the header.
    """
    mode = _prepare("lHh LpR lff")
    # Without a value NiceGUI asks the browser for one, and writes a traceback when a busy one takes over a second.
    with ui.left_drawer(value=False, top_corner=True, bottom_corner=True).classes("bf-drawer") as drawer:
        drawer.props("width=252 breakpoint=1023 show-if-above")
        _brand(brand, home=menu[0].href if menu else "/")
        _menu(menu, active)
        _user(user_name, role_label, account_href, sign_out_action)
    open_search = search_palette(search) if search else None
    with ui.header(elevated=False).classes("bf-header"):
        icon_button("menu", "Open the menu", drawer.toggle).classes("bf-only-m")
        text(brand, "bf-only-m bf-ct")
        if open_search is not None:
            _search_box(open_search)
        ui.space()
        if open_search is not None:
            icon_button("search", "Search", open_search).classes("bf-only-m")
        _theme_button(mode)
    with (
        ui.footer(elevated=False).classes("bf-tabbar bf-bottom"),
        box("bf-line nowrap wide", "nav", aria_label="Main"),
    ):
        marked = [entry for entry in menu if entry.on_phone] or list(menu)
        for entry in marked[:_PHONE_TABS]:
            _tab(Tab(entry.label, entry.icon, entry.href), active)
        with box("bf-bi", "button", type="button", aria_label="More: open the menu").on(
            "click", drawer.toggle
        ):
            icon("ellipsis")
            text("More")
    with _main("bf-page") as main:
        _heading(title, subtitle, back, actions)
        yield main


@contextmanager
def portal_frame(
    title: str,
    *,
    isp_name: str,
    tabs: Sequence[Tab],
    active: str,
    accent: str = DEFAULT_ACCENT,
    subtitle: str = "",
    back: tuple[str, str] | None = None,
    show_title: bool = True,
    sign_out_action: str | None = "/auth/logout",
) -> Iterator[ui.element]:
    """Build the subscriber's portal in the ISP's colour and yield its one column.

    A title that `show_title` hides is still said to screen readers. Without `tabs` there is no bar
    (a suspended subscriber sees why, how much, and Pay).
    """
    mode = _prepare("hHh LpR fFf")
    ui.query("body").classes("bf-portal")
    ui.add_css(accent_css(accent))
    with ui.header(elevated=False).classes("bf-header bf-portal-head"), box("in"):
        _mark()
        text(isp_name, "bf-ct bf-grow t1")
        _theme_button(mode)
        if sign_out_action:
            with box("", "form", method="post", action=checked_href(sign_out_action)):
                icon_button("log-out", "Sign out").props("type=submit")
    if tabs:
        with (
            ui.footer(elevated=False).classes("bf-tabbar portal"),
            box("bf-line nowrap wide", "nav", aria_label="Main"),
        ):
            for tab in tabs:
                _tab(tab, active)
    with _main("bf-page") as main:
        if show_title:
            _heading(title, subtitle, back, None)
        else:
            text(title, "bf-sr", "h1")
        yield main


@contextmanager
def plain_frame(
    title: str,
    *,
    isp_name: str = "Benfex",
    accent: str = DEFAULT_ACCENT,
    subtitle: str = "",
    wide: bool = False,
    large: bool = False,
    foot: str = "",
) -> Iterator[ui.element]:
    """Build one centred card under the ISP's mark: sign-in, first start, pay by link (`large`), errors."""
    _prepare("hHh LpR fFf")
    ui.add_css(accent_css(accent))
    if large:
        ui.query("body").classes("bf-portal")
    with _main("bf-alone wide" if wide else "bf-alone"):
        with box("who"):
            _mark("big")
            text(isp_name)
        with box("bf-card") as card:
            with box("bf-stack tight"):
                text(title, "bf-title", "h1")
                if subtitle:
                    text(subtitle, "bf-sub", "p")
            yield card
        if foot:
            text(foot, "foot", "p")


def sign_out_button(action: str = "/auth/logout") -> None:
    """Create a form with one button that signs out; by POST, so that no link or image can."""
    with box("", "form", method="post", action=checked_href(action)):
        ui.button("Sign out", icon="log-out", color=None).classes("bf-btn bf-ghost").props("type=submit")


def _prepare(view: str) -> ui.dark_mode:
    ui.context.client.layout.props(f'view="{view}"')
    ui.on_exception(lambda error: toast_error(say_error(error)))
    dark = chosen_theme()
    name = {True: "dark", False: "light", None: "auto"}[dark]
    # The ground has its colour before any script has run: no flash of white at night.
    ui.add_head_html(f'<script>document.documentElement.classList.add("bf-{name}")</script>')
    return ui.dark_mode(value=dark)


def _main(classes: str) -> ui.element:
    # Last of the frame: a header puts itself first, and the first stop of the keyboard is to be this.
    with ui.context.client.layout:
        text("Skip to the content", "bf-skip", "a", href="#main").move(target_index=0)
    return box(classes, "main", id="main", tabindex="-1")


def _heading(
    title: str, subtitle: str, back: tuple[str, str] | None, actions: Callable[[], object] | None
) -> None:
    with box("bf-head"):
        with box("words"):
            if back:
                with box("bf-back", "a", href=checked_href(back[1])):
                    icon("chevron-left")
                    text(back[0], tag="span")
            text(title, "bf-title", "h1")
            if subtitle:
                text(subtitle, "bf-sub num")
        if actions is not None:
            with box("bf-line"):
                actions()


def _mark(classes: str = "") -> None:
    with box(f"bf-mark {classes}", aria_hidden="true"):
        icon("signal")


def _brand(brand: str, *, home: str) -> None:
    with box("bf-brand", "a", href=checked_href(home)):
        _mark()
        text(brand, tag="span")


def _menu(menu: Sequence[MenuEntry], active: str) -> None:
    with box("bf-menu", "nav", aria_label="Main"):
        section = ""
        for entry in menu:
            if entry.section and entry.section != section:
                section = entry.section
                text(section, "bf-sec")
            _menu_entry(entry, is_active=entry.href == active)


def _menu_entry(entry: MenuEntry, *, is_active: bool) -> None:
    with box("bf-nav", "a", href=checked_href(entry.href)) as element:
        if is_active:
            element.props["aria-current"] = "page"
        icon(entry.icon)
        text(entry.label, tag="span")
        if entry.count:
            text(entry.count, "bf-count num" + (" bad" if entry.bad else ""), "span")


def _tab(tab: Tab, active: str) -> None:
    with box("bf-bi", "a", href=checked_href(tab.href)) as element:
        if tab.href == active:
            element.props["aria-current"] = "page"
        icon(tab.icon)
        text(tab.label, tag="span")


def _user(user_name: str, role_label: str, account_href: str | None, sign_out_action: str) -> None:
    with box("bf-user", "button", type="button", aria_haspopup="menu"):
        avatar(user_name)
        with box("bf-grow"):
            text(user_name, "t1")
            text(role_label, "t2")
        icon("chevrons-up-down")
        with ui.menu().classes("bf-menu-pop").props('anchor="top left" self="bottom left"'):
            if account_href:
                _menu_link("Your account", "user", checked_href(account_href))
            with box("", "form", method="post", action=checked_href(sign_out_action)):
                ui.button("Sign out", icon="log-out", color=None).classes("bf-btn bf-quiet wide").props(
                    "type=submit align=left"
                )


def _menu_link(label: str, symbol: str, href: str) -> None:
    button = ui.button(label, icon=symbol, color=None).classes("bf-btn bf-quiet wide").props("align=left")
    button.props["href"] = href


def _search_box(open_search: Callable[[], None]) -> None:
    with box("bf-search bf-hide-m", "button", type="button", data_bf_search="").on("click", open_search):
        icon("search")
        text("Search", tag="span")
        text("Ctrl K", "bf-kbd", "span", aria_hidden="true")


def _theme_button(mode: ui.dark_mode) -> None:
    button = icon_button("moon", "Light or dark").mark("theme")
    button.on(
        "click",
        lambda event: mode.set_value(bool(event.args)),
        js_handler="() => emit(window.benfexTheme())",
    )
