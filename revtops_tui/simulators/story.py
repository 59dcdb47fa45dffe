"""What happened at the company: its deals, and which of them every other system speaks of.

A deal has the same name, customer, owner and stage in each CRM. Of every fourth, the key deals, there is more: a thread
in the chat, issues in the trackers, a folder with files, messages to the customer.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from revtops_tui.simulators.company import PRODUCTS, Colleague, Company, Person
from revtops_tui.simulators.seeding import DAY_MS, mix, stream

DEFAULT_AS_OF = dt.datetime(2025, 9, 30, 18, tzinfo=dt.UTC)
"""The moment of the last seeded change: in the past, so that everything which changes later is newer."""

_CREATED_SPAN = 730 * DAY_MS
_MODIFIED_SPAN = 400 * DAY_MS
_MOTIONS = ("new business", "expansion", "renewal", "pilot", "50 seats", "upgrade", "multi-year", "200 seats")
_CURRENCIES = ("USD", "USD", "EUR", "USD", "GBP", "EUR", "USD", "JPY")
_KEY_DEALS = 4


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline. `probability` is from 0 to 1; closed at 1 is won, closed at 0 is lost."""

    pipeline: str
    name: str
    probability: float
    closed: bool = False


STAGES = (
    Stage("Sales Pipeline", "Appointment Scheduled", 0.2),
    Stage("Sales Pipeline", "Qualified To Buy", 0.4),
    Stage("Sales Pipeline", "Presentation Scheduled", 0.6),
    Stage("Sales Pipeline", "Decision Maker Bought-In", 0.8),
    Stage("Sales Pipeline", "Contract Sent", 0.9),
    Stage("Sales Pipeline", "Closed Won", 1.0, closed=True),
    Stage("Sales Pipeline", "Closed Lost", 0.0, closed=True),
    Stage("Renewals", "Up for Renewal", 0.5),
    Stage("Renewals", "Negotiation", 0.75),
    Stage("Renewals", "Renewed", 1.0, closed=True),
    Stage("Renewals", "Churned", 0.0, closed=True),
)
"""The stages of both pipelines, in their order."""


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal. `customer` and `owner` are indexes into the company; `stage` one into `STAGES`; `amount` in whole units
    of `currency`; `created` in milliseconds since 1970 UTC; `closes` in days since 1970; `bits` are spare randomness.
    """

    index: int
    name: str
    customer: int
    owner: int
    stage: int
    product: str
    amount: int | None
    currency: str
    created: int
    modified: int
    closes: int
    bits: int


class Story:
    """The company's deals, customers and contacts under one seed. `size` is the number of deals."""

    def __init__(self, *, seed: int = 1, size: int = 1_000, as_of: dt.datetime = DEFAULT_AS_OF) -> None:
        self.seed = seed
        self.company = Company(seed)
        self.deals = size
        self.customers = max(1, size // 5)
        self.contacts = max(1, size // 2)
        self.end = int(as_of.timestamp() * 1000)
        self._seed = stream(seed, "deals")

    def deal(self, index: int) -> Deal:
        """One deal, index from 0; those from `deals` on are ones that were archived."""
        bits = mix(self._seed, index)
        customer = index % self.customers
        product = PRODUCTS[(bits >> 16) % len(PRODUCTS)]
        created = self.created(index, self.deals)
        return Deal(
            index,
            f"{self.company.customer_name(customer)} - {product} {_MOTIONS[(bits >> 20) % len(_MOTIONS)]}",
            customer,
            (bits >> 50) % len(self.company.colleagues),
            bits % len(STAGES),
            product,
            250 * (1 + (bits >> 24) % 800) if bits >> 60 else None,
            _CURRENCIES[(bits >> 35) % 8],
            created,
            self.modified(index, self.deals),
            created // DAY_MS + 20 + (bits >> 8) % 240,
            bits,
        )

    def key_deals(self) -> range:
        """The indexes of the deals that every system speaks of."""
        return range(0, self.deals, _KEY_DEALS)

    def owner(self, deal: Deal) -> Colleague:
        """The colleague who owns it."""
        return self.company.colleagues[deal.owner]

    def contact(self, deal: Deal) -> Person:
        """The person at the customer who is talked to."""
        return self.company.person(deal.customer, 0)

    def created(self, index: int, live: int) -> int:
        """When the record number `index` of `live` was created: milliseconds since 1970 UTC, growing with the index.

        A fiftieth more of them were archived.
        """
        return self.end - _CREATED_SPAN + (_CREATED_SPAN - DAY_MS) * index // (live + live // 50)

    def modified(self, index: int, live: int) -> int:
        """When it last changed: growing with the index, never before its creation, never after the end."""
        return self.end - _MODIFIED_SPAN + _MODIFIED_SPAN * (index + 1) // (live + live // 50)
