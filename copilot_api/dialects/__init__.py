"""What each wire format looks like, without a socket: bytes and values in, bytes and values out."""
