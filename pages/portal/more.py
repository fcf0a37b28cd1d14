"""The rest: who we think you are, what happened on your account, and how to reach us."""

from benfex.customers.contact import contact_of
from benfex.customers.statements import statement_of_account
from components.copyable import copyable
from components.elements import body, box, card, fact, fact_list, link_button, text
from components.frame import sign_out_button
from components.moments import say_when
from components.money import money_label
from pages.dependencies import BenfexDep, SubscriberDep
from pages.portal.given_back import given_back
from pages.portal.shell import portal, visit
from pages.screen import screen

_SHOWN = 40


@screen("/portal/more", title="More")
async def more(benfex: BenfexDep, subscriber: SubscriberDep) -> None:
    """Show contact, statement and the way out."""
    customer_id = subscriber.actor.customer_id
    here = await visit(benfex, subscriber)
    contact = await benfex.read(contact_of, subscriber.actor, customer_id=customer_id)
    statement = await benfex.read(statement_of_account, subscriber.actor, customer_id=customer_id)
    with portal(here, "More", active="/portal/more"):
        with card("You"), body():
            copyable(contact.account_number, what="account number")
            with fact_list():
                fact("Name", contact.name)
                fact("Phone", contact.phone)
                fact("E-mail", contact.email or "none")
                if here.profile.support_phone:
                    fact("Call us", here.profile.support_phone)
        with card("Your account"), box("bf-rows"):
            for line in reversed(statement.lines[-_SHOWN:]):
                with box("bf-row"):
                    with box("bf-grow"):
                        text(f"{line.word} {line.memo.removeprefix(line.word).strip()}".strip(), "t1")
                        when = say_when(line.at, now=benfex.clock.now(), timezone=here.profile.timezone)
                        text(when, "t2 num")
                    money_label(line.amount)
        await given_back(benfex, subscriber, timezone=here.profile.timezone)
        link_button(
            "Statement as PDF",
            f"/documents/statements/{customer_id}.pdf",
            kind="ghost",
            icon="download",
            classes="big wide",
        )
        sign_out_button()
