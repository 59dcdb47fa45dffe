"""How an app of the user's own signs in at Asana (developer page "OAuth")."""

from connectors.oauth import REDIRECT_URI, OAuthApp, Redirect

_TASKS = ["tasks:read", "stories:read", "tags:read", "custom_fields:read", "project_sections:read"]

OAUTH = OAuthApp(
    authorize_url="https://app.asana.com/-/oauth_authorize",
    token_url="https://app.asana.com/-/oauth_token",  # noqa: S106 - an address
    revoke_url="https://app.asana.com/-/oauth_revoke",
    redirect=Redirect.FIXED,
    redirect_uri=REDIRECT_URI,
    scopes_for={
        "tracker_teams": ["teams:read", "workspaces:read"],
        "tracker_projects": ["projects:read", "workspaces:read", "users:read"],
        "tracker_issues": _TASKS,
        "query": ["tasks:read", "workspaces.typeahead:read"],
        "write": ["tasks:write", "stories:write"],
    },
    guide=f"""At app.asana.com/0/my-apps: Create new app.
Under OAuth add the redirect URL {REDIRECT_URI} and the permission scopes listed here.
Under Manage distribution allow the workspaces that you want to sign in to.
Copy the client id and the client secret.""",
)
