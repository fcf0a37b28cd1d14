"""The owner sets up the ways to pay, tests them, and decides on which terms money is taken."""

from nicegui import ui
from nicegui.testing import User

from tests.ui.isp import Isp, send_form, sign_in


async def set_up_pesapal(isp: Isp, **more: str) -> None:
    from benfex.payments.accounts import save_gateway_account

    keys = {"consumer_key": "canary", "consumer_secret": "canary", "base_url": "http://127.0.0.1:9"}
    await isp.do(save_gateway_account, gateway="pesapal", settings=keys | more, vault=isp.benfex.vault)


async def test_a_gateway_is_set_up_and_its_keys_are_not_shown_again(user: User, isp: Isp) -> None:
    from benfex.payments.gateway_setup import gateway_view

    await sign_in(user)
    await user.open("/admin/settings/gateways")
    for label in ("M-Pesa", "Paystack", "Flutterwave", "Pesapal"):
        await user.should_see(label)
    user.find(marker="set-up-flutterwave").click()
    await user.should_see("Secret hash")
    user.find(marker="field-secret_key").type("FLWSECK_TEST-canary-key")
    user.find(marker="field-secret_hash").type("canary-hash-of-16-letters")
    send_form(user)
    await user.should_see("Saved. Test it now.")
    await user.should_see("http://test/webhooks/flutterwave")
    await user.open("/admin/settings/gateways")
    await user.should_see("http://test/webhooks/flutterwave")
    await user.should_not_see("canary")
    view = await isp.see(gateway_view, gateway="flutterwave", vault=isp.benfex.vault)
    # Its form begins with real money, and a test key takes none: the test of the settings says so.
    assert (view.is_enabled, view.is_test) == (True, False)
    assert isp.benfex.gateways.find("flutterwave") is not None


async def test_mpesa_is_set_up_with_what_it_needs_alone(user: User, isp: Isp) -> None:
    from benfex.payments.gateway_setup import gateway_view

    await sign_in(user)
    await user.open("/admin/settings/gateways")
    user.find(marker="set-up-mpesa").click()
    await user.should_see("Lipa na M-Pesa passkey")
    for name in ("shortcode", "consumer_key", "consumer_secret", "passkey"):
        user.find(marker=f"field-{name}").type("174379")
    send_form(user)
    await user.should_see("Saved. Test it now.", retries=60)
    view = await isp.see(gateway_view, gateway="mpesa", vault=isp.benfex.vault)
    assert (view.is_enabled, view.settings["shortcode"]) == (True, "174379")


async def test_a_test_says_in_words_what_is_wrong(user: User, isp: Isp) -> None:
    await set_up_pesapal(isp)
    await sign_in(user)
    await user.open("/admin/settings/gateways")
    user.find("Test this gateway").click()
    await user.should_see("Pesapal cannot be reached now.", retries=60)
    await user.should_see("Gateways report payments to https addresses only, and Benfex is at http://test.")


async def test_a_gateway_that_is_switched_off_takes_no_money(user: User, isp: Isp) -> None:
    await set_up_pesapal(isp)
    await isp.benfex.gateways.load()
    await sign_in(user)
    await user.open("/admin/settings/gateways")
    user.find("Switch off").click()
    await user.should_see("Switch Pesapal off?")
    user.find(kind=ui.button, content="Switch Pesapal off").click()
    await user.should_see("Switched off", retries=60)
    assert isp.benfex.gateways.find("pesapal") is None


async def test_the_terms_are_saved_as_a_version(user: User, isp: Isp) -> None:
    from benfex.payments.policy import payment_terms

    await sign_in(user)
    await user.open("/admin/settings/gateways")
    user.find(marker="section-terms").click()
    await user.should_see("Taking and giving back")
    user.find(marker="field-match_threshold").clear().type("90")
    user.find(marker="field-trusted_proxies").type("10.0.0.1")
    send_form(user)
    await user.should_see("Saved. It counts from now on.")
    terms = await isp.see(payment_terms)
    assert (terms.match_threshold, terms.trusted_proxies) == (90, ("10.0.0.1/32",))


async def test_ways_to_pay_are_not_for_every_role(user: User, isp: Isp) -> None:
    await sign_in(user, "support")
    assert (await user.http_client.get("/admin/settings/gateways")).status_code == 403
