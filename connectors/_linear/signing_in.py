"""How an app of the user's own signs in at Linear (developer page "OAuth 2.0 authentication")."""

from connectors.oauth import REDIRECT_URI, ClientSecret, OAuthApp, Redirect

OAUTH = OAuthApp(
    authorize_url="https://linear.app/oauth/authorize",
    token_url="https://api.linear.app/oauth/token",  # noqa: S106 - an address
    revoke_url="https://api.linear.app/oauth/revoke",
    client_secret=ClientSecret.OPTIONAL,
    scope_separator=",",
    authorize_parameters={"prompt": "consent"},
    redirect=Redirect.FIXED,
    redirect_uri=REDIRECT_URI,
    scopes_for={"sync": ["read"], "query": ["read"], "write": ["write"]},
    guide=f"""In Linear: Settings > API > OAuth applications > New.
As callback URL give {REDIRECT_URI}. Leave it private to your workspace.
Copy the client id; the client secret may be left out, because the sign-in is bound to this machine (PKCE).
What revtops does shows in Linear as done by you.""",
)
