"""The owners' card of a request, its reminders, and the same state as the person who asked sees it."""
