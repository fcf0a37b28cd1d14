"""The owner sets gateways up: secrets go in and stay in, what is wrong is named, and each change is a version."""

import pytest
import structlog

from benfex.core.actors import StaffActor
from benfex.core.clock import MovedClock
from benfex.core.errors import ConfigurationError
from benfex.core.transactor import Transactor
from benfex.payments.accounts import GatewayBook, save_gateway_account, stored_settings
from benfex.payments.gateway_checks import GatewayChecks
from benfex.payments.gateway_setup import (
    GatewayView,
    gateway_view,
    gateway_views,
    set_up_gateway,
    switch_gateway,
)
from benfex.payments.registry import GATEWAYS, build_gateways
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import UserId
from data.values.roles import Role
from tests.conftest import Run
from tests.factories.isp import SYSTEM, VAULT
from tests.factories.money import SETTINGS

MPESA = SETTINGS["mpesa"]
KEYS = {"consumer_key": "canary-one", "consumer_secret": "secret-one"}


def save(run: Run, gateway: str = "pesapal", **settings: str) -> None:
    run(set_up_gateway, gateway=gateway, settings=settings, vault=VAULT)


def view_of(run: Run, gateway: str = "pesapal") -> GatewayView:
    return run.read(gateway_view, gateway=gateway, vault=VAULT)


def test_every_registered_gateway_is_listed_before_it_is_set_up(run: Run) -> None:
    views = run.read(gateway_views, vault=VAULT)
    assert [view.name for view in views] == list(GATEWAYS)
    assert not any(view.is_enabled or view.version for view in views)


def test_secrets_go_in_and_are_never_seen_again(run: Run) -> None:
    save(run, **KEYS, mode="test")
    view = view_of(run)
    assert (view.is_enabled, view.version, view.is_test) == (True, 1, True)
    assert view.settings == {"mode": "test"}
    assert view.secrets_set == {"consumer_key", "consumer_secret"}
    assert not any(secret in repr(view) for secret in KEYS.values())


def test_a_secret_that_may_be_missing_can_be_forgotten(run: Run) -> None:
    save(run, "paystack", secret_key="sk_test_new", previous_secret_key="sk_test_old")
    with pytest.raises(InvalidInput) as refused:
        run(set_up_gateway, gateway="paystack", settings={}, vault=VAULT, forget=["secret_key"])
    assert refused.value.field == "secret_key"
    with pytest.raises(InvalidInput):
        run(set_up_gateway, gateway="paystack", settings={}, vault=VAULT, forget=["no such"])
    run(set_up_gateway, gateway="paystack", settings={}, vault=VAULT, forget=["previous_secret_key"])
    assert view_of(run, "paystack").secrets_set == {"secret_key"}


def test_a_secret_left_empty_stays_and_another_is_changed(run: Run) -> None:
    save(run, **KEYS)
    save(run, consumer_key="", consumer_secret="secret-two")
    stored = run.read(stored_settings, gateway="pesapal", vault=VAULT)
    assert stored is not None
    assert (stored["consumer_key"], stored["consumer_secret"]) == ("canary-one", "secret-two")
    assert view_of(run).version == 2


def test_what_no_screen_asks_for_stays_as_it_is(run: Run) -> None:
    run(
        save_gateway_account,
        gateway="pesapal",
        settings={**KEYS, "base_url": "http://127.0.0.1:9"},
        vault=VAULT,
    )
    before = run.read(stored_settings, gateway="pesapal", vault=VAULT)
    save(run, mode="live")
    after = run.read(stored_settings, gateway="pesapal", vault=VAULT)
    assert before is not None
    assert len(before["callback_token"]) >= 16
    assert after == {**before, "mode": "live"}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({}, "consumer_key"),
        ({**KEYS, "mode": "maybe"}, "mode"),
        ({**KEYS, "callback_token": "0" * 32}, "callback_token"),
    ],
)
def test_what_is_wrong_is_named(run: Run, settings: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(run, **settings)
    assert refused.value.field == field


def test_a_key_that_cannot_be_one_is_refused(run: Run) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(run, "flutterwave", secret_key="sk_live_of_another", secret_hash="long-enough-for-a-hash")
    assert refused.value.field == "secret_key"


def test_a_till_needs_its_number_and_a_paybill_does_not(run: Run) -> None:
    keys = {name: MPESA[name] for name in ("consumer_key", "consumer_secret", "shortcode", "passkey")}
    with pytest.raises(InvalidInput) as refused:
        save(run, "mpesa", **keys, kind="till")
    assert refused.value.field == "till_number"
    assert view_of(run, "mpesa").version == 0
    save(run, "mpesa", **keys, kind="paybill")
    save(run, "mpesa", **keys, kind="till", till_number="600123")
    assert view_of(run, "mpesa").version == 2


async def test_a_gateway_that_cannot_be_built_stops_no_other(
    run: Run, transactor: Transactor, clock: MovedClock
) -> None:
    save(run, **KEYS)
    run(save_gateway_account, gateway="mpesa", settings={**MPESA, "kind": "till"}, vault=VAULT)
    book = GatewayBook(transactor, VAULT, clock, lambda accounts: build_gateways(accounts, clock))
    with structlog.testing.capture_logs() as logs:
        await book.load()
    try:
        assert book.names() == ("pesapal",)
        assert [(log["log_level"], log["gateway"]) for log in logs] == [("error", "mpesa")]
        assert "till_number" in logs[0]["reason"]
    finally:
        await book.close()


def test_a_gateway_is_switched_off_and_on_with_its_settings(run: Run) -> None:
    with pytest.raises(Conflict):
        run(switch_gateway, gateway="pesapal", vault=VAULT, is_enabled=True)
    save(run, **KEYS)
    run(switch_gateway, gateway="pesapal", vault=VAULT, is_enabled=False)
    assert not view_of(run).is_enabled
    run(switch_gateway, gateway="pesapal", vault=VAULT, is_enabled=True)
    assert (view_of(run).is_enabled, len(view_of(run).secrets_set)) == (True, 2)


def test_a_gateway_nobody_wrote_is_not_found(run: Run) -> None:
    with pytest.raises(NotFound):
        save(run, "cowries")
    with pytest.raises(NotFound):
        run(switch_gateway, gateway="cowries", vault=VAULT, is_enabled=True)
    with pytest.raises(NotFound):
        view_of(run, "cowries")


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ACCOUNTANT, Role.ADMIN])
def test_only_who_may_edit_the_profile_sees_gateways(run: Run, role: Role) -> None:
    other = run.by(StaffActor(UserId(8), role, "Otieno"))
    with pytest.raises(NotPermitted):
        other.read(gateway_views, vault=VAULT)
    with pytest.raises(NotPermitted):
        save(other, **KEYS)


def checks(
    transactor: Transactor, clock: MovedClock, *, url: str = "https://billing.example"
) -> GatewayChecks:
    return GatewayChecks(
        transactor,
        VAULT,
        lambda accounts: build_gateways(accounts, clock),
        public_url=url,
    )


@pytest.mark.sqlite_only
async def test_a_test_says_in_words_what_is_wrong(
    run: Run, transactor: Transactor, clock: MovedClock
) -> None:
    with pytest.raises(Conflict):
        await checks(transactor, clock).check(SYSTEM, "pesapal")
    run(
        save_gateway_account,
        gateway="pesapal",
        settings={**KEYS, "base_url": "http://127.0.0.1:9"},
        vault=VAULT,
        is_enabled=False,
    )
    unreachable, address = await checks(transactor, clock).check(SYSTEM, "pesapal")
    assert (unreachable.is_good, "cannot be reached" in unreachable.text) == (False, True)
    assert address.is_good
    found = await checks(transactor, clock, url="http://127.0.0.1:8080").check(SYSTEM, "pesapal")
    assert "BENFEX_BASE_URL" in found[-1].advice


@pytest.mark.sqlite_only
async def test_a_setting_that_is_missing_is_a_finding(
    run: Run, transactor: Transactor, clock: MovedClock
) -> None:
    run(save_gateway_account, gateway="pesapal", settings={"consumer_key": "one"}, vault=VAULT)
    found = await checks(transactor, clock).check(SYSTEM, "pesapal")
    assert (found[0].is_good, "consumer_secret" in found[0].text) == (False, True)
    with pytest.raises(ConfigurationError):
        build_gateways({"pesapal": {"consumer_key": "one"}}, clock)


def test_a_key_of_the_other_mode_is_said(run: Run) -> None:
    for mode, is_mixed in (("live", True), ("test", False)):
        settings = SETTINGS["flutterwave"] | {"mode": mode}
        run(save_gateway_account, gateway="flutterwave", settings=settings, vault=VAULT)
        view = run.read(gateway_view, gateway="flutterwave", vault=VAULT)
        assert (view.is_mixed, view.is_test) == (is_mixed, mode == "test")
