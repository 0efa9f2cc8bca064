"""The documentation as a site, for who wants one; nothing else needs it."""
