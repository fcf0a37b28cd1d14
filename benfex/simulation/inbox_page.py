"""The page that shows what reached people: letters and texts, newest first. Phones have pages of their own."""

import time
from html import escape

from benfex.simulation.mail import Letter
from benfex.simulation.texting import Text

STYLE = """
:root{color-scheme:light dark}*{box-sizing:border-box}
body{margin:0;background:Canvas;color:CanvasText;font:15px/1.5 Inter,system-ui,sans-serif}
main{max-width:760px;margin:0 auto;padding:20px 14px}
h1{font-size:22px;margin:0 0 4px}p{margin:0 0 10px}.meta{opacity:.75;font-size:13px}
article{border:1px solid color-mix(in srgb,CanvasText 18%,transparent);border-radius:12px;padding:14px 16px;
margin-top:12px}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:8px 0 0}
iframe{width:100%;height:320px;border:0;border-radius:8px;background:#f6f7f9;margin-top:8px}
"""


def inbox_page(letters: list[Letter], texts: list[Text]) -> str:
    """Return the page of everything that was taken."""
    parts: list[tuple[float, str]] = [(letter.taken_at, _letter(letter)) for letter in letters]
    parts += [(text.taken_at, _text(text)) for text in texts]
    shown = "".join(html for _, html in sorted(parts, reverse=True)) or "<p>Nothing was sent yet.</p>"
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1"><meta http-equiv=refresh content=5>'
        f'<link rel=icon href="data:,"><title>Simulated inbox</title><style>{STYLE}</style></head><body><main>'
        f"<h1>Simulated inbox</h1><p class=meta>Letters and texts that Benfex sent. No real one left.</p>{shown}"
        "</main></body></html>"
    )


def _letter(letter: Letter) -> str:
    # The sandbox keeps whatever a letter holds from running here.
    html = f'<iframe sandbox srcdoc="{escape(letter.html, quote=True)}" title="The letter"></iframe>'
    files = (
        f"<p class=meta>Attached: {escape(', '.join(letter.attachments))}</p>" if letter.attachments else ""
    )
    return (
        f"<article><p class=meta>E-mail to {escape(letter.recipient)} · {_when(letter.taken_at)}</p>"
        f"<strong>{escape(letter.subject)}</strong>{files}"
        f"{html if letter.html else f'<pre>{escape(letter.text)}</pre>'}</article>"
    )


def _text(text: Text) -> str:
    return (
        f"<article><p class=meta>SMS to {escape(text.to)} · {_when(text.taken_at)}</p>"
        f"<pre>{escape(text.message)}</pre></article>"
    )


def _when(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
