"""Headers that keep readers safe: nothing from elsewhere, nothing inline, no frame, no cookie."""

from handlers.http.answers import Header

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SHARED_HEADERS: tuple[Header, ...] = ((b"cross-origin-resource-policy", b"cross-origin"),)
"""For what other sites may take: JSON, feeds, badge, the script that they embed."""
PUBLIC_DATA_HEADERS: tuple[Header, ...] = ((b"access-control-allow-origin", b"*"), *SHARED_HEADERS)
PICTURE_HEADERS: tuple[Header, ...] = (
    *SHARED_HEADERS,
    # An SVG that is opened by itself must not run what somebody put into it.
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; sandbox"),
)
HTML_HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), interest-cohort=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
NO_INDEX: Header = (b"x-robots-tag", b"noindex")
