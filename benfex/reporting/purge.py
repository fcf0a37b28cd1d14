"""Delete what has served its time; nothing that touched money is ever among it."""

from datetime import timedelta

from benfex.core.unit_of_work import UnitOfWork
from data.queries import operations as operation_queries
from data.queries import payments as payment_queries
from data.queries import router_writes as write_queries
from data.queries import users as user_queries

_JOB_RUNS = timedelta(days=90)
_SIGN_INS = timedelta(days=2)
_WRITES = timedelta(days=180)


def purge_old_rows(uow: UnitOfWork) -> None:
    """Delete old job runs, ended sessions, links, and notes of old writes. Running it twice deletes nothing more."""
    operation_queries.purge_job_runs(uow.session, before=uow.now - _JOB_RUNS)
    user_queries.purge_identity(uow.session, before=uow.now - _SIGN_INS)
    payment_queries.purge_pay_links(uow.session, before=uow.now)
    write_queries.purge_writes(uow.session, before=uow.now - _WRITES)
