"""The company's files: a folder for every key deal in the Sales drive, invoices in Finance, a colleague's own things.

What is awkward in a real Drive is here too: names that break terminals, shortcuts, things in the trash, files that
customers shared and that lie in no folder, and two from a shared drive that the user does not belong to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revtops_tui.simulators.google_drive import documents
from revtops_tui.simulators.google_drive.account import (
    DOCUMENT,
    FOLDER,
    PRESENTATION,
    SHORTCUT,
    SPREADSHEET,
    Account,
    Content,
    File,
    Person,
)
from revtops_tui.simulators.google_drive.conversions import DOCX, PDF, PPTX, TEXT, XLSX
from revtops_tui.simulators.hubspot.seeded import AWKWARD_NAMES
from revtops_tui.simulators.story import STAGES

if TYPE_CHECKING:
    from revtops_tui.simulators.story import Deal, Story

_SECOND = 1000


def fill(account: Account, story: Story) -> None:
    """Put the company's files into an empty account."""
    _Seeder(account, story).fill()


class _Seeder:
    def __init__(self, account: Account, story: Story) -> None:
        self._account = account
        self._story = story
        self._count = 0

    def fill(self) -> None:
        start = self._story.created(0, self._story.deals)
        sales = self._account.add_drive("Sales", start).id
        finance = self._account.add_drive("Finance", start).id
        deals = self._folder("Deals", sales, sales, start)
        invoices = self._folder("Invoices", finance, finance, start)
        notes = self._folder("Meeting notes", self._account.root, None, start)
        favourites = self._folder("Favourites", self._account.root, None, start)
        for place, index in enumerate(self._story.key_deals()):
            deal = self._story.deal(index)
            proposal = self._deal(deal, deals, sales)
            self._notes(deal, notes.id)
            if STAGES[deal.stage].probability == 1:
                self._invoice(deal, invoices.id, finance)
            if place % 3 == 0:
                self._request(deal)
            if place % 5 == 0:
                self._add(deal, proposal.name, SHORTCUT, favourites.id, target=proposal.id)
        self._board(start)

    def _deal(self, deal: Deal, deals: File, drive: str) -> File:
        """A deal's folder; returns the proposal in it."""
        folder = self._folder(deal.name, deals.id, drive, deal.created)

        def add(name: str, mime: str, content: Content, parent: str = folder.id) -> File:
            return self._add(deal, name, mime, parent, drive, content)

        proposal = add(f"Proposal - {deal.name}", DOCUMENT, self._proposal(deal))
        add(f"Pricing - {deal.product}", SPREADSHEET, self._pricing(deal))
        legal = self._folder("Legal", folder.id, drive, deal.created)
        add("Order form.pdf", PDF, documents.pdf([deal.name, f"Amount: {_amount(deal)}"]), legal.id)
        add(
            "Contract.docx", DOCX, documents.docx([f"Contract: {deal.name}", f"Between {self._names(deal)}."]), legal.id
        )
        match deal.bits % 4:
            case 0:
                add("Kick-off", PRESENTATION, f"{deal.name}\fAgenda\n{deal.product}\nNext steps")
            case 1:
                add("Pitch.pptx", PPTX, documents.pptx([deal.name, f"Why {deal.product}"]))
            case 2:
                draft = add("Old draft", DOCUMENT, "Superseded.")
                draft.trashed = draft.explicitly = True
        return proposal

    def _notes(self, deal: Deal, folder: str) -> None:
        text = f"{deal.name}\nMet {self._story.contact(deal).first_name}. Wants {deal.product}.\n"
        self._add(deal, f"{deal.name}.txt", TEXT, folder, None, text.encode())

    def _invoice(self, deal: Deal, folder: str, drive: str) -> None:
        rows = [["Item", "Amount"], [deal.product, str(deal.amount or 0)]]
        sheets = [("Invoice", rows), ("Terms", [["Net days", "30"]])]
        self._add(deal, f"Invoice {deal.index:06d}.xlsx", XLSX, folder, drive, documents.xlsx(sheets))

    def _request(self, deal: Deal) -> None:
        """A customer's own document, shared with the user: its folder is out of sight."""
        contact = self._story.contact(deal)
        author = Person(f"{contact.first_name} {contact.last_name}", contact.email)
        content = documents.pdf([f"Request for proposal: {deal.product}", f"{author.name}, {contact.title}"])
        file = self._add(deal, f"RFP {deal.product}.pdf", PDF, None, None, content)
        file.owner, file.shared = author, file.created

    def _board(self, start: int) -> None:
        drive = self._account.add_drive("Board", start, member=False).id
        folder = self._account.new_id()
        for name in ("Board letter", "Revenue outlook"):
            file = File(
                self._account.new_id(), name, DOCUMENT, folder, drive, self._account.user, start, start, f"# {name}\n"
            )
            file.shared = start
            self._account.seed(file)

    def _folder(self, name: str, parent: str, drive: str | None, created: int) -> File:
        owner = self._account.user
        return self._account.seed(File(self._account.new_id(), name, FOLDER, parent, drive, owner, created, created))

    def _add(
        self,
        deal: Deal,
        name: str,
        mime: str,
        parent: str | None,
        drive: str | None = None,
        content: Content = None,
        target: str | None = None,
    ) -> File:
        awkward = AWKWARD_NAMES.get(self._count) if mime == TEXT else None
        self._count += mime == TEXT
        colleague = self._story.owner(deal)
        owner = Person(f"{colleague.first_name} {colleague.last_name}", colleague.email)
        return self._account.seed(
            File(
                self._account.new_id(),
                awkward or name,
                mime,
                parent,
                drive,
                owner if drive else self._account.user,
                deal.created + self._count * _SECOND,
                max(deal.modified, deal.created) + self._count * _SECOND,
                content,
                target,
            )
        )

    def _proposal(self, deal: Deal) -> str:
        owner = self._story.owner(deal)
        return (
            f"# Proposal for {self._story.company.customer_name(deal.customer)}\n\n"
            f"{deal.product}, {_amount(deal)}.\n\nYour contact: {owner.first_name} {owner.last_name}\n"
        )

    def _pricing(self, deal: Deal) -> documents.Sheets:
        amount = deal.amount or 0
        return [
            ("Summary", [["Product", "Total"], [deal.product, str(amount)]]),
            ("Discounts", [["Volume", "Percent"], ["50 seats", "5"], ["200 seats", "12"]]),
        ]

    def _names(self, deal: Deal) -> str:
        company = self._story.company
        return f"{company.name} and {company.customer_name(deal.customer)}"


def _amount(deal: Deal) -> str:
    return f"{deal.amount} {deal.currency}" if deal.amount is not None else "to be agreed"
