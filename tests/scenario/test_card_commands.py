"""The operator's commands about saved cards, on a database of their own."""

import json
from pathlib import Path

import pytest

from benfex.bootstrap import build, prepare_database
from benfex.cli import run_command_line
from benfex.core.actors import SystemActor
from benfex.core.settings import Settings
from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.registration import register_customer
from benfex.identity.staff import set_up_isp
from data.models.payment_methods import SavedMethod
from data.values.identifiers import CustomerId, parse_phone

ME = SystemActor("tests")


def _save(uow: UnitOfWork, *, customer_id: CustomerId) -> None:
    uow.session.add(
        SavedMethod(
            customer_id=customer_id,
            gateway="paystack",
            signature="SIG_1",
            code_sealed="sealed",
            email="amina@example.com",
            label="Visa ending 4081",
            consented_at=uow.now,
            consented_by="Amina",
        )
    )


def test_cards_are_listed_withdrawn_and_charged_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENFEX_HOME", str(tmp_path))
    settings = Settings(home=tmp_path)
    prepare_database(settings)
    isp = build(settings, with_timetable=False)
    run = isp.transactor.run_sync
    run(
        set_up_isp,
        ME,
        isp_name="Savanna",
        currency="KES",
        timezone="Africa/Nairobi",
        owner_name="Brian Kiptoo",
        owner_email="owner@savanna.example",
        password_hash="x",
    )
    customer_id = run(register_customer, ME, name="Amina", phone=parse_phone("0712345678"))
    run(_save, ME, customer_id=customer_id)
    isp.transactor.close()
    who = str(customer_id)

    assert run_command_line(["cards", "list", who, "--json"]) == 0
    printed = capsys.readouterr().out
    (card,) = json.loads(printed)["cards"]
    assert (card["label"], card["pays_by_itself"]) == ("Visa ending 4081", True)
    assert "sealed" not in printed
    assert run_command_line(["cards", "charge", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"charged": 0, "refused": 0, "to_confirm": 0, "failed": 0}
    assert run_command_line(["cards", "withdraw", who, str(card["id"])]) == 0
    assert run_command_line(["cards", "withdraw", who, str(card["id"])]) != 0
    assert "pays nothing by itself" in capsys.readouterr().err
