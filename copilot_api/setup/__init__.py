"""How client programs are pointed at this server."""
