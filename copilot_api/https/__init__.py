"""HTTPS on this machine, for clients that insist on it: a certificate of our own making, and how others come to trust it."""
