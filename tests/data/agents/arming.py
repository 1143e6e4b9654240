"""What makes a worker debuggable, called in it as if it were an agent; see decision 0004."""

import socket

import debugpy


def arm():
    """Listen; returns the port. A stopped thread looks for its orders every 2 ms, not 200: it may miss the call."""
    debugpy.configure(subProcess=False)
    _, port = debugpy.listen(("127.0.0.1", 0), in_process_debug_adapter=True)
    import pydevd  # found once debugpy has listened

    pydevd.TIMEOUT_SLOW = 0.002
    return port


def attached():
    """Once a client is there: answers leave at once, instead of after its acknowledgement of the one before."""
    import pydevd

    link = pydevd.get_global_debugger().writer.sock
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
