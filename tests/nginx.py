"""A real nginx with a configuration of its own, which reads and writes nothing of the machine's."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import is_served
from tests.setup_servers import NGINX, get_server
from tests.waiting import wait_until

_CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{http}
}}
"""
_LOG = "error.log"


class Nginx:
    """A running one."""

    def __init__(self, pid: int, port: int, folder: Path) -> None:
        self.pid = pid
        self.port = port
        self._folder = folder

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def complaints(self) -> str:
        """What it wrote of warnings and errors."""
        return (self._folder / _LOG).read_text()


@contextmanager
def nginx_running(http: str, port: int, folder: Path) -> Iterator[Nginx]:
    """nginx within the block. `http` is what stands in that block of its configuration, with a server that listens at
    `port`.

    `folder` is made, and read by nginx's worker, which is somebody else where root starts it: it is below no folder
    that is closed to others. Raises ServerMissingError where there is no nginx and none could be fetched.
    """
    program = get_server(NGINX)
    folder.mkdir()
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, http=http))
    with subprocess.Popen([program, "-c", configuration, "-e", folder / _LOG]) as process:
        running = Nginx(process.pid, port, folder)
        try:
            wait_until(lambda: is_served(port) or process.poll() is not None)
            if process.poll() is not None:
                raise RuntimeError(f"nginx did not start: {running.complaints()}")
            yield running
        finally:
            process.terminate()
