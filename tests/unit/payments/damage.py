"""Damage to recorded JSON: any part of a body is swapped, doubled or torn out, as no sender should."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        10**40,
        0.1,
        float("nan"),
        float("inf"),
        "",
        " ",
        "0",
        "\x00",
        "\ud800",
        "-5",
        "1e3",
        "1,500.00",
        "00010101000000",
        "0001-01-01T00:00:00+03:00",
        "99999999999999",
        "٣٤٥",
        [],
        {},
        [[]],
        {"Name": "Amount"},
    ]
)
odd_values = _ODD | st.text(max_size=20) | st.integers() | st.lists(_ODD, max_size=2)


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """Return the JSON body with one to three of its parts replaced or torn out."""
    content = json.loads(body)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(content))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        if draw(st.booleans()):
            holder[key] = deepcopy(draw(odd_values))  # samples are shared between examples
        elif isinstance(holder, dict):
            del holder[key]
        else:
            holder.append(deepcopy(holder[key]))
    return json.dumps(content).encode()


def _places(content: Any) -> list[tuple[Any, Any]]:
    """Return every (holder, key) of a document."""
    found: list[tuple[Any, Any]] = []
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, value in items:
        found.append((content, key))
        found += _places(value)
    return found
