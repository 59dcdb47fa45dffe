"""The page that a browser ends on after a sign-in. It loads nothing, and holds nothing that is secret."""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width">
<style>
:root {{ color-scheme: light dark }}
body {{ font: 17px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 1.5rem }}
main {{ max-width: 34rem }}
h1 {{ font-size: 1.5rem; margin: 0 0 .5rem }}
p {{ margin: .5rem 0; opacity: .85 }}
</style></head><body><main><h1>{title}</h1><p>{text}</p><p>{next}</p></main></body></html>
"""

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


def page(title: str, text: str, then: str) -> bytes:
    """The page with these three texts; whatever they hold is shown as text."""
    return _PAGE.format(title=escape(title), text=escape(text), next=escape(then)).encode()


def arrived(system: str) -> bytes:
    """The code came."""
    return page(
        f"{system} let you in", "revtops has its answer and goes on.", "You can close this page and go back to revtops."
    )


def refused(sentence: str, hint: str) -> bytes:
    """The vendor sent an error in place of a code."""
    return page("Not signed in", sentence, f"{hint} You can close this page and go back to revtops.")


def strange() -> bytes:
    """A request that does not belong to this sign-in."""
    return page(
        "Not the answer that revtops waits for",
        "This address belongs to another sign-in, or was changed on its way. Nothing was taken from it.",
        "Go back to revtops and open the address that it shows.",
    )
