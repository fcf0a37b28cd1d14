"""Texts are filled safely, refused with the line when they are wrong, and measured as the network measures them."""

import pytest

from benfex.core.templates import TemplateRefused
from benfex.notifications.templates import (
    MessageText,
    default_text,
    preview_text,
    sms_size,
    write_message,
)
from data.seeds.messages import DEFAULTS
from data.values.kinds import MessageChannel

EMAIL, SMS = MessageChannel.EMAIL, MessageChannel.SMS


@pytest.mark.parametrize("code", list(DEFAULTS))
@pytest.mark.parametrize("channel", [EMAIL, SMS])
def test_every_built_in_text_can_be_filled_and_an_sms_stays_short(code: str, channel: MessageChannel) -> None:
    text = default_text(code, channel)
    assert text is not None
    written = preview_text(code=code, channel=channel, subject=text.subject, body=text.body)
    assert "{{" not in written.body + written.subject
    if channel is SMS and text.body:
        assert sms_size(written.body).segments == 1


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("Hello\n{{ name }\n", 2),
        ("Hello\n\n{% if name %}", 3),
        ("Hello {{ name }}\n{{ nobody }}", 2),
        ("Hello\n{{ name.nothing.more }}", 2),
        ("Hello\n{{ ''.__class__.__mro__ }}", 2),
        ("{% for i in range(10**9) %}x{% endfor %}", 1),
        ("Hello\n{{ 1 // 0 }}", 2),
    ],
)
def test_a_wrong_text_is_refused_with_its_line(body: str, line: int) -> None:
    with pytest.raises(TemplateRefused, match=f"(?i)line {line}\\b"):
        preview_text(code="restored", channel=SMS, subject="", body=body)


def test_what_a_fact_holds_is_never_a_template_and_never_markup() -> None:
    facts = {"name": "<script>alert(1)</script> {{ 7 * 7 }}", "isp": "A & B"}
    written = write_message(
        MessageText("To {{ name }}", "Hello {{ name }}\n\nfrom {{ isp }}"),
        channel=EMAIL,
        code="restored",
        facts=facts,
    )
    assert written.body == "Hello <script>alert(1)</script> {{ 7 * 7 }}\n\nfrom A & B"
    assert "<script>" not in written.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }}" in written.html


def test_an_address_alone_on_a_line_becomes_a_button() -> None:
    written = write_message(
        MessageText("Pay", "Hello\n\n{{ pay_link }}"),
        channel=EMAIL,
        code="reminder_due",
        facts={"pay_link": "https://billing.example/pay/1"},
    )
    assert '<a href="https://billing.example/pay/1"' in written.html


@pytest.mark.parametrize(
    ("text", "letters", "segments"),
    [
        ("", 0, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("€" * 80, 160, 1),
        ("€" * 81, 162, 2),
        ("ŵ" * 70, 70, 1),
        ("ŵ" * 71, 71, 2),
        ("✓" + "a" * 134, 135, 3),
    ],
)
def test_a_text_is_as_long_as_the_network_says(text: str, letters: int, segments: int) -> None:
    size = sms_size(text)
    assert (size.letters, size.segments) == (letters, segments)
