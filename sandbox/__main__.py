"""python -m sandbox: a local Slack workspace for hand use."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvicorn

from sandbox.server import create_sandbox, server_config
from sandbox.workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET


def main(argv: list[str] | None = None) -> int:
    """Serve until interrupted; gives the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=3100, help="port on 127.0.0.1 (default: 3100)")
    parser.add_argument("--manifest", type=Path, default=Path("manifest.yml"), help="the app's manifest")
    parser.add_argument("--request-url", help="where to send signed HTTP while no socket is connected")
    options = parser.parse_args(argv)
    try:
        app = create_sandbox(manifest=options.manifest, request_url=options.request_url)
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"The manifest cannot be used: {error}\n")
        return 2
    url = f"http://127.0.0.1:{options.port}"
    sys.stdout.write(
        f"Sandbox: {url}\n"
        f"  base URL        {url}/api/\n"
        f"  bot token       {BOT_TOKEN}\n"
        f"  app token       {APP_TOKEN}\n"
        f"  signing secret  {SIGNING_SECRET}\n"
    )
    sys.stdout.flush()
    config = server_config(app)
    config.host, config.port = "127.0.0.1", options.port
    uvicorn.Server(config).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
