"""One fictional company, its people and its customers: what every simulator tells its part of.

Everything is a pure function of (seed, index), so a million customers cost nothing until they are looked at, and the
same customer has the same name in each simulated system. Domains end in `.example`, which nobody can own (RFC 2606).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from revtops_tui.simulators.seeding import mix, stream


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST_WORDS = _words(
    "Amber Anchor Apex Arbor Aspen Atlas Beacon Birch Bluebird Boulder Bright Canyon Cedar Cinder Cobalt Copper "
    "Coral Crescent Crimson Delta Ember Evergreen Falcon Fern Flint Garnet Glacier Golden Granite Harbor Hazel Hollow "
    "Indigo Iron Ivory Jade Juniper Keystone Lantern Laurel Linden Lunar Maple Marble Meridian Mesa Mosaic Nimbus "
    "North Oak Onyx Orchard Pebble Pine Prairie Quartz Raven River Saffron Silver Summit Timber Umber Willow"
)
_SECOND_WORDS = _words(
    "Airways Analytics Bakery Bank Biotech Brewing Builders Capital Ceramics Chemicals Clinics Coffee Craft Dairy "
    "Dental Design Diagnostics Dynamics Education Electric Energy Engineering Farms Fashion Fitness Foods Freight "
    "Furniture Games Gardens Glass Grid Health Home Hotels Insurance Interiors Labs Legal Lighting Logistics "
    "Machines Marine Media Mobility Motors Networks Optics Outdoors Paper Pharma Power Press Rail Realty Retail "
    "Robotics Security Software Solar Textiles Travel Water"
)
_LEGAL_FORMS = ("", "Inc.", "GmbH", "Ltd", "Group", "S.A.", "", "Holdings")
_FIRST_NAMES = _words(
    "Ada Aisha Akira Alejandra Amara Anders Beatriz Bilal Carlos Chen Chiara Daniel Dmitri Elena Emeka Fatima Felix "
    "Freya Gabriel Grace Hana Hugo Ines Isaac Jamal Jonas Julia Karim Keiko Lars Leila Liam Lucia Malik Maria Mateo "
    "Mei Mohammed Nadia Naomi Nils Noor Olga Omar Paula Priya Rafael Rania Ravi Rosa Samir Sara Sofia Stefan Tanya "
    "Thomas Tomas Uma Viktor Wanda Wei Yara Yusuf Zoe"
)
_LAST_NAMES = _words(
    "Abebe Almeida Andersson Araujo Bakker Baptiste Becker Bianchi Castillo Chowdhury Costa Cruz Dasgupta Diallo "
    "Dubois Eriksen Farouk Fischer Fontaine Fujita Garcia Gupta Haddad Hansen Hoffmann Horvat Ibrahim Ivanov Jansen "
    "Johansson Kaplan Khan Kim Kowalski Kumar Larsen Lindqvist Lopez Mbeki Mendoza Moreau Moreno Nakamura Ndiaye "
    "Novak Okafor Oliveira Park Petrov Quispe Reyes Rossi Sato Schneider Silva Singh Suzuki Takahashi Torres Tran "
    "Vargas Weber Yilmaz Zhang"
)
_CITIES = (
    ("Lisbon", "Portugal"),
    ("Toronto", "Canada"),
    ("Berlin", "Germany"),
    ("Austin", "United States"),
    ("Nairobi", "Kenya"),
    ("Osaka", "Japan"),
    ("Lyon", "France"),
    ("Chicago", "United States"),
    ("Medellín", "Colombia"),
    ("Kraków", "Poland"),
    ("Melbourne", "Australia"),
    ("Boston", "United States"),
    ("Malmö", "Sweden"),
    ("Pune", "India"),
    ("Leeds", "United Kingdom"),
    ("Denver", "United States"),
)
INDUSTRIES = (
    "COMPUTER_SOFTWARE",
    "FINANCIAL_SERVICES",
    "HOSPITAL_HEALTH_CARE",
    "LOGISTICS_AND_SUPPLY_CHAIN",
    "MACHINERY",
    "REAL_ESTATE",
    "RENEWABLES_ENVIRONMENT",
    "RETAIL",
)
_TITLES = (
    "Chief Financial Officer",
    "Head of Operations",
    "IT Director",
    "Operations Analyst",
    "Procurement Manager",
    "Revenue Operations Lead",
    "VP Sales",
    "VP Engineering",
)
PRODUCTS = ("Insights Platform", "Forecasting", "Data Hub", "Onboarding Package", "Premium Support", "Field Sales App")
_TEAMS = ("Enterprise", "Mid-Market", "Partners")
_COMBINATIONS = len(_FIRST_WORDS) * len(_SECOND_WORDS)
_DOMAIN = re.compile(r"([a-z]+)([0-9]*)\.example")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works at the company. `active` is False for those who left: their names stay on old records."""

    number: int
    first_name: str
    last_name: str
    email: str
    team: str
    active: bool


@dataclass(frozen=True, slots=True)
class Customer:
    """A company that is sold to. `revenue` is in US dollars a year."""

    index: int
    name: str
    domain: str
    industry: str
    employees: int
    revenue: int
    city: str
    country: str
    phone: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works at a customer."""

    first_name: str
    last_name: str
    email: str
    title: str
    phone: str


class Company:
    """The company under one seed: its colleagues, and its customers by index (from 0, without end)."""

    name = "Larkspur Systems"
    domain = "larkspur.example"

    def __init__(self, seed: int = 1) -> None:
        self._customers = stream(seed, "customers")
        self._people = stream(seed, "people")
        order = list(range(_COMBINATIONS))
        random.Random(seed).shuffle(order)  # noqa: S311 - fiction, not secrets
        pairs = [(_FIRST_WORDS[n // len(_SECOND_WORDS)], _SECOND_WORDS[n % len(_SECOND_WORDS)]) for n in order]
        self._names = [" ".join(pair) for pair in pairs]
        self._labels = ["".join(pair).lower() for pair in pairs]
        self._by_label = {label: n for n, label in enumerate(self._labels)}
        self.colleagues = tuple(self._colleague(stream(seed, "colleagues"), number) for number in range(14))

    def _colleague(self, seed: int, number: int) -> Colleague:
        bits = mix(seed, number)
        # Consecutive names out of the list, so that no two colleagues share an address.
        first = _FIRST_NAMES[(mix(seed, -1) + number) % len(_FIRST_NAMES)]
        last = _LAST_NAMES[bits % len(_LAST_NAMES)]
        email = f"{first}.{last}@{self.domain}".lower()
        return Colleague(number, first, last, email, _TEAMS[number % len(_TEAMS)], active=number < 12)

    def customer_name(self, index: int) -> str:
        """The customer's name alone: much cheaper than the whole customer."""
        block, place = divmod(index, _COMBINATIONS)
        form = _LEGAL_FORMS[(place + block) % len(_LEGAL_FORMS)]
        return f"{self._names[place]} {form}" if form else self._names[place]

    def customer_domain(self, index: int) -> str:
        """The customer's domain; no two customers share one."""
        block, place = divmod(index, _COMBINATIONS)
        return f"{self._labels[place]}{block or ''}.example"

    def customer_at(self, domain: str) -> int | None:
        """The index of the customer that owns `domain`: the inverse of `customer_domain`."""
        match = _DOMAIN.fullmatch(domain)
        place = self._by_label.get(match[1]) if match else None
        if match is None or place is None:
            return None
        return place + _COMBINATIONS * int(match[2] or 0)

    def customer(self, index: int) -> Customer:
        """Everything about one customer."""
        bits = mix(self._customers, index)
        employees = 5 + (bits >> 16) % (20 << bits % 8)
        city, country = _CITIES[(bits >> 8) % len(_CITIES)]
        return Customer(
            index=index,
            name=self.customer_name(index),
            domain=self.customer_domain(index),
            industry=INDUSTRIES[(bits >> 4) % len(INDUSTRIES)],
            employees=employees,
            revenue=employees * (80_000 + 1_000 * ((bits >> 32) % 120)),
            city=city,
            country=country,
            phone=f"+1 555 {bits % 9000 + 1000}",
        )

    def person(self, customer: int, position: int) -> Person:
        """The person number `position` (from 0) at a customer; addresses are unique."""
        bits = mix(self._people, customer * 31 + position)
        first = _FIRST_NAMES[bits % len(_FIRST_NAMES)]
        last = _LAST_NAMES[(bits >> 8) % len(_LAST_NAMES)]
        return Person(
            first_name=first,
            last_name=last,
            email=f"{first}.{last}{position or ''}@{self.customer_domain(customer)}".lower(),
            title=_TITLES[(bits >> 16) % len(_TITLES)],
            phone=f"+1 555 {(bits >> 24) % 9000 + 1000}",
        )
