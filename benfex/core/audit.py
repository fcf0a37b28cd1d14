"""Record who changed what, inside the same transaction as the change."""

import json
from collections.abc import Mapping

from benfex.core.actors import name_of
from benfex.core.unit_of_work import UnitOfWork
from data.models.operations import AuditEvent


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
