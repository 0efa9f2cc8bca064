"""What a clock that was ahead has written, and how it is set right."""
