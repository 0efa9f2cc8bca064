"""nginx before several replicas, so that Keydesk is reached while one of them is away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.nginx import nginx_running

# No replica is marked as away for longer than a second, and what one could not take is given to the next. A request
# that writes goes to the next one only where it did not reach the first, which is nginx's own rule.
_HTTP = """\
    upstream keydesk {{
        {servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://keydesk;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_connect_timeout 1s;
        }}
    }}"""


@contextmanager
def balanced(ports: Sequence[int], folder: Path, port: int) -> Iterator[str]:
    """nginx at a port, before servers at others, within the block; gives its address. `folder` as in
    `nginx_running`."""
    servers = "\n        ".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=1s;" for each in ports)
    with nginx_running(_HTTP.format(servers=servers, port=port), port, folder) as nginx:
        yield nginx.url
