"""Would Slack accept this? Block Kit's rules and limits, with Slack's own sentences.

problems = check_message({"channel": "C0STATUS01", "text": "…", "blocks": […]})
problems = check_view({"type": "modal", …})
"""

from sandbox.blockkit.surfaces import (
    BLOCKS_TEXT_LIMIT,
    VIEW_BYTES_LIMIT,
    check_blocks,
    check_message,
    check_options,
    check_view,
    measure_text,
    measure_view,
)

__all__ = [
    "BLOCKS_TEXT_LIMIT",
    "VIEW_BYTES_LIMIT",
    "check_blocks",
    "check_message",
    "check_options",
    "check_view",
    "measure_text",
    "measure_view",
]
