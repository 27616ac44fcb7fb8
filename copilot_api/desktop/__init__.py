"""The tray: what a person sees of the program on a desktop, and what a click does. It holds no truth of its own."""
