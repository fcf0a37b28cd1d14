"""What a person says of a difference: that it is looked into, or where a balance comes from."""

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from benfex.payments.clearing import opening_is_known
from benfex.payments.day_compare import write_days
from benfex.payments.differences import settle_difference
from benfex.payments.gateway import name_of_gateway
from data.locks import lock_row
from data.models.reconciliation import ReconciliationDifference
from data.queries import reconciling as queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import DifferenceId
from data.values.kinds import DifferenceAnswer, DifferenceKind, EntryKind
from data.values.money import Money
from data.values.roles import Permission


def answer_difference(
    uow: UnitOfWork, *, difference_id: DifferenceId, answer: DifferenceAnswer, words: str
) -> None:
    """Settle a difference as a person says. What explains a balance is posted, so that clearing agrees with it.

    Raises NotFound, Conflict when it is settled, InvalidInput (words, answer).
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    words = words.strip()
    if not words or len(words) > 200:
        raise InvalidInput("words", "Say in at most 200 letters what was found out.")
    row = queries.find_difference(uow.session, difference_id)
    if row is None:
        raise NotFound("difference")
    lock_row(uow.session, ReconciliationDifference, difference_id)
    uow.session.refresh(row)
    if row.resolved_at is not None:
        raise Conflict(f"This was settled by {row.resolved_by} on {row.resolved_at:%d %b}.")
    if answer is not DifferenceAnswer.NOTED:
        _post_balance(uow, row, answer, words)
    settle_difference(uow, row, words)
    uow.session.flush()
    write_days(uow, gateway=row.gateway, first=row.day, last=billing_today(uow))
    record_audit(
        uow,
        action="settle",
        entity="difference",
        entity_id=difference_id,
        changes={"answer": answer.value, "words": words, "kind": row.kind.value, "gateway": row.gateway},
    )


def _post_balance(
    uow: UnitOfWork, row: ReconciliationDifference, answer: DifferenceAnswer, words: str
) -> None:
    """Post what lies between clearing and the balance that was told last."""
    if row.kind is not DifferenceKind.BALANCE:
        raise InvalidInput("answer", "Only a balance can be explained so. Note what was found out.")
    told = queries.newest_balances(uow.session, gateway=row.gateway, currency=row.currency, limit=1)
    between = Money(told[0].balance_minor - told[0].clearing_minor, row.currency) if told else None
    if between is None or between.is_zero:
        raise Conflict("The balance agrees by now.")
    if answer is DifferenceAnswer.OPENING:
        if opening_is_known(uow, gateway=row.gateway, currency=row.currency):
            raise InvalidInput("answer", "The opening balance was posted before. This is something else.")
        kind, lines = EntryKind.OPENING_BALANCE, entries.held_before(row.gateway, between)
    else:
        if between.is_positive:
            raise InvalidInput("answer", f"The gateway holds {between} more than the books: no charge of it.")
        kind, lines = EntryKind.CLEARING_CORRECTED, entries.gateway_fee(row.gateway, -between)
    assert told[0].id is not None
    post_entry(
        uow,
        kind=kind,
        source=EntrySource("gateway_balance", told[0].id),
        postings=lines,
        occurred_at=uow.now,
        memo=f"{name_of_gateway(row.gateway)}: {words}",
    )
