"""A TCP proxy before the database that a drill makes bad: connections are reset, answers cut short.

What it does is chosen by a seed and by what passes, never by the clock.
"""

import random
import socket
import struct
import threading

PACKET_SIZE = 1448  # what a packet of Ethernet carries
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets


class Proxy:
    """Listens at 127.0.0.1:port. `mischief` is None or "reset" or "truncate"; changed at any time."""

    def __init__(self, host, port, seed):
        self.target = (host, port)
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.mischief = None
        self.counts = {"connections": 0, "packets": 0, "resets": 0, "cuts": 0}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.lines = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target, 5)
            except OSError:
                return
            for line in (client, server):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.counts["connections"] += 1
            pair = Pair(self, client, server)
            with self.lock:
                self.lines.add(pair)
            for words in ((client, server, False), (server, client, True)):
                threading.Thread(target=pair.carry, args=words, daemon=True).start()

    def begin(self, mischief):
        """From now on; connections that are there are cut off, so that each has its part of it."""
        self.mischief = mischief
        with self.lock:
            pairs = list(self.lines)
        for pair in pairs:
            pair.reset()

    def chance(self, of):
        with self.lock:
            return self.random.randrange(of)

    def close(self):
        self.listener.close()
        self.begin(None)


class Pair:
    """One connection of a client and its other half to the server."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.answered = 0  # bytes of the server that passed
        self.cut_at = None  # after so many of them something is missing
        self.how = None
        self.is_over = False
        if proxy.mischief == "truncate":
            # A connection's set-up has some 600 bytes of answers; a batch's have 1,000 and more.
            self.cut_at = 1 + proxy.chance(12000)
            self.how = ("close", "reset", "silence", "skip")[proxy.chance(4)]

    def carry(self, source, target, is_answer):
        try:
            while not self.is_over:
                data = source.recv(PACKET_SIZE)
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    break
                data = self.spoil(data, is_answer)
                if data:
                    target.sendall(data)
        except OSError:
            self.reset()
        if is_answer:
            self.forget()

    def spoil(self, data, is_answer):
        """What of it is passed on."""
        proxy = self.proxy
        proxy.counts["packets"] += 1
        if proxy.mischief == "reset" and proxy.chance(10) == 0:
            proxy.counts["resets"] += 1
            self.reset()
            return b""
        if not is_answer or self.cut_at is None:
            return data
        begin, self.answered = self.answered, self.answered + len(data)
        if self.answered <= self.cut_at:
            return data
        keep = max(0, self.cut_at - begin)
        proxy.counts["cuts"] += keep > 0
        if self.how == "skip":  # a part is missing, and what follows it comes
            lost = 1 + proxy.chance(40)
            self.cut_at = self.answered + 4000
            return data[:keep] + data[keep + lost:]
        if self.how == "silence":
            return data[:keep]
        try:
            self.client.sendall(data[:keep])
        except OSError:
            pass
        if self.how == "reset":
            self.reset()
        else:
            self.is_over = True
            for line in (self.client, self.server):
                line.close()
        return b""

    def reset(self):
        self.is_over = True
        for line in (self.client, self.server):
            try:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                line.shutdown(socket.SHUT_RD)  # wakes who reads
                line.close()
            except OSError:
                pass
        self.forget()

    def forget(self):
        with self.proxy.lock:
            self.proxy.lines.discard(self)
