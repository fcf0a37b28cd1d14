"""The smallest pieces: a box, a text, a button. Text is always text here, never HTML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from components.theme import icon, icon_name

ButtonKind = Literal["primary", "ghost", "quiet", "danger"]


def box(classes: str = "", tag: str = "div", **attributes: str) -> ui.element:
    """Create a container; underscores in attribute names become hyphens (`aria_label=`)."""
    element = ui.element(tag).classes(classes)
    for name, value in attributes.items():
        element.props[name.strip("_").replace("_", "-")] = value
    return element


def text(content: str, classes: str = "", tag: str = "div", **attributes: str) -> TextElement:
    """Create an element that says `content`; change it with `.set_text(...)`."""
    element = TextElement(tag=tag, text=content).classes(classes)
    for name, value in attributes.items():
        element.props[name.strip("_").replace("_", "-")] = value
    return element


def button(
    label: str,
    on_click: Callable[..., Any] | None = None,
    *,
    kind: ButtonKind = "primary",
    icon: str | None = None,
    classes: str = "",
) -> ui.button:
    """Create a button with words; `classes` may add small, wide or big (48 px)."""
    symbol = icon_name(icon) if icon else None
    return ui.button(label, on_click=on_click, icon=symbol, color=None).classes(f"bf-btn bf-{kind} {classes}")


def icon_button(name: str, label: str, on_click: Callable[..., Any] | None = None) -> ui.button:
    """Create a button that shows an icon only; `label` is what a screen reader says."""
    element = ui.button(icon=icon_name(name), on_click=on_click, color=None).props("flat").classes("bf-ib")
    element.props["aria-label"] = label
    element.props["title"] = label
    return element


def link_button(
    label: str, href: str, *, kind: ButtonKind = "primary", icon: str | None = None, classes: str = ""
) -> ui.button:
    """Create a button that is a link: it opens in a new tab too. Raises ValueError for an outside address."""
    element = button(label, kind=kind, icon=icon, classes=classes)
    element.props["href"] = checked_href(href)
    return element


def link(label: str, href: str, classes: str = "bf-link") -> TextElement:
    """Create a plain link. Raises ValueError for an outside address."""
    return text(label, classes, "a", href=checked_href(href))


def checked_href(href: str) -> str:
    """Return `href` if it stays on this site (or is tel:, mailto:, #). Raises ValueError otherwise."""
    inside = href.startswith("/") and not href.startswith(("//", "/\\"))
    if not inside and not href.startswith(("#", "?", "tel:", "mailto:")):
        raise ValueError(f"a link must stay on this site, not {href!r}")
    return href


def card(title: str | None = None, *, classes: str = "", note: str | None = None) -> ui.element:
    """Create a card, with a heading row when `title` is given; inside it `body()` gives the padding."""
    element = box(f"bf-card {classes}", "section")
    if title is not None:
        with element, box("bf-ch"):
            text(title, "bf-ct", "h2")
            if note is not None:
                text(note, "bf-sub bf-end num")
    return element


def body(classes: str = "") -> ui.element:
    """Create the padded part of a card."""
    return box(f"bf-body {classes}")


def fact_list() -> ui.element:
    """Create a list of `fact`s."""
    return box("bf-facts", "dl")


def fact(label: str, value: str = "") -> ui.element:
    """Create one labelled fact; without `value` use it in `with` and put an element inside."""
    text(label, tag="dt")
    element = box("num", "dd")
    if value:
        with element:
            text(value, tag="span")
    return element


def row(title: str, note: str = "", *, symbol: str | None = None, href: str | None = None) -> ui.element:
    """Create a list row of a card with an icon, two lines, and room at the end for what `with` adds."""
    element = box("bf-row", "a", href=checked_href(href)) if href else box("bf-row")
    with element:
        if symbol:
            with box("bf-ico"):
                icon(symbol)
        with box("bf-grow"):
            text(title, "t1")
            if note:
                text(note, "t2 num")
    return element
