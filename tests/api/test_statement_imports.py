"""What a program does with a bank's statement: say its columns once, look first, book, and never twice."""

import httpx

from tests.api.conftest import Caller, fields, kes, problem

BANK = {"name": "Equity", "date": "Date", "amount_in": "Credit", "reference": "Ref", "details": "Narrative"}


async def send(caller: Caller, path: str, content: bytes, **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {caller.token}", "Content-Type": "text/csv"}
    return await caller.http.post(f"/api/v1{path}", content=content, headers=headers, params=query)


async def test_a_statement_is_looked_at_booked_and_known_again(owner: Caller) -> None:
    customer = await owner.made("/customers", {"name": "Amina Wanjiru", "phone": "0712345679"})
    saved = await owner.made("/statement-banks", BANK)
    assert (saved["gateway"], saved["columns"]["amount_in"]) == ("bank", "credit")
    assert [bank["name"] for bank in (await owner.get("/statement-banks")).json()] == ["mpesa", "Equity"]
    rows = (
        f"Date,Ref,Narrative,Credit\n20-11-2026,FT1,{customer['account_number']},1500\n20-11-2026,FT2,x,y\n"
    )
    content = rows.encode() + b"," * 300_000  # larger than other calls may be

    shown = (await send(owner, "/statement-imports/preview", content, bank="Equity")).json()
    assert [(row["row"], row["outcome"], row["customer_id"]) for row in shown["rows"]] == [
        (2, "book", customer["id"]),
        (3, "refused", None),
    ]
    assert (await owner.get("/payments")).json()["items"] == []

    done = await send(owner, "/statement-imports", content, bank="Equity", file_name="nov.csv")
    assert done.status_code == 200, done.text
    assert (done.json()["booked"], [row["row"] for row in done.json()["refused"]]) == (1, [3])
    again = (await send(owner, "/statement-imports", content, bank="Equity")).json()
    assert (again["booked"], again["known"]) == (0, 1)
    (kept,) = (await owner.get("/statement-imports")).json()["items"]
    assert (kept["file_name"], kept["lines"], kept["booked"]) == ("nov.csv", 1, 1)
    assert (await owner.get(f"/statement-imports/{kept['id']}")).json() == kept
    assert (await owner.get(f"/customers/{customer['id']}")).json()["balance"] == kes(-150_000)


async def test_a_long_preview_is_told_in_parts_and_asks_about_what_may_be_known(owner: Caller) -> None:
    customer = await owner.made("/customers", {"name": "Amina Wanjiru", "phone": "0712345679"})
    await owner.made("/statement-banks", BANK)
    slip = {"customer_id": customer["id"], "amount": kes(70_000), "method": "bank", "reference": "SLIP-9"}
    await owner.made("/payments", slip)
    day = "20-11-2026"
    rows = "".join(f"{day},FT{number},x,,{number}\n" for number in range(1, 451))
    content = f"Date,Ref,Narrative,Debit,Credit\n{rows}{day},FTX,COUNTER,,700\n".encode()
    first = (await send(owner, "/statement-imports/preview", content, bank="Equity")).json()
    assert (len(first["rows"]), first["next_row"], first["counts"]["wait"]) == (200, 202, 450)
    last = (
        await send(owner, "/statement-imports/preview", content, bank="Equity", from_row="402", limit="100")
    ).json()
    assert (len(last["rows"]), last["next_row"], last["rows"][-1]["outcome"]) == (51, None, "ask")
    row = f"Date,Ref,Narrative,Debit,Credit\n{day},FTX,COUNTER,,700\n".encode()
    asks = (await send(owner, "/statement-imports", row, bank="Equity")).json()
    assert (asks["booked"], len(asks["refused"])) == (0, 1)
    known = (await send(owner, "/statement-imports", row, bank="Equity", same="FTX")).json()
    assert (known["booked"], known["known"]) == (0, 1)
    both = await send(owner, "/statement-imports", row, bank="Equity", same="FTX", other="FTX")
    assert fields(both) == ["other"]


async def test_what_is_no_statement_is_a_problem_in_words(owner: Caller, support: Caller) -> None:
    problem(await send(owner, "/statement-imports", b"x", bank="Nobody"), 404, "not_found")
    answer = await send(owner, "/statement-imports", b"PK\x03\x04", bank="mpesa")
    problem(answer, 422, "invalid_input")
    assert fields(answer) == ["file"]
    assert fields(await owner.post("/statement-banks", {**BANK, "date": ""})) == ["date"]
    problem(await send(support, "/statement-imports", b"x", bank="mpesa"), 403, "not_permitted")
    problem(await support.get("/statement-banks"), 403, "not_permitted")
    assert (await send(owner, "/statement-imports", b"x" * 11_000_000, bank="mpesa")).status_code == 413
