"""Message texts: checked when they are saved (`core/templates`), filled with facts when a message leaves.

An e-mail is written as plain paragraphs: the text part is as written, the HTML part is those paragraphs in our
layout, escaped, with a line that is an address alone as a button. Nothing that a fact holds is ever a template.
The default texts are in `data/seeds/messages`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.templates import check_template, fill_template
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.message import MessageTemplate
from data.queries import messages as message_queries
from data.seeds.messages import COMMON, DEFAULTS
from data.values.errors import InvalidInput, NotFound
from data.values.kinds import MessageChannel
from data.values.roles import Permission

_WRITTEN = (MessageChannel.EMAIL, MessageChannel.SMS)
_ADDRESS_ALONE = re.compile(r"https?://\S+")
# GSM 03.38: what a text of 160 letters may hold; those of the extension count twice. Anything else makes it UCS-2.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")

_LAYOUT = """<!doctype html><html lang="{{ language }}"><head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body style="margin:0;background:#f6f7f9;font:16px/1.5 system-ui,sans-serif;color:#11151d">
<div style="max-width:560px;margin:0 auto;padding:24px 16px">
<div style="background:#fff;border:1px solid #e7e9ee;border-radius:14px;padding:24px">
{% for block in blocks %}{% if block.link %}<p><a href="{{ block.link }}" style="display:inline-block;padding:12px 20px;
border-radius:10px;background:{{ accent }};color:#fff;text-decoration:none;font-weight:600">{{ button }}</a></p>
{% else %}<p>{% for line in block.lines %}{% if not loop.first %}<br>{% endif %}{{ line }}{% endfor %}</p>
{% endif %}{% endfor %}</div></div></body></html>"""


@dataclass(frozen=True, slots=True)
class MessageText:
    """The text of one kind of message in one channel; an empty body means that it does not leave by it."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Written:
    """A filled text, ready to leave. `html` is empty but for e-mail."""

    subject: str
    body: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class SmsSize:
    """How long a text is: its letters, and how many messages it is billed as."""

    letters: int
    segments: int


def default_text(code: str, channel: MessageChannel) -> MessageText | None:
    """Return the built-in text of a kind of message, or None when we know no such message."""
    known = DEFAULTS.get(code)
    if known is None:
        return None
    email = channel is MessageChannel.EMAIL
    return MessageText(known.subject if email else "", known.email if email else known.sms)


def texts_for(
    snapshot: Snapshot, codes: frozenset[str]
) -> Mapping[tuple[str, MessageChannel, str], MessageText]:
    """Return the texts in force for these kinds, by code, channel and language; `en` is always among them."""
    found: dict[tuple[str, MessageChannel, str], MessageText] = {}
    for code in codes:
        for channel in _WRITTEN:
            text = default_text(code, channel)
            if text is not None:
                found[code, channel, "en"] = text
    for key, row in message_queries.newest_templates(snapshot.session, codes=sorted(codes)).items():
        found[key] = MessageText(row.subject, row.body)
    return found


def text_of(
    texts: Mapping[tuple[str, MessageChannel, str], MessageText],
    *,
    code: str,
    channel: MessageChannel,
    language: str,
) -> MessageText | None:
    """Return the text in the language, else in English, else None."""
    return texts.get((code, channel, language)) or texts.get((code, channel, "en"))


def write_message(
    text: MessageText,
    *,
    channel: MessageChannel,
    code: str,
    facts: Mapping[str, str],
    accent: str = "#3e57da",
    language: str = "en",
) -> Written:
    """Fill a text with facts. A fact that its kind knows but nobody told is empty. Raises TemplateRefused."""
    known = DEFAULTS.get(code)
    whole = {**dict.fromkeys((*COMMON, *(known.facts if known else ())), ""), **facts}
    subject = " ".join(fill_template(text.subject, whole).split())
    body = fill_template(text.body, whole).strip()
    if channel is not MessageChannel.EMAIL:
        return Written("", " ".join(body.split()))
    html = _layout().render(
        blocks=_blocks(body), subject=subject, accent=accent, language=language, button="Pay now"
    )
    return Written(subject[:200], body, html)


def sample_facts(code: str) -> dict[str, str]:
    """Return facts to preview a kind of message with. Raises NotFound."""
    known = DEFAULTS.get(code)
    if known is None:
        raise NotFound("message")
    return {**COMMON, **known.facts}


def preview_text(*, code: str, channel: MessageChannel, subject: str, body: str) -> Written:
    """Return the text filled with sample facts. Raises TemplateRefused naming the line, NotFound."""
    samples = sample_facts(code)
    for words, field in ((subject, "subject"), (body, "body")):
        check_template(words, facts=samples, field=field)
    return write_message(MessageText(subject, body), channel=channel, code=code, facts=samples)


def sms_size(text: str) -> SmsSize:
    """Return the length of a text as the network counts it (GSM 03.38: 160 and 153, UCS-2: 70 and 67)."""
    if all(letter in _GSM or letter in _GSM_TWICE for letter in text):
        letters = sum(2 if letter in _GSM_TWICE else 1 for letter in text)
        alone, joined = 160, 153
    else:
        letters, alone, joined = len(text.encode("utf-16-be")) // 2, 70, 67
    return SmsSize(letters, 1 if letters <= alone else -(-letters // joined))


def save_template(
    uow: UnitOfWork, *, code: str, channel: MessageChannel, subject: str, body: str, language: str = "en"
) -> None:
    """Write a new version of a text; an empty one switches the message off in this channel.

    Raises NotFound, InvalidInput naming the field and, for a wrong text, the line.
    """
    require(uow.actor, Permission.EDIT_PROFILE)
    if code not in DEFAULTS or channel not in _WRITTEN:
        raise NotFound("message")
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", language):
        raise InvalidInput("language", "Name the language like en or sw.")
    if len(subject) > 200:
        raise InvalidInput("subject", "Use at most 200 letters.")
    if channel is MessageChannel.EMAIL and body.strip() and not subject.strip():
        raise InvalidInput("subject", "An e-mail needs a subject.")
    if body.strip():
        preview_text(code=code, channel=channel, subject=subject, body=body)
    before = message_queries.newest_templates(uow.session, codes=[code]).get((code, channel, language))
    row = MessageTemplate(
        code=code,
        channel=channel,
        language=language,
        version=before.version + 1 if before else 1,
        subject=subject.strip() if channel is MessageChannel.EMAIL else "",
        body=body.replace("\r\n", "\n").strip(),
        saved_by=name_of(uow.actor),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    record_audit(
        uow,
        action="save",
        entity="message_template",
        entity_id=row.id,
        changes={"code": code, "channel": channel, "version": row.version},
    )


@cache
def _layout() -> Template:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True).from_string(_LAYOUT)


@dataclass(frozen=True, slots=True)
class _Block:
    lines: tuple[str, ...]
    link: str = ""


def _blocks(body: str) -> list[_Block]:
    blocks: list[_Block] = []
    for paragraph in re.split(r"\n\s*\n", body):
        lines = tuple(line.strip() for line in paragraph.strip().splitlines())
        if len(lines) == 1 and _ADDRESS_ALONE.fullmatch(lines[0]):
            blocks.append(_Block((), lines[0]))
        elif lines:
            blocks.append(_Block(lines))
    return blocks
