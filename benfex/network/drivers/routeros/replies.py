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
            if whole.startswith(_ROW, position):
                ended = self._take_row(whole, position + len(_ROW))
                if ended is None:
                    break
                position = ended
                continue
            sentence = _read_sentence(whole, position)
            if sentence is None:
                break
            words, position = sentence
            self._take(words)
        if position:
            del self._buffer[:position]

    @property
    def leftover(self) -> bytes:
        """Return what came after the end of the answer; nothing, from a router that keeps to one command."""
        return bytes(self._buffer)

    def _take_row(self, data: bytes, position: int) -> int | None:
        """Take the attributes of a row and return where it ends; None while it is not whole.

        Nearly every sentence is one, so nothing is made of it but the row.
        """
        size, names = len(data), self._names
        row: Row = {}
        while position < size:
            length = data[position]
            position += 1
            if length == 0:
                self.rows.append(row)
                return position
            if length >= 0x80:
                length, position = _read_long_length(data, position - 1)
                if position < 0:
                    return None
            end = position + length
            if end > size:
                return None
            if data[position] == _EQUALS:  # not an API attribute such as `.tag=`
                name, _, value = data[position + 1 : end].partition(b"=")
                known = names.get(name)
                if known is None:
                    known = names[name] = self._text(name)
                try:
                    row[known] = value.decode()
                except UnicodeDecodeError:
                    row[known] = self._text(value)
            position = end
        return None

    def _take(self, words: list[bytes]) -> None:
        match words[0]:
            case b"!done":
                self.closing = self._attributes(words)
                self.is_done = True
            case b"!trap":
                attributes = self._attributes(words)
                category = attributes.get("category", "")
                message = attributes.get("message", "").strip() or "refused without a reason"
                self.traps.append(Trap(message, int(category) if category.isdecimal() else None))
            case b"!fatal":
                self.fatal = self._text(words[1]) if len(words) > 1 else "no reason given"
            case _:
                pass  # `!empty` (7.18) and whatever comes after it: `!done` follows

    def _attributes(self, words: list[bytes]) -> Row:
        names = self._names
        row: Row = {}
        for word in words[1:]:
            if word[:1] != b"=":
                continue  # API attributes such as `.tag=`
            name, _, value = word[1:].partition(b"=")
            known = names.get(name)
            if known is None:
                known = names[name] = self._text(name)
            try:
                row[known] = value.decode()
            except UnicodeDecodeError:
                row[known] = self._text(value)
        return row

    def _text(self, value: bytes) -> str:
        for encoding in ("utf-8", self._fallback):
            try:
                return value.decode(encoding)
            except UnicodeDecodeError:
                continue
        return value.decode("latin-1")  # never fails and drops nothing


def _read_sentence(data: bytes, start: int) -> tuple[list[bytes], int] | None:
    """Return the words of the sentence at `start` and where it ends; None while it is not whole."""
    size = len(data)
    words: list[bytes] = []
    position = start
    while position < size:
        length = data[position]
        position += 1
        if length == 0:
            if not words:
                raise ReplyError("The answer holds an empty sentence.")
            return words, position
        if length >= 0x80:
            length, position = _read_long_length(data, position - 1)
            if position < 0:
                return None
        end = position + length
        if not words:
            _check_reply_word(data, position, length)
        if end > size:
            return None
        words.append(data[position:end])
        position = end
    return None


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
