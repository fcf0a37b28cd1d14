"""Pure: the bytes of RouterOS answers as rows of text, decoded in batches. What rows mean is in `words.py`.

Source: RouterOS API, "Protocol": words announced by their length, sentences closed by an empty word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Row = dict[str, str]

# The largest table measured (2,000 queues with all 30 fields) is 1.2 MB; these are walls, not sizes.
REPLY_BYTES_MAX: Final = 256 * 1024 * 1024
WORD_BYTES_MAX: Final = 16 * 1024 * 1024
_REPLY_WORD_BYTES_MAX: Final = 32
_BANG: Final = 0x21
_EQUALS: Final = 0x3D
_LONG: Final = 0x80  # lengths of more than one byte begin here
_ROW: Final = b"\x03!re"
_INCOMPLETE: Final = (-1, -1)


class ReplyError(ValueError):
    """The stream cannot be understood any more."""


@dataclass(frozen=True, slots=True)
class Trap:
    """One refusal; `category` is RouterOS's own, None where it gave none."""

    message: str
    category: int | None = None


class ReplyDecoder:
    """Decodes the answer to one command, fed in pieces; every value stays text.

    `rows` hold the `!re` sentences in order; `closing` the attributes of `!done` (`ret`). `fatal` is the
    reason with which the router ends the connection, None as long as it does not.
    """

    def __init__(self, *, fallback_encoding: str = "cp1252") -> None:
        self.rows: list[Row] = []
        self.traps: list[Trap] = []
        self.closing: Row = {}
        self.fatal: str | None = None
        self.is_done = False
        self._fallback = fallback_encoding
        self._buffer = bytearray()
        self._fed = 0
        self._names: dict[bytes, str] = {}

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the answer. Raises ReplyError when they mean nothing."""
        self._fed += len(data)
        if self._fed > REPLY_BYTES_MAX:
            raise ReplyError("The answer does not end.")
        self._buffer += data
        whole = bytes(self._buffer)
        position = 0
        while not self.is_done and self.fatal is None:
            ended = self._take(whole, position)
            if ended is None:
                break
            position = ended
        if position:
            del self._buffer[:position]

    @property
    def leftover(self) -> bytes:
        """Return what came after the end of the answer; nothing, from a router that keeps to one command."""
        return bytes(self._buffer)

    def _take(self, data: bytes, start: int) -> int | None:
        """Take the sentence at `start` and return where it ends; None while it is not whole."""
        if data.startswith(_ROW, start):  # nearly every sentence is one
            reply, begins = b"!re", start + len(_ROW)
        else:
            found = _read_reply_word(data, start)
            if found is None:
                return None
            reply, begins = found
        attributes: Row = {}
        ended = self._read_attributes(data, begins, attributes)
        if ended is None:
            return None
        match reply:
            case b"!re":
                self.rows.append(attributes)
            case b"!done":
                self.closing = attributes
                self.is_done = True
            case b"!trap":
                category = attributes.get("category", "")
                message = attributes.get("message", "").strip() or "refused without a reason"
                self.traps.append(Trap(message, int(category) if category.isdecimal() else None))
            case b"!fatal":
                length, position = _read_length(data, begins)
                self.fatal = self._text(data[position : position + length]) or "no reason given"
            case _:
                pass  # `!empty` (7.18) and whatever comes after it: `!done` follows
        return ended

    def _read_attributes(self, data: bytes, position: int, attributes: Row) -> int | None:
        """Read the words from `position` on and return where the sentence ends; None while it is not whole."""
        size, names = len(data), self._names
        while position < size:
            length = data[position]
            position += 1
            if length == 0:
                return position
            if length >= _LONG:
                length, position = _read_long_length(data, position - 1)
                if position < 0:
                    return None
            end = position + length
            if end > size:
                return None
            if length and data[position] == _EQUALS:  # not an API attribute such as `.tag=`
                name, _, value = data[position + 1 : end].partition(b"=")
                known = names.get(name)
                if known is None:
                    known = names[name] = self._text(name)
                try:
                    attributes[known] = value.decode()
                except UnicodeDecodeError:
                    attributes[known] = self._text(value)
            position = end
        return None

    def _text(self, value: bytes) -> str:
        for encoding in ("utf-8", self._fallback):
            try:
                return value.decode(encoding)
            except UnicodeDecodeError:
                continue
        return value.decode("latin-1")  # never fails and drops nothing


def _read_reply_word(data: bytes, start: int) -> tuple[bytes, int] | None:
    """Return the first word of the sentence at `start` and where it ends; None while it is not whole."""
    if start >= len(data):
        return None
    if data[start] == 0:
        raise ReplyError("The answer holds an empty sentence.")
    length, position = _read_length(data, start)
    if position < 0:
        return None
    _check_reply_word(data, position, length)
    end = position + length
    return (data[position:end], end) if end <= len(data) else None


def _read_length(data: bytes, start: int) -> tuple[int, int]:
    """Return the length of a word and where it begins; (-1, -1) while the length is not whole."""
    first = data[start]
    return (first, start + 1) if first < _LONG else _read_long_length(data, start)


def _read_long_length(data: bytes, start: int) -> tuple[int, int]:
    """Return a length of two to five bytes and where its word begins; (-1, -1) while it is not whole."""
    first = data[start]
    if first >= 0xF8:
        raise ReplyError("The answer holds a control byte.")
    if first < 0xC0:
        extra, kept = 1, first & 0x3F
    elif first < 0xE0:
        extra, kept = 2, first & 0x1F
    elif first < 0xF0:
        extra, kept = 3, first & 0x0F
    else:
        extra, kept = 4, 0
    end = start + 1 + extra
    if end > len(data):
        return _INCOMPLETE
    length = int.from_bytes(data[start + 1 : end], "big") | kept << (8 * extra)
    if length > WORD_BYTES_MAX:
        raise ReplyError("The answer announces a word that is too long.")
    return length, end


def _check_reply_word(data: bytes, position: int, length: int) -> None:
    """Tell nonsense from an answer by its first byte, rather than wait for what will never come."""
    if length > _REPLY_WORD_BYTES_MAX or (position < len(data) and data[position] != _BANG):
        raise ReplyError("The answer does not begin with a reply word.")
