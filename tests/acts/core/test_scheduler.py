"""The timetable lets go of what is running without a fuss."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from benfex.application import Benfex
from benfex.bootstrap import build
from benfex.core.settings import Settings
from benfex.jobs.catalogue import Job
from benfex.jobs.scheduler import Scheduler

pytestmark = pytest.mark.sqlite_only


async def test_stopping_in_the_middle_of_a_job_that_was_due_leaves_no_traceback(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    second_run, let_go = asyncio.Event(), asyncio.Event()
    runs = 0

    async def job(_: Benfex) -> str:
        nonlocal runs
        runs += 1
        if runs == 2:  # the first is at the start, the second when it is due
            second_run.set()
            try:
                await asyncio.Event().wait()
            finally:
                let_go.set()
        return ""

    settings = Settings(home=tmp_path, database_url=database_url, secret_key=SecretStr("0" * 64))
    benfex = build(settings, with_timetable=False)
    scheduler = Scheduler(benfex, (Job("count", job, "it is a test", every_seconds=1),))
    await scheduler.start()
    await asyncio.wait_for(second_run.wait(), 10)
    await scheduler.stop()
    await asyncio.wait_for(let_go.wait(), 10)
    await asyncio.sleep(0)  # whoever would write of it has had its turn
    benfex.transactor.close()

    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []
