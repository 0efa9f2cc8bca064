"""The public face: documents that are rendered when something changes and served as bytes."""
