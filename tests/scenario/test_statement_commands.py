"""The operator's commands about statements that come as files, on a database of their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from benfex.bootstrap import build, prepare_database
from benfex.cli import run_command_line
from benfex.core.actors import SystemActor
from benfex.core.settings import Settings
from benfex.identity.staff import set_up_isp

CONTENT = "Date,Ref,Credit\n20-11-2026,FT1,1500\n20-11-2026,FT2,x\n"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command on a new ISP, and return its code and what it printed as JSON, or said."""
    settings = Settings(home=tmp_path)
    prepare_database(settings)
    isp = build(settings, with_timetable=False)
    isp.transactor.run_sync(
        set_up_isp,
        SystemActor("tests"),
        isp_name="Savanna",
        currency="KES",
        timezone="Africa/Nairobi",
        owner_name="Brian Kiptoo",
        owner_email="owner@savanna.example",
        password_hash="no password",
    )
    isp.transactor.close()
    monkeypatch.setenv("BENFEX_HOME", str(tmp_path))

    def command(*words: str) -> tuple[int, Any]:
        code = run_command_line(["statement", *words])
        out = capsys.readouterr()
        return code, json.loads(out.out) if code == 0 else out.err

    return command


def test_a_bank_is_mapped_its_file_looked_at_and_booked_once(told: Any, tmp_path: Path) -> None:
    file = tmp_path / "november.csv"
    file.write_text(CONTENT)
    columns = ("--column", "date=Date", "--column", "amount_in=Credit", "--column", "reference=Ref")
    assert told("map", "Equity", *columns, "--json") == (0, {"bank": "Equity"})
    _, found = told("banks", "--json")
    assert [bank["name"] for bank in found["banks"]] == ["mpesa", "Equity"]

    _, shown = told("import", str(file), "--bank", "Equity", "--dry-run", "--json")
    assert [row["outcome"] for row in shown["rows"]] == ["wait", "refused"]
    _, done = told("import", str(file), "--bank", "Equity", "--json")
    assert (done["booked"], [row["row"] for row in done["refused"]]) == (1, [3])
    _, again = told("import", str(file), "--bank", "equity".title(), "--json")
    assert (again["booked"], again["known"]) == (0, 1)

    code, words = told("import", str(file), "--bank", "Nobody")
    assert (code, "no such bank" in words) == (1, True)
    assert told("map", "KCB", "--column", "colour=Red")[0] == 1
