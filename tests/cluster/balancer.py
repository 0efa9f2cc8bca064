"""nginx before several replicas, so that Keydesk is reached while one of them is away."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.setup_servers import NGINX, get_server
from tests.waiting import wait_until

# No replica is marked as away for longer than a second, and what one could not take is given to the next. A request
# that writes goes to the next one only where it did not reach the first, which is nginx's own rule.
_CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
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
    }}
}}
"""


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def balanced(ports: Sequence[int], folder: Path, port: int) -> Iterator[str]:
    """nginx at a port, before servers at others, within the block; gives its address.

    `folder` is made, and read by nginx's worker: it is below no folder that is closed to others. Raises
    ServerMissingError where there is no nginx and none could be fetched.
    """
    program = get_server(NGINX)
    folder.mkdir()
    servers = "\n        ".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=1s;" for each in ports)
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, servers=servers, port=port))
    with subprocess.Popen([program, "-c", configuration, "-e", folder / "error.log"]) as process:
        try:
            wait_until(lambda: _answers(port) or process.poll() is not None)
            if process.poll() is not None:
                raise RuntimeError(f"nginx did not start: {(folder / 'error.log').read_text()}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
