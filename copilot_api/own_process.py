"""What a server asks of the system for its own process."""

import sys

if sys.platform == "win32":

    def raise_descriptors(_wanted: int) -> int | None:
        """There is no such limit."""
        return None

    def descriptors() -> int | None:
        """There is no such limit."""
        return None

else:
    import resource

    def raise_descriptors(wanted: int) -> int | None:
        """Lets this process open that many files, or as many as it may; how many it may by now."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        within = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < within:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (within, hard))
            except (OSError, ValueError):  # macOS has a second limit, which it does not tell beforehand
                return descriptors()
        return descriptors()

    def descriptors() -> int | None:
        """How many files this process may open; None where there is no limit."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if soft == resource.RLIM_INFINITY else soft
