"""What the demo prints: the addresses, and what to try."""

from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]


def welcome(workspace: str, api_url: str) -> str:
    """For the embedded page: an incident, and a key."""
    return f"""\
Keydesk is running, with a Slack workspace of its own. Open it in your browser:

    {workspace}

The status page that Acme's customers see is at {api_url}/

Something is wrong, in three steps:

 1. You are Ines, who manages incidents. In any channel, type
        /incident new "Checkout errors" component:search=partial_outage We are looking into it.
 2. Look at the preview, and press Publish. The status page, its feeds and #status say it now.
 3. In #status, press Update or Resolve below it.

A key for the API, in five steps:

 1. Become Mia, a member (people are at the left edge). In #general, type  /keys request  and fill in the form.
 2. Become Omar, an owner. In #keydesk-owners, press Approve.
 3. Become Mia again. In the direct message from Keydesk, press Collect: the key is shown, once. Copy it.
 4. In a terminal, use it:
        {_curl()} -H "Authorization: OAuth <your key>" {api_url}/v1/pages
 5. Become Omar. Type  /keys digest : your key is not in it, those that nobody uses are, and the buttons work.

Stop with Ctrl-C. To see the whole story played by itself: keydesk demo --tour, or make demo ARGS="--tour"
"""


def welcome_at_gateway(workspace: str, api_url: str, statuspage: str) -> str:
    """For a page that a Statuspage keeps: a key that goes through Keydesk, and an incident from Slack."""
    components = f"{api_url}/v1/pages/acmepage0001/components"
    return f"""\
Keydesk is running in front of a Statuspage, with a Slack workspace of its own. Open it in your browser:

    {workspace}

The Statuspage is played by a second Keydesk. Its public page, which Acme's customers see, is at {statuspage}/

A key for one thing, in six steps:

 1. Become Mia, a member (people are at the left edge). In #general, type
        /keys request "status checker" scope:read page:acme for 30d because I try it
 2. Become Omar, an owner. In #keydesk-owners, press Approve.
 3. Become Mia again. In the direct message from Keydesk, press Collect: the key is shown, once. Copy it.
 4. In a terminal, use it. Keydesk calls the Statuspage with a key that you never see:
        {_curl()} -H "Authorization: OAuth <your key>" {components}
 5. Do what it may not, and nothing reaches the Statuspage:
        {_curl()} -X POST -H "Authorization: OAuth <your key>" -d "component[name]=Mine" {components}
 6. Become Omar. Type  /keys revoke "status checker" , and call again.

Something is wrong, in three steps:

 1. Become Ines, who manages incidents. In any channel, type
        /incident new "Checkout errors" on acme component:search=partial_outage We are looking into it.
 2. Look at the preview, and press Publish.
 3. In #status, see when it is on Statuspage, look at its public page, and press Update or Resolve.

Stop with Ctrl-C. To see this story played by itself: keydesk demo --gateway --tour,
or make demo ARGS="--gateway --tour"
"""


def _curl() -> str:
    """The command, which must not ask a proxy for what is on this machine."""
    proxies = getproxies_environment()
    is_direct = not (proxies.get("http") or proxies.get("all")) or proxy_bypass_environment("127.0.0.1", proxies)
    return "curl" if is_direct else "curl --noproxy '*'"
