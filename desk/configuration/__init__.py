"""The life of pages, groups and components: made, changed, moved, retired and brought back."""
