"""Pictures of a page, kept as `data:` addresses: one elsewhere would send every reader there."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

SHOWN = ("transactional_logo", "favicon_logo")
"""The pictures that the page shows, of those that Statuspage's pages have."""
KINDS = {
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/x-icon": "ico",
    "image/vnd.microsoft.icon": "ico",
}
"""By the kind: how a file of it ends."""
_DATA = re.compile(r"data:(image/[a-z.+-]+)((?:;[a-z0-9=-]+)*),(.*)", re.IGNORECASE | re.DOTALL)
_LARGEST = 512 * 1024


def read_picture(address: str) -> tuple[str, bytes] | None:
    """Kind and bytes of a picture that is given as a `data:` address; None for anything else."""
    found = _DATA.fullmatch(address)
    if found is None or found.group(1).lower() not in KINDS:
        return None
    try:
        is_base64 = found.group(2).lower().endswith(";base64")
        body = base64.b64decode(found.group(3), validate=True) if is_base64 else unquote_to_bytes(found.group(3))
    except (binascii.Error, ValueError):
        return None
    return (found.group(1).lower(), body) if 0 < len(body) <= _LARGEST else None
