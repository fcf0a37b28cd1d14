"""Taxes by date and in stacks, as a program sets them."""

from tests.api.conftest import Caller, fields, kes, problem


async def test_vat_over_excise_is_put_on_a_price(owner: Caller, support: Caller) -> None:
    excise = {"code": "excise", "name": "Excise", "basis_points": 1500}
    await owner.made("/taxes/rates", excise)
    await owner.made("/taxes/rates", {"code": "VAT", "name": "VAT", "basis_points": 1600})
    stack = {
        "code": "TELECOM",
        "name": "Excise and VAT",
        "parts": [{"code": "EXCISE"}, {"code": "VAT", "compound_on": ["EXCISE"]}],
    }
    made = await owner.made("/taxes", stack)
    assert made["basis_points"] == 3_340
    listed = (await owner.get("/taxes")).json()["items"]
    assert [row["code"] for row in listed] == ["EXCISE", "TELECOM", "VAT"]
    plan = await owner.made(
        "/plans", {"code": "HOME", "name": "Home", "download_bps": 10_000_000, "upload_bps": 5_000_000}
    )
    price = await owner.made(f"/plans/{plan['id']}/prices", {"amount": kes(250_000), "tax_code": "TELECOM"})
    assert price["tax_basis_points"] == 3_340
    problem(await support.post("/taxes/rates", excise), 403, "not_permitted")


async def test_a_tax_that_stacks_on_nothing_before_it_is_refused(owner: Caller) -> None:
    await owner.made("/taxes/rates", {"code": "VAT", "name": "VAT", "basis_points": 1600})
    stack = {"code": "ODD", "name": "Odd", "parts": [{"code": "VAT", "compound_on": ["EXCISE"]}]}
    assert fields(await owner.post("/taxes", stack)) == ["parts"]
    again = await owner.post("/taxes/rates", {"code": "VAT", "name": "VAT", "basis_points": 1400})
    assert fields(again) == ["valid_from_on"]


async def test_rates_are_listed_by_date_with_those_to_come(owner: Caller, support: Caller) -> None:
    for points, day in ((1400, "2026-01-01"), (1600, "2027-01-01")):
        rate = {"code": "VAT", "name": "VAT", "basis_points": points, "valid_from_on": day}
        await owner.made("/taxes/rates", rate)
    (vat,) = (await support.get("/taxes/rates")).json()["items"]
    assert vat["rates"] == [
        {"basis_points": 1400, "valid_from_on": "2026-01-01", "valid_until_on": "2027-01-01"},
        {"basis_points": 1600, "valid_from_on": "2027-01-01", "valid_until_on": None},
    ]
