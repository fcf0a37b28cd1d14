"""Tables that ask for a page at a time, and forms that say what is missing."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ElementFilter, ui
from nicegui.testing import User

from components.data_table import Column, DataTable, Empty, TableQuery, TableTab
from components.feedback import action_button
from components.form import Form, Values
from data.values.errors import AlreadyExists, Conflict
from data.values.money import Money
from tests.ui.seen import see, until


class Shelf:
    """Rows for a table that remembers what it was asked."""

    def __init__(self, total: int = 60) -> None:
        self.asked: list[TableQuery] = []
        self.total = total
        self.refusal: Exception | None = None

    async def fetch(self, query: TableQuery) -> tuple[Sequence[dict[str, Any]], int]:
        self.asked.append(query)
        if self.refusal is not None:
            raise self.refusal
        first = (query.page - 1) * query.size
        rows = [{"id": str(i), "name": f"Customer {i}", "href": f"/c/{i}"} for i in range(first, self.total)]
        return rows[: query.size], self.total

    def page(self) -> None:
        columns = [Column("name", "Name", sort="full_name"), Column("plan", "Plan")]
        tabs = [TableTab("all", "All"), TableTab("due", "Payment due")]
        DataTable(
            columns,
            self.fetch,
            label="Customers",
            sort="full_name",
            size=10,
            tabs=tabs,
            empty=Empty("No customers"),
        )


async def test_a_table_asks_for_a_page_at_a_time(person: User) -> None:
    shelf = Shelf()
    await see(person, shelf.page)
    table = await _table(person)
    assert [row["name"] for row in table.rows][:2] == ["Customer 0", "Customer 1"]
    assert (len(table.rows), table.pagination["rowsNumber"]) == (10, 60)


async def test_a_table_trusts_nothing_that_the_browser_asks(person: User) -> None:
    shelf = Shelf()
    await see(person, shelf.page)
    await _table(person)
    asked = {"page": -5, "rowsPerPage": 0, "sortBy": "password_hash", "descending": "x"}
    person.find(kind=ui.table).trigger("request", {"pagination": asked})
    await until(lambda: len(shelf.asked) == 2)
    query = shelf.asked[-1]
    assert (query.page, query.size, query.sort, query.descending) == (1, 100, "full_name", False)


async def test_a_tab_starts_again_at_the_first_page(person: User) -> None:
    shelf = Shelf()
    await see(person, shelf.page)
    await _table(person)
    person.find(kind=ui.table).trigger(
        "request", {"pagination": {"page": 3, "rowsPerPage": 10, "sortBy": "name"}}
    )
    person.find(marker="tab-due").click()
    await until(lambda: len(shelf.asked) == 3)
    assert (shelf.asked[1].page, shelf.asked[2].page, shelf.asked[2].tab) == (3, 1, "due")


async def test_an_empty_table_says_so(person: User) -> None:
    await see(person, Shelf(total=0).page)
    await person.should_see("No customers", retries=60)


async def test_a_table_that_gets_no_answer_says_why_and_offers_another_try(person: User) -> None:
    shelf = Shelf()
    shelf.refusal = Conflict("The database is being restored.")
    await see(person, shelf.page)
    await person.should_see("The database is being restored.", retries=60)
    shelf.refusal = None
    person.find("Try again").click()
    assert len((await _table(person)).rows) == 10


async def test_a_form_says_at_each_field_what_is_missing_and_sends_nothing(person: User) -> None:
    sent: list[Values] = []
    await see(person, lambda: _plan_form(sent.append))
    person.find(marker="field-price").type("two")
    _submit(person)
    await person.should_see("Please fill this in.")
    await person.should_see("Write the amount in digits")
    assert sent == []


async def test_a_form_hands_over_values_and_shows_a_refusal_at_its_field(person: User) -> None:
    sent: list[Values] = []

    def save(values: Values) -> None:
        sent.append(values)
        raise AlreadyExists("name", "This name is taken.")

    await see(person, lambda: _plan_form(save))
    person.find(marker="field-name").type(" Home 30 ")
    person.find(marker="field-price").type("2,500")
    _submit(person)
    await person.should_see("This name is taken.")
    assert sent == [{"name": "Home 30", "price": Money(250_000, "KES"), "days": 7}]


async def test_a_field_that_is_not_shown_is_not_asked_for(person: User) -> None:
    sent: list[Values] = []

    def page() -> None:
        with Form(sent.append) as form:
            way = form.choice("way", "Pay with", {"phone": "Phone", "card": "Card"}, value="phone")
            form.text("number", "Number")
            form.show_while("number", way, lambda value: value == "phone")

    await see(person, page)
    _submit(person)
    await person.should_see("Please fill this in.")
    with person:
        next(iter(ElementFilter(kind=ui.select))).value = "card"
    await person.should_not_see("Number")
    _submit(person)
    await until(lambda: sent == [{"way": "card", "number": None}])


async def test_an_action_that_is_refused_tells_why(person: User) -> None:
    def refuse() -> None:
        raise Conflict("This invoice is already paid.")

    await see(person, lambda: action_button("Void", refuse))
    person.find("Void").click()
    await until(lambda: "This invoice is already paid." in person.notify.messages)


def _plan_form(save: Callable[[Values], Any]) -> None:
    with Form(save) as form:
        form.text("name", "Name")
        form.money("price", "Price", "KES")
        form.whole("days", "Days to pay", 7)
        form.submit("Save")


def _submit(person: User) -> None:
    person.find(marker="form").trigger("submit.prevent")


async def _table(person: User) -> ui.table:
    found: list[ui.table] = []

    def has_rows() -> bool:
        with person:
            found[:] = [table for table in ElementFilter(kind=ui.table) if table.rows]
        return bool(found)

    await until(has_rows)
    return found[0]
