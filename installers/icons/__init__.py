"""The icon: its geometry, and the files that each system wants of it."""
