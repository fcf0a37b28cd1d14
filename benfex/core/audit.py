"""Record who changed what, inside the same transaction as the change."""

import json
from collections.abc import Mapping, Sequence

from benfex.core.actors import name_of
from benfex.core.unit_of_work import UnitOfWork
from data.models.operations import AuditEvent
from data.queries import operations as operation_queries

_Changes = Mapping[str, object]


def record_audit(
    uow: UnitOfWork, *, action: str, entity: str, entity_id: int, changes: Mapping[str, object] | None = None
) -> None:
    """Add one line to the audit trail; `changes` holds no secret."""
    uow.session.add(
        AuditEvent(
            at=uow.now,
            actor=name_of(uow.actor),
            action=action,
            entity=entity,
            entity_id=entity_id,
            changes=json.dumps(changes or {}, default=str, ensure_ascii=False),
        )
    )


def record_audits(
    uow: UnitOfWork, *, action: str, entity: str, changes: Sequence[tuple[int, _Changes]]
) -> None:
    """Add a line for each of many rows: (id, what changed), in one statement."""
    actor = name_of(uow.actor)
    operation_queries.add_audit_events(
        uow.session,
        [
            (uow.now, actor, action, entity, row_id, json.dumps(changed, default=str, ensure_ascii=False))
            for row_id, changed in changes
        ],
    )
