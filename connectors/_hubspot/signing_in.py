"""How an app of the user's own signs in at HubSpot."""

from connectors.oauth import REDIRECT_URI, OAuthApp, Redirect

_READ, _WRITE = (
    [f"crm.objects.{kind}.{right}" for kind in ("companies", "contacts", "deals")] for right in ("read", "write")
)

OAUTH = OAuthApp(
    authorize_url="https://app.hubspot.com/oauth/authorize",
    token_url="https://api.hubapi.com/oauth/2026-03/token",  # noqa: S106 - an address
    pkce=False,  # its page "Working with OAuth" knows none
    redirect=Redirect.FIXED,
    redirect_uri=REDIRECT_URI,  # http is let in for localhost alone (changelog of 2018-03-05)
    grant_gone=("BAD_REFRESH_TOKEN",),
    scopes_for={
        "accounts": ["crm.objects.companies.read", "crm.schemas.companies.read"],
        "contacts": ["crm.objects.contacts.read", "crm.schemas.contacts.read"],
        "deals": ["crm.objects.deals.read", "crm.schemas.deals.read"],
        "pipelines": ["crm.objects.deals.read"],
        "pipeline_stages": ["crm.objects.deals.read"],
        "goals": ["crm.objects.goals.read"],
        "activities": ["crm.objects.contacts.read", "sales-email-read"],
        "query": _READ,
        "write": _WRITE,
        "create_deal": ["crm.objects.deals.write"],
        "update_deal": ["crm.objects.deals.write"],
        "create_contact": ["crm.objects.contacts.write"],
        "update_contact": ["crm.objects.contacts.write"],
        "create_company": ["crm.objects.companies.write"],
        "update_company": ["crm.objects.companies.write"],
    },
    guide=f"""In a HubSpot developer account: Apps > Create app (developers.hubspot.com; it is free).
Under Auth add the redirect URL {REDIRECT_URI} and the scopes listed here.
Copy the app's client id and client secret.
Sign in as a super admin of the portal: only they may let an app in.""",
)
