"""The accounts that messages leave by: sealed, in versions, from the environment on first start only."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from benfex.bootstrap import prepare_database
from benfex.core.actors import SystemActor
from benfex.core.clock import SystemClock
from benfex.core.events import EventBus
from benfex.core.settings import Settings
from benfex.core.transactor import Transactor
from benfex.core.vault import Vault
from benfex.notifications.accounts import channel_accounts, channel_settings, save_channel_account
from data.engine import open_database
from data.values.errors import InvalidInput, NotPermitted
from data.values.kinds import MessageChannel
from tests.conftest import Run
from tests.factories.isp import ACCOUNTANT, VAULT
from tests.factories.messages import SETTINGS

SMS, EMAIL = MessageChannel.SMS, MessageChannel.EMAIL
pytestmark = pytest.mark.sqlite_only


def test_a_secret_that_is_left_out_stays_and_is_never_shown(isp: Run) -> None:
    isp(save_channel_account, channel=SMS, settings=SETTINGS[SMS], vault=VAULT)
    isp(save_channel_account, channel=SMS, settings={"username": "another"}, vault=VAULT)
    assert isp.read(channel_settings, vault=VAULT)[SMS] == {
        "username": "another",
        "api_key": "atsk_benfex_demo",
    }
    view = next(one for one in isp.read(channel_accounts, vault=VAULT) if one.channel is SMS)
    assert (view.version, dict(view.settings), view.secrets_set) == (
        2,
        {"username": "another"},
        frozenset({"api_key"}),
    )


@pytest.mark.parametrize(
    "wrong",
    [{"host": ""}, {"port": "none"}, {"security": "maybe"}, {"from_address": "no address"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_setting_is_named(isp: Run, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        isp(save_channel_account, channel=EMAIL, settings=SETTINGS[EMAIL] | wrong, vault=VAULT)
    assert refused.value.field == next(iter(wrong))


def test_only_the_owner_sees_and_sets_accounts(isp: Run) -> None:
    accountant = isp.by(ACCOUNTANT)
    with pytest.raises(NotPermitted):
        accountant(save_channel_account, channel=SMS, settings=SETTINGS[SMS], vault=VAULT)
    with pytest.raises(NotPermitted):
        accountant.read(channel_accounts, vault=VAULT)


def test_the_environment_fills_the_accounts_on_first_start_only(tmp_path: Path) -> None:
    def start(username: str) -> dict[MessageChannel, dict[str, str]]:
        settings = Settings(
            home=tmp_path, secret_key=SecretStr("0" * 64), sms_username=username, sms_api_key=SecretStr("key")
        )
        prepare_database(settings)
        gate = Transactor(open_database(settings.resolved_database_url), SystemClock(), EventBus())
        try:
            return gate.read_sync(channel_settings, SystemActor("tests"), vault=Vault("0" * 64))
        finally:
            gate.close()

    assert start("first") == start("second") == {SMS: {"username": "first", "api_key": "key"}}
