"""The Statuspage elsewhere that keeps some of the organization's pages: connected, copied, and its keys."""
