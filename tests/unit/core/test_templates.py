import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benfex.core.templates import LENGTH_MAX, TemplateRefused, check_template, fill_template

FACTS = ("name", "amount", "due")


@pytest.mark.parametrize(
    "text",
    [
        "Pay {{ amount }} by {{ due }}.",
        "{% if due %}Due {{ due }}{% else %}No date{% endif %}",
        "{{ name | upper }} {{ name | trim | title }} {{ due | default('soon') }}",
        "No fact at all, and <b>HTML</b>.",
        "",
    ],
)
def test_plain_texts_are_accepted(text: str) -> None:
    check_template(text, facts=FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "{{ secret }}",
        "{{ name.__class__ }}",
        "{{ name['upper'] }}",
        "{{ name.upper() }}",
        "{{ 'a' * 1000000000 }}",
        "{% for letter in name %}{{ letter }}{% endfor %}",
        "{% set name = 'x' %}",
        "{% include 'x' %}",
        "{% macro x() %}{% endmacro %}",
        "{{ name | attr('__class__') }}",
        "{{ self }}",
        "{{ name ",
        "{% if name %}",
        "{{ name | nothing }}",
        "{% if name == 'x' %}{{ due | upper('x') }}{% endif %}",
        "{% if name < 1 %}{% endif %}",
        "{{ 'x' if name }}",
        "{{ " + "not " * 40 + "name }}",
        "x" * (LENGTH_MAX + 1),
    ],
)
def test_whatever_could_fail_or_reach_out_is_refused_when_saved(text: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        check_template(text, facts=FACTS, field="footer")
    assert refused.value.field == "footer"


def test_what_was_never_checked_is_refused_when_used() -> None:
    with pytest.raises(TemplateRefused):
        fill_template("{% for n in name %}{{ n }}{% endfor %}", {"name": "Amina"})
    with pytest.raises(TemplateRefused):
        fill_template("{{ amount }}", {"name": "Amina"})


def test_facts_are_escaped_in_html_alone() -> None:
    facts = {"name": "<b>A & B</b>"}
    assert fill_template("<p>{{ name }}</p>", facts, is_html=True) == "<p>&lt;b&gt;A &amp; B&lt;/b&gt;</p>"
    assert fill_template("{{ name }}", facts) == "<b>A & B</b>"


@given(st.text(max_size=40))
@example("{{ secret }}")
@example("{% raw %}")
def test_a_fact_is_never_read_as_a_template(fact: str) -> None:
    assert fill_template("Dear {{ name }}!", {"name": fact}) == f"Dear {fact}!"


@given(st.text(alphabet="{}%|.()[]'\"namedue if for end\\\n", max_size=30))
def test_whatever_was_accepted_can_be_filled(text: str) -> None:
    try:
        check_template(text, facts=FACTS)
    except TemplateRefused:
        return
    fill_template(text, {"name": "Amina", "amount": "KES 1", "due": "today"})
