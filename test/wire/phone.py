"""A phone that sends exactly what it is told to, byte by byte, and reads what comes."""

import hashlib
import random
import re
import socket
import time

from installation import DOMAIN, password_of


class Phone:
    def __init__(self, dt, user, host="127.0.0.1"):
        self.dt, self.user, self.host = dt, user, host
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind((host, 0))
        self.port = self.line.getsockname()[1]
        self.here = f"{host}:{self.port}"

    def close(self):
        self.line.close()

    def send(self, message):
        self.line.sendto(message, (self.dt.host, self.dt.port))

    def take(self, timeout_s=2.0, call_id=None):
        """The next message (of that call), or None, however much comes of others meanwhile."""
        until = time.monotonic() + timeout_s
        try:
            while (left_s := until - time.monotonic()) > 0:
                self.line.settimeout(left_s)
                message = self.line.recv(65535)
                if call_id is None or call_id in message:
                    return message
        except OSError:
            pass
        return None

    def request(self, method, to, call_id, cseq=1, via="", lines=b"", tail=b"Content-Length: 0\r\n\r\n",
                uri=None, from_line=None):
        uri = uri or (f"sip:{DOMAIN}" if method == "REGISTER" else f"sip:{to}@{DOMAIN}")
        branch = f"z9hG4bK{random.getrandbits(64):016x}"
        sender = from_line or f"From: <sip:{self.user}@{DOMAIN}>;tag={call_id[:8]}"
        return (f"{method} {uri} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {self.here};branch={branch};rport{via}\r\n"
                f"{sender}\r\nTo: <sip:{to}@{DOMAIN}>\r\n"
                f"Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n"
                f"Contact: <sip:{self.user}@{self.here}>\r\n").encode() + lines + tail

    def credentials(self, challenge, method, uri):
        def md5(*words):
            return hashlib.md5(":".join(words).encode()).hexdigest()
        nonce = re.search(rb'nonce="([^"]+)"', challenge)[1].decode()
        digest = md5(md5(self.user, DOMAIN, password_of(self.user)), nonce, "00000001", "c", "auth",
                     md5(method, uri))
        name = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
        return (f'{name}: Digest username="{self.user}", realm="{DOMAIN}", nonce="{nonce}", '
                f'uri="{uri}", response="{digest}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"'
                "\r\n").encode()

    def register(self, lines=b""):
        call_id = f"{random.getrandbits(64):016x}"
        self.send(self.request("REGISTER", self.user, call_id, lines=lines))
        lines += self.credentials(self.take(), "REGISTER", f"sip:{DOMAIN}")
        self.send(self.request("REGISTER", self.user, call_id, 2, lines=lines))
        assert self.take().startswith(b"SIP/2.0 200")

    def nonce(self, to, **more):
        """A challenge for an INVITE, so that what is wrong with the next is all that is wrong."""
        call_id = f"{random.getrandbits(64):016x}"
        self.send(self.request("INVITE", to, call_id, **more))
        challenge = self.take(call_id=call_id.encode())
        assert challenge.startswith(b"SIP/2.0 407"), challenge
        return challenge

    def reply(self, request, status, lines=b""):
        """To a request; its Record-Route and Via go back as they came."""
        kept = [line for line in re.split(rb"\r\n(?![ \t])", request.split(b"\r\n\r\n")[0])[1:]
                if re.match(rb"(?i)(via|from|f|call-id|cseq|record-route)[ \t]*:", line)]
        to = re.search(rb"(?im)^To:.*", request)[0].rstrip()
        self.send(b"\r\n".join([b"SIP/2.0 %d X" % status, *kept, to + b";tag=callee",
                                f"Contact: <sip:{self.user}@{self.here}>".encode()]) +
                  b"\r\n" + lines + b"Content-Length: 0\r\n\r\n")
