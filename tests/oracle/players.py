"""Play a history in the oracle's books."""

from datetime import date

from tests.oracle.calculator import Books
from tests.oracle.histories import CUSTOMERS, History, Step
from tests.oracle.terms import DAY, AddOn, Discount, Service

_LEAVES_WHAT_WAITS = {"cancel_change", "suspend", "reactivate", "keep"}


class OraclePlayer:
    """Plays a history step by step, and says which steps are possible."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.books = Books(history.policy)
        self.add_ons: list[tuple[Service, AddOn]] = []
        self.discounts: list[tuple[Service, Discount]] = []

    def can_play(self, step: Step) -> bool:
        """Say whether the step can be asked for where the customer stands; the engine may still refuse."""
        match step.kind:
            case "start" | "bill" | "payer":
                return True
            case "pay":
                return self.owed(step) > 0
        many = {"remove": len(self.add_ons), "take": len(self.discounts)}
        is_known = step.offer < many.get(step.kind, step.offer + 1)
        return is_known and step.service < len(self.books.services)

    def owed(self, step: Step) -> int:
        """Return what the customer of a step has to pay, their own or as one who is paid for."""
        return self.books.balance(self.books.account_of(step.customer))

    def play(self, step: Step) -> None:
        """Let the step happen."""
        books, day = self.books, step.day
        match step.kind:
            case "bill":
                books.run(day)
            case "pay":
                books.paid[books.account_of(step.customer)] += self.owed(step)
            case "payer":
                books.pay_for(step.customer, step.number % CUSTOMERS)
            case "start":
                self._start(step)
            case "remove":
                service, add_on = self.add_ons[step.offer]
                books.catch_up(day, service)
                books.remove(day, service, add_on)
            case "take":
                books.catch_up(day, self.discounts[step.offer][0])
                self.discounts[step.offer][1].ends_on = date.min
            case _:
                self._change(step, books.services[step.service])

    def _change(self, step: Step, service: Service) -> None:
        books, day, price = self.books, step.day, self.history.prices[step.offer]
        if step.kind not in _LEAVES_WHAT_WAITS:
            was_paused = service.is_paused
            books.catch_up(day, service)
            if step.kind == "resume" and was_paused and not service.is_paused:
                return  # it came back on the day that was arranged
        match step.kind:
            case "upgrade":
                books.upgrade(day, service, price)
            case "downgrade" if service.is_paused:  # what runs no period changes at once
                books.upgrade(day, service, price)
            case "downgrade":
                service.pending = (books.period_end(day, service), price)
            case "cancel_change":
                service.pending = None
            case "suspend":
                books.suspend(day, service)
            case "reactivate":
                books.reactivate(day, service)
            case "pause":
                books.pause(day, service, day + step.number * 13 * DAY if step.offer < 3 else None)
            case "resume":
                books.resume(day, service)
            case "end":
                books.end(day, service)
            case "end_later":
                books.end_later(day, service)
            case "keep":
                service.ends_on = None
            case _:
                self._change_terms(step, service)

    def _change_terms(self, step: Step, service: Service) -> None:
        books, day = self.books, step.day
        match step.kind:
            case "agree":
                service.agreed = step.amount
            case "give":
                self._discount(service, step.offers[0])
            case "add":
                add_on = self._add_on(service, step, step.offers[0], step.number)
                if add_on.is_recurring:
                    books.add(day, service, add_on)
                else:
                    books.bill(day, service.payer, [books.once_for(service, add_on)])
            case other:
                raise ValueError(other)

    def _start(self, step: Step) -> None:
        price = self.history.prices[step.offer]
        service = self.books.open(step.day, price, step.customer, step.amount)
        for place in step.offers:
            self._discount(service, place)
        add_ons = [self._add_on(service, step, place, 1 + place) for place in range(step.number)]
        service.add_ons += [one for one in add_ons if one.is_recurring]
        once = [self.books.once_for(service, one) for one in add_ons if not one.is_recurring]
        self.books.bill_first(step.day, service, once)

    def _discount(self, service: Service, place: int) -> None:
        offer = self.history.discounts[place]
        discount = Discount(offer.percent, offer.amount, offer.periods)
        service.discounts.append(discount)
        self.discounts.append((service, discount))

    def _add_on(self, service: Service, step: Step, place: int, quantity: int) -> AddOn:
        offer = self.history.add_ons[place]
        name = f"addon:{len(self.add_ons)}"
        add_on = AddOn(
            name,
            offer.unit,
            quantity,
            offer.taxes,
            offer.has_tax_inside,
            step.day,
            is_recurring=offer.is_recurring,
        )
        self.add_ons.append((service, add_on))
        return add_on
