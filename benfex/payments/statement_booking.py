"""What becomes of the rows of a statement: known, booked to whom they match, waiting, or refused with the reason.

The preview and the booking ask the same question. Reading files and going through them in parts is in
`statement_imports`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.bank_mappings import Bank
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.matching import Match, match_evidence
from benfex.payments.settlement import Settled, settle_payment
from benfex.payments.statement_files import FileLine, RefusedRow
from benfex.payments.statement_likeness import (
    HAND_WITHIN,
    SWEEP_WITHIN,
    Candidates,
    Likeness,
    SamenessWord,
    likeness_of,
)
from data.models.reconciliation import StatementImport, StatementLine
from data.queries import statement_files as file_queries
from data.queries import statement_likeness as likeness_queries
from data.queries.statement_files import BookedMoney, KnownLine
from data.values.identifiers import CustomerId, StatementImportId
from data.values.kinds import EvidenceGrade
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import LineStatus, advance

_AHEAD_MAX = timedelta(days=1)


class RowOutcome(StrEnum):
    """What becomes of a row: booked to its customer, booked and waiting, known, money out, or refused.

    One that looks like known money asks a person first; until they answer, it is not booked.
    """

    BOOK = "book"
    WAIT = "wait"
    ASK = "ask"
    KNOWN = "known"
    OUT = "out"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row of a file, what would become of it and why; `line` is None for one that could not be read."""

    row: int
    line: FileLine | None
    outcome: RowOutcome
    reason: str
    customer_id: CustomerId | None = None
    customer_name: str = ""
    account_number: str = ""


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """What became of some rows of a file."""

    booked: int = 0
    known: int = 0
    out: int = 0
    refused: tuple[RefusedRow, ...] = ()


Words = Mapping[str, SamenessWord]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of some transactions: what is booked, what stands in a statement, what they may be once more."""

    booked: Mapping[str, BookedMoney]
    lines: Mapping[str, KnownLine]
    candidates: Candidates


def preview_lines(
    snapshot: Snapshot, *, bank: Bank, lines: tuple[FileLine, ...], words: Words
) -> tuple[PreviewRow, ...]:
    """Return what would become of these rows; `words` says of rows, by their number, what a person said of them."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    known = _known(snapshot, bank, lines)
    rows = [_judge(snapshot, bank, line, known, words.get(line.transaction_id)) for line in lines]
    ids = [row.customer_id for row in rows if row.customer_id is not None]
    names = file_queries.customers_named(snapshot.session, ids)
    return tuple(_with_name(row, names) for row in rows)


def was_imported(snapshot: Snapshot, *, gateway: str, file_sha256: str) -> bool:
    """Return whether this very file was imported before."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    found = file_queries.import_of_file(snapshot.session, gateway=gateway, file_sha256=file_sha256)
    return found is not None


def begin_import(uow: UnitOfWork, *, bank: Bank, file_name: str, file_sha256: str) -> StatementImportId:
    """Note that a file is imported; the same file again is the same import."""
    require(uow.actor, Permission.MATCH_PAYMENTS)
    row = file_queries.import_of_file(uow.session, gateway=bank.gateway, file_sha256=file_sha256)
    if row is None:
        row = StatementImport(
            gateway=bank.gateway,
            mapping=bank.name,
            file_name=file_name[:200],
            file_sha256=file_sha256,
            imported_by=name_of(uow.actor),
            lines=0,
            booked=0,
            known=0,
        )
        uow.session.add(row)
        uow.session.flush()
        assert row.id is not None
        changes = {"bank": bank.name, "file": row.file_name}
        record_audit(uow, action="import", entity="statement_import", entity_id=row.id, changes=changes)
    assert row.id is not None
    return StatementImportId(row.id)


def book_lines(
    uow: UnitOfWork, *, bank: Bank, import_id: StatementImportId, lines: tuple[FileLine, ...], words: Words
) -> PartOutcome:
    """Book what is not known of these rows, and keep their lines; a row that has its line changes nothing.

    A row that looks like known money is booked, or tied to that money, on a person's word only (`words`).
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    row = file_queries.find_import(uow.session, import_id)
    assert row is not None
    zone = current_terms(uow).timezone
    found, refused = PartOutcome(), list[RefusedRow]()
    for line in lines:
        known = _known(uow, bank, (line,))
        reason = _refusal(uow, bank, line, known)
        if reason:
            refused.append(RefusedRow(line.row, reason))
            continue
        seen = known.lines.get(line.transaction_id)
        if seen is not None and seen.status is not LineStatus.NEW:
            is_out = line.amount.is_negative
            found = replace(found, known=found.known + (not is_out), out=found.out + is_out)
            continue
        word = words.get(line.transaction_id)
        like = None if word is SamenessWord.OTHER else _likeness(uow, bank, line, known)
        if like is not None and not like.is_certain and word is None:
            refused.append(RefusedRow(line.row, f"Perhaps {like.words}. Say whether it is the same money."))
            continue
        if like is None and word is SamenessWord.SAME:
            refused.append(RefusedRow(line.row, "What it was the same as is gone. Look at it again."))
            continue
        known_as = None if like is None else (LineStatus.KNOWN, like.payment_id)
        status, payment_id = known_as or _settle(uow, bank, line)
        _keep(uow, bank, line, zone, row, seen, status, payment_id, like.sweep_id if like else None)
        row.lines += 1
        row.booked += status is LineStatus.BOOKED
        row.known += status is LineStatus.KNOWN
        found = replace(
            found,
            booked=found.booked + (status is LineStatus.BOOKED),
            known=found.known + (status is LineStatus.KNOWN),
            out=found.out + (status is LineStatus.IGNORED),
        )
    uow.session.flush()
    return replace(found, refused=tuple(refused))


def _settle(uow: UnitOfWork, bank: Bank, line: FileLine) -> tuple[LineStatus, int | None]:
    """Book money that came in; what went out is kept as a line only."""
    if line.amount.is_negative:
        return LineStatus.IGNORED, None
    outcome = settle_payment(uow, evidence=_evidence(bank, line), evidence_at=uow.now, source="import")
    status = LineStatus.BOOKED if outcome.settled is Settled.BOOKED else LineStatus.KNOWN
    return status, outcome.payment_id


def _keep(
    uow: UnitOfWork,
    bank: Bank,
    line: FileLine,
    zone: str,
    made_by: StatementImport,
    seen: KnownLine | None,
    status: LineStatus,
    payment_id: int | None,
    sweep_id: int | None,
) -> None:
    if seen is not None:
        kept = file_queries.find_line(uow.session, seen.id)
        assert kept is not None
        kept.status, kept.payment_id, kept.import_id = advance(kept.status, status), payment_id, made_by.id
        kept.sweep_id = sweep_id
        return
    uow.session.add(
        StatementLine(
            gateway=bank.gateway,
            transaction_id=line.transaction_id,
            at=line.at,
            day=local_date(line.at, zone),
            amount_minor=line.amount.minor,
            fee_minor=line.fee.minor if line.fee else None,
            currency=line.amount.currency,
            account_reference=line.account_reference[:64],
            payer_name=line.payer_name[:120],
            payer_phone=line.payer_phone[:64],
            details=line.details[:250],
            status=status,
            payment_id=payment_id,
            import_id=made_by.id,
            sweep_id=sweep_id,
        )
    )
    uow.session.flush()


def _known(snapshot: Snapshot, bank: Bank, lines: Sequence[FileLine]) -> _Known:
    ids = [line.transaction_id for line in lines]
    session, gateway = snapshot.session, bank.gateway
    return _Known(
        file_queries.booked_money(session, gateway=gateway, transaction_ids=ids),
        file_queries.known_lines(session, gateway=gateway, transaction_ids=ids),
        _candidates(snapshot, bank, lines),
    )


def _candidates(snapshot: Snapshot, bank: Bank, lines: Sequence[FileLine]) -> Candidates:
    """Return what rows of a bank may be once more; a gateway's own record names its money by its own number."""
    some = [line for line in lines if line.amount.is_positive]
    if bank.mapping is None or not some:
        return Candidates()
    first, last = min(line.at for line in some), max(line.at for line in some)
    currency, amounts = some[0].amount.currency, sorted({line.amount.minor for line in some})
    return Candidates(
        likeness_queries.taken_by_hand(
            snapshot.session,
            currency=currency,
            amounts=amounts,
            since=first - HAND_WITHIN,
            until=last + HAND_WITHIN,
        ),
        likeness_queries.brought_by_us(
            snapshot.session,
            currency=currency,
            amounts=amounts,
            since=(first - SWEEP_WITHIN).date(),
            until=(last + SWEEP_WITHIN).date(),
        ),
    )


def _likeness(snapshot: Snapshot, bank: Bank, line: FileLine, known: _Known) -> Likeness | None:
    """Return what a row of money in may be once more that is not booked under its own number."""
    nothing_like = not (known.candidates.by_hand or known.candidates.by_us)
    if nothing_like or line.amount.is_negative or line.transaction_id in known.booked:
        return None
    whose = match_evidence(snapshot, evidence=_evidence(bank, line)).customer_id
    return likeness_of(line, known.candidates, whose=whose)


def _judge(
    snapshot: Snapshot, bank: Bank, line: FileLine, known: _Known, word: SamenessWord | None
) -> PreviewRow:
    reason = _refusal(snapshot, bank, line, known)
    if reason:
        return PreviewRow(line.row, line, RowOutcome.REFUSED, reason)
    if line.amount.is_negative:
        return PreviewRow(line.row, line, RowOutcome.OUT, "Money that went out is not booked.")
    money = known.booked.get(line.transaction_id)
    if money is not None:
        customer_id = CustomerId(money.customer_id) if money.customer_id is not None else None
        return PreviewRow(line.row, line, RowOutcome.KNOWN, "Booked before.", customer_id)
    match = match_evidence(snapshot, evidence=_evidence(bank, line))
    like = likeness_of(line, known.candidates, whose=match.customer_id)
    if like is not None and word is not SamenessWord.OTHER:
        is_known = like.is_certain or word is SamenessWord.SAME
        outcome = RowOutcome.KNOWN if is_known else RowOutcome.ASK
        reason = like.words if is_known else f"perhaps {like.words}"
        return PreviewRow(line.row, line, outcome, reason, like.customer_id)
    if match.customer_id is None:
        return PreviewRow(line.row, line, RowOutcome.WAIT, _waits(snapshot, match))
    return PreviewRow(line.row, line, RowOutcome.BOOK, match.reason, match.customer_id)


def _waits(snapshot: Snapshot, match: Match) -> str:
    """Return why money will wait for a person, or whose it may be."""
    if not match.suggestions:
        return match.reason
    best = match.suggestions[0]
    found = file_queries.customers_named(snapshot.session, [best.customer_id])
    return f"perhaps {found[best.customer_id].name}, {best.score} of 100"


def _refusal(snapshot: Snapshot, bank: Bank, line: FileLine, known: _Known) -> str:
    """Return why a row is not booked, empty for one that may be."""
    if line.at > snapshot.now + _AHEAD_MAX:
        return f"{line.at:%d %b %Y} has not come yet. Are day and month the right way round?"
    seen = known.lines.get(line.transaction_id)
    if seen is not None and seen.mapping not in (None, bank.name):
        return f"{line.transaction_id} was booked from a statement of {seen.mapping}. Look at both."
    money = known.booked.get(line.transaction_id)
    if money is None or line.amount.is_negative:
        return ""
    booked = Money(money.amount_minor, money.currency)
    if booked != line.amount:
        return f"{line.transaction_id} is booked as {booked}. Look at it before you go on."
    return ""


def _with_name(row: PreviewRow, names: Mapping[int, file_queries.NamedCustomer]) -> PreviewRow:
    found = names.get(row.customer_id) if row.customer_id is not None else None
    if found is None:
        return row
    return replace(row, customer_name=found.name, account_number=found.account_number)


def _evidence(bank: Bank, line: FileLine) -> PaymentEvidence:
    return PaymentEvidence(
        gateway=bank.gateway,
        grade=EvidenceGrade.STATEMENT,
        transaction_id=line.transaction_id,
        amount=line.amount,
        received_at=line.at,
        account_reference=line.account_reference or None,
        payer_name=line.payer_name or None,
        payer_phone=line.payer_phone or None,
        fee=line.fee,
    )
