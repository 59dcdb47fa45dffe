"""The one HTTP client of the connectors. `docs/http.md` is its page for connector authors.

Importing this costs no HTTP library: that is loaded by the first request.
"""

from connectors.http.call import RequestOptions
from connectors.http.client import HttpClient
from connectors.http.rates import BudgetLeft, RateBudget
from connectors.http.traffic import Exchange, HeldBackError, HeldRequest

__all__ = ["BudgetLeft", "Exchange", "HeldBackError", "HeldRequest", "HttpClient", "RateBudget", "RequestOptions"]
