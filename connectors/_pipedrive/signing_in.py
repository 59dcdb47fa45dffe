"""How an app of the user's own signs in at Pipedrive (page "OAuth authorization")."""

from connectors.oauth import REDIRECT_URI, ClientAuth, OAuthApp, Redirect

OAUTH = OAuthApp(
    authorize_url="https://oauth.pipedrive.com/oauth/authorize",
    token_url="https://oauth.pipedrive.com/oauth/token",  # noqa: S106 - an address
    revoke_url="https://oauth.pipedrive.com/oauth/revoke",
    pkce=False,
    client_auth=ClientAuth.BASIC,
    redirect=Redirect.FIXED,
    redirect_uri=REDIRECT_URI,
    instance_url="api_domain",
    scopes_for={
        "deals": ["deals:full"],
        "pipelines": ["deals:full"],
        "pipeline_stages": ["deals:full"],
        "accounts": ["contacts:full"],
        "contacts": ["contacts:full"],
        "activities": ["activities:full"],
        "query": ["search:read"],
    },
    guide=f"""In Pipedrive: your name > Developer Hub > Create an app > Create private app.
As callback URL give {REDIRECT_URI}; under OAuth & access scopes choose the scopes listed here.
Save it, and copy the client id and the client secret.
Sign in, and choose the company whose data you want.""",
)
