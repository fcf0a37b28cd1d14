"""Colours, icons and chart templates, and `install`, which shares them with every page.

The sheet itself is `static/app.css`: besides it and this file nothing holds a colour or a space.
"""

from __future__ import annotations

import colorsys
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from nicegui import App, ui
from nicegui.dependencies import register_importmap_override

STATIC: Final = Path(__file__).parent / "static"
THEME_COOKIE: Final = "benfex_theme"
PLOTLY_FILE: Final = "plotly-basic-3.1.1.js"  # the version that NiceGUI 3.18 ships in full

Tone = Literal["ok", "warn", "bad", "mute", "accent"]
Ink = Literal["down", "up", "accent", "ok", "warn", "bad", "mute"]

# Light-theme values of the same tokens in app.css, for the few places CSS variables do not reach.
QUASAR_COLORS: Final = {
    "primary": "#3e57da",
    "positive": "#177a4c",
    "negative": "#c02b33",
    "warning": "#94580a",
    "info": "#3e57da",
    "dark": "#12151b",
    "dark_page": "#0b0d11",
}
INK_RGB: Final[dict[Ink, str]] = {
    "down": "91,112,233",
    "up": "26,170,152",
    "accent": "91,112,233",
    "ok": "38,150,98",
    "warn": "190,120,30",
    "bad": "210,70,80",
    "mute": "130,140,155",
}
DEFAULT_ACCENT: Final = "#3e57da"
_FONT: Final = "Inter, system-ui, sans-serif"
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")


def install(app: App) -> None:
    """Serve the static files under /assets and give every page the sheet, the icons and the defaults.

    Call it once while the application is built, never in a page: what is shared is added each time.
    """
    app.add_static_files("/assets", STATIC, max_cache_age=31_536_000)
    app.colors(**QUASAR_COLORS)
    ui.button.default_props("unelevated no-caps")
    font = "/assets/inter-latin-wght-normal.woff2"
    ui.add_head_html(
        f'<link rel="preload" href="{font}" as="font" type="font/woff2" crossorigin>'
        f'<link rel="stylesheet" href="{asset("app.css")}">',
        shared=True,
    )
    scripts = "".join(f'<script defer src="{asset(name)}"></script>' for name in ("icons.js", "boot.js"))
    ui.add_body_html(scripts, shared=True)
    # The basic bundle (scatter, bar, pie) instead of the full one: 764 against 1,725 KiB on a first visit.
    register_importmap_override("nicegui-plotly", asset(PLOTLY_FILE))


@cache
def asset(name: str) -> str:
    """Return the address of a static file, with a mark of its content so that caches never grow stale."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/assets/{name}?v={digest}"


@cache
def icon_names() -> frozenset[str]:
    """Return the Lucide names that `static/icons.js` can draw."""
    text = (STATIC / "icons.js").read_text(encoding="utf-8")
    return frozenset(json.loads(text[text.index("= {") + 2 : text.rindex("}") + 1]))


def icon(name: str, classes: str = "") -> ui.icon:
    """Create a Lucide icon, hidden from screen readers. Raises ValueError for a name we do not ship."""
    element = ui.icon(icon_name(name)).classes(classes)
    element.props["aria-hidden"] = "true"
    return element


def icon_name(name: str) -> str:
    """Return `name` if we ship that icon, for `icon=` of buttons. Raises ValueError when we do not."""
    if name not in icon_names():
        raise ValueError(f"no icon is called {name!r}; add it to components/static/icons.js")
    return name


def chosen_theme() -> bool | None:
    """Return the visitor's dark mode from the cookie: None means as the system says."""
    return {"dark": True, "light": False}.get(ui.context.client.request.cookies.get(THEME_COOKIE, ""))


def has_touch_screen() -> bool:
    """Tell whether the browser calls itself mobile: there a chart must not catch the scrolling finger."""
    return "Mobi" in ui.context.client.request.headers.get("user-agent", "")


def accent_css(accent: str) -> str:
    """Return the tokens of an ISP's own colour, moved lighter or darker until its text reads at 4.5:1.

    Raises ValueError unless `accent` is `#rrggbb`.
    """
    if not _HEX.fullmatch(accent):
        raise ValueError(f"an accent must be written #rrggbb, not {accent!r}")
    soft_light, soft_dark = _mixed(accent, "#ffffff", 0.09), _mixed(accent, "#12151b", 0.22)
    on_white = _shaded(accent, against=["#ffffff"], step=-0.01)
    on_light = _shaded(accent, against=["#ffffff", "#f4f5f7", soft_light], step=-0.01)
    on_dark = _shaded(accent, against=["#0b0d11", "#191d25", soft_dark], step=0.01)
    light = (
        f"--accent:{on_white};--solid:{on_white};--down:{on_white};"
        f"--accent-text:{on_light};--accent-soft:{soft_light}"
    )
    dark = (
        f"--accent:{on_dark};--solid:{on_white};--down:{on_dark};"
        f"--accent-text:{on_dark};--accent-soft:{soft_dark}"
    )
    return f"html body.body--light{{{light}}}html body.body--dark{{{dark}}}"


def plot_layout(*, height: int = 268, left: int = 60, touch: bool = False) -> dict[str, Any]:
    """Return a fresh Plotly layout; colours come from app.css, so both themes share it."""
    return {
        "margin": {"l": left, "r": 18, "t": 8, "b": 30},
        "height": height,
        "uirevision": "kept",  # new figures leave the reader's zoom alone
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hovermode": "x unified",
        "dragmode": False if touch else "zoom",
        "font": {"family": _FONT, "size": 11.5},
        "hoverlabel": {"font": {"family": _FONT, "size": 12}},
        "xaxis": {
            "showgrid": False,
            "zeroline": False,
            "fixedrange": touch,
            "nticks": 6,
            "tickangle": 0,
            "ticklabelstandoff": 6,
            "showspikes": True,
            "spikethickness": 1,
            "spikedash": "solid",
            "spikemode": "across",
            "spikesnap": "cursor",
        },
        "yaxis": {
            "gridwidth": 1,
            "zeroline": False,
            "fixedrange": True,
            "rangemode": "tozero",
            "nticks": 5,
            "griddash": "solid",
        },
    }


def line_trace(name: str, ink: Ink, x: list[str], y: list[int | None]) -> dict[str, Any]:
    """Return a line whose `None` values stay visible gaps."""
    rgb = INK_RGB[ink]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "connectgaps": False,
        "line": {"width": 2, "shape": "spline", "smoothing": 0.5, "color": f"rgb({rgb})"},
        "fill": "tozeroy",
        "fillgradient": {
            "type": "vertical",
            "colorscale": [[0, f"rgba({rgb},0)"], [1, f"rgba({rgb},.22)"]],
        },
    }


def bar_trace(name: str, ink: Ink, x: list[str], y: list[int | None]) -> dict[str, Any]:
    """Return bars with softly rounded tops."""
    color = f"rgb({INK_RGB[ink]})"
    return {
        "type": "bar",
        "name": name,
        "x": x,
        "y": y,
        "marker": {"color": color, "cornerradius": 4, "line": {"width": 0}},
    }


PLOT_CONFIG: Final[dict[str, Any]] = {"displayModeBar": False, "responsive": True}


# By the distance of two ticks in milliseconds.
TIME_TICKS: Final[list[dict[str, Any]]] = [
    {"dtickrange": [None, 59_999], "value": "%H:%M:%S"},
    {"dtickrange": [60_000, 86_399_999], "value": "%H:%M"},
    {"dtickrange": [86_400_000, None], "value": "%-d %b"},
]


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(c * 255):02x}" for c in channels)


def _mixed(color: str, ground: str, share: float) -> str:
    pairs = zip(_channels(color), _channels(ground), strict=True)
    red, green, blue = (c * share + g * (1 - share) for c, g in pairs)
    return _hex((red, green, blue))


def _shaded(color: str, *, against: Sequence[str], step: float) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(color))
    shade = color
    for _ in range(100):
        if (
            min(contrast(shade, ground) for ground in against) >= 4.6
        ):  # a little over 4.5, for the rounding to whole channels
            return shade
        lightness = min(max(lightness + step, 0.0), 1.0)
        shade = _hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    return shade
