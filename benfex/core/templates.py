"""Texts that the ISP may write itself: checked when they are saved, filled in when they are used.

Jinja2 in its sandbox, and of its language only words: the facts, a few filters, comparisons and `if`. No loops,
calls, arithmetic or attributes, so a template can neither reach into Benfex nor keep it busy. Which texts there
are and what they start with is said where they are used.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from data.values.errors import InvalidInput

LENGTH_MAX: Final = 4_000
_NESTING_MAX: Final = 20
_FILTERS: Final = ("capitalize", "default", "lower", "title", "trim", "upper")
_TESTS: Final = ("defined", "undefined")
_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.Test,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
_COMPARABLE: Final = (nodes.Name, nodes.Const, nodes.Filter)  # what is text at any rate


class TemplateRefused(InvalidInput):
    """A text cannot be used as a template; the message says why and where."""


def _environment(*, escapes: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=escapes, undefined=StrictUndefined, keep_trailing_newline=True, cache_size=0
    )
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    environment.globals = {}
    return environment


_PLAIN: Final = _environment(escapes=False)
_HTML: Final = _environment(escapes=True)


def check_template(text: str, *, facts: Iterable[str], field: str = "body") -> None:
    """Refuse a text that could fail later: of wrong syntax, or with anything but these facts and plain words.

    Raises TemplateRefused, naming `field`.
    """
    if len(text) > LENGTH_MAX:
        raise TemplateRefused(field, f"The text has more than {LENGTH_MAX:,} characters.")
    known = sorted(facts)
    try:
        tree = _PLAIN.parse(text)
        _check_node(tree, known=frozenset(known), field=field, depth=0)
        _PLAIN.from_string(text).render({name: name for name in known})
    except (TemplateError, TypeError, ValueError, RecursionError) as cause:
        line = getattr(cause, "lineno", None)
        where = f" (line {line})" if line else ""
        raise TemplateRefused(field, f"The text cannot be read{where}: {cause}") from cause


def fill_template(text: str, facts: Mapping[str, str], *, is_html: bool = False) -> str:
    """Return the text with the facts in their places, escaped when it `is_html`.

    Facts are only ever text: what stands in them is never read as a template. Raises TemplateRefused when the
    text was never checked, or a fact that it names is missing.
    """
    try:
        return _compiled(text, is_html).render(facts)
    except (TemplateError, TypeError, ValueError) as cause:
        raise TemplateRefused("body", f"The text cannot be filled in: {cause}") from cause


@lru_cache(maxsize=256)
def _compiled(text: str, is_html: bool) -> Template:
    environment = _HTML if is_html else _PLAIN
    # Checked again here: rows may be older than the rules, and the sandbox alone allows loops.
    _check_node(environment.parse(text), known=None, field="body", depth=0)
    return environment.from_string(text)


def _check_node(node: nodes.Node, *, known: frozenset[str] | None, field: str, depth: int) -> None:
    if depth > _NESTING_MAX:
        raise TemplateRefused(field, "The text is nested too deep.")
    if not isinstance(node, _ALLOWED) or _may_fail(node):
        allowed = "{{ fact }}, {{ fact | upper }} and {% if fact %} … {% endif %}"
        raise TemplateRefused(field, f"Line {node.lineno} holds more than a text may: use {allowed}.")
    if isinstance(node, nodes.Name) and known is not None and node.name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise TemplateRefused(
            field, f"Line {node.lineno}: there is no {node.name} here. The facts are: {names}."
        )
    for child in node.iter_child_nodes():
        _check_node(child, known=known, field=field, depth=depth + 1)


def _may_fail(node: nodes.Node) -> bool:
    """Return whether a node of an allowed kind could fail with one fact and not with another."""
    match node:
        case nodes.Const():
            return not isinstance(node.value, str)
        case nodes.Filter():
            takes = 1 if node.name == "default" else 0
            return len(node.args) > takes or bool(node.kwargs or node.dyn_args or node.dyn_kwargs)
        case nodes.Test():
            return bool(node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)
        case nodes.CondExpr():
            return node.expr2 is None
        case nodes.Compare():
            operands = [node.expr, *(operand.expr for operand in node.ops)]
            return not all(isinstance(operand, _COMPARABLE) for operand in operands)
    return False
