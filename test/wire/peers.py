"""The peers: SIPp, baresip and Kamailio, each in its own folder and on its own ports."""

import json
import os
import re
import socket
import subprocess
import time

from installation import DOMAIN, Failure, free_port, password_of, stop_process, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
TRANSPORTS = {"udp": "u1", "tcp": "t1"}


class Peer:
    """A program beside dialtone; ended with the installation, if not before."""

    def __init__(self, dt, name):
        self.dt = dt
        self.dir = os.path.join(dt.top, f"{len(dt.peers):02}-{name}")
        self.name = name
        self.process = None
        os.mkdir(self.dir)
        dt.peers.append(self)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def spawn(self, argv):
        with open(self.path("output"), "ab") as output:
            self.process = subprocess.Popen(argv, cwd=self.dir, stdout=output, stderr=output,
                                            stdin=subprocess.DEVNULL,
                                            env={**os.environ, "TERM": "dumb", "HOME": self.dir})

    def stop(self):
        if self.process is not None:
            stop_process(self.process, 3)


# ---- SIPp ----

class Sipp(Peer):
    """One run of a scenario in sipp/. `rows` are its users: lists of fields for the file of -inf.
    is_probed: the edge probes the call once, where the scenario says PROBE."""

    def __init__(self, dt, scenario, rows=(), host="127.0.0.1", port=None, transport="udp",
                 to=None, count=1, options=(), is_probed=False):
        super().__init__(dt, scenario)
        self.host = host
        self.port = port or free_port(host)
        target = to or ((f"[::1]:{dt.port6}") if ":" in host else f"{dt.host}:{dt.port}")
        self.write("scenario.xml", scenario_text(scenario, is_probed))
        argv = ["sipp", target, "-sf", self.path("scenario.xml"),
                "-i", f"[{host}]" if ":" in host else host, "-p", str(self.port),
                "-mp", str(free_port("127.0.0.1")), "-t", TRANSPORTS[transport], "-nostdin",
                "-m", str(count), "-key", "domain", DOMAIN, "-timeout", "60", "-timeout_error",
                # The digest's URI is otherwise made of the address, without brackets for IPv6.
                *(["-auth_uri", DOMAIN] if ":" in host else []),
                "-trace_msg", "-message_file", self.path("messages"),
                "-trace_err", "-error_file", self.path("errors"), *options]
        if rows:
            lines = [";".join(row) + ";" for row in rows]
            self.write("users.csv", "SEQUENTIAL\n" + "\n".join(lines) + "\n")
            argv += ["-inf", self.path("users.csv")]
        self.spawn(argv)

    def wait(self, timeout_s=30):
        """Until all its calls are over; a Failure if one went another way than the scenario."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Failure(f"SIPp {self.name} is not done after {timeout_s} s") from None
        if code != 0:
            raise Failure(f"SIPp {self.name} ended with {code}: {self.read('errors')[:1500]}")

    def wait_bound(self):
        """Until it listens."""
        wait_for(f"SIPp {self.name} listens", lambda: is_bound(self.host, self.port))
        return self

    def messages(self):
        """(seconds of the day, is sent, text) of each message, in order."""
        found = re.split(r"(?m)^-{20,} \d{4}-\d\d-\d\d[ \t]([\d:.]+)\n", self.read("messages"))
        result = []
        for stamp, text in zip(found[1::2], found[2::2]):
            head, _, body = text.partition("\n\n")
            hours, minutes, seconds = stamp.split(":")
            at = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            result.append((at, "sent" in head, body))
        return result

    def received(self, start):
        """Texts of the messages that came and begin so."""
        return [text for _, is_sent, text in self.messages() if not is_sent and
                text.startswith(start)]


def scenario_text(scenario, is_probed):
    folder = os.path.join(HERE, "sipp")
    with open(os.path.join(folder, f"{scenario}.xml"), encoding="ascii") as file:
        text = file.read()
    with open(os.path.join(folder, "probe.txt"), encoding="ascii") as file:
        return text.replace("<!-- PROBE -->\n", file.read() if is_probed else "")


def is_bound(host, port):
    """Does someone listen there? Binding tells, for UDP and TCP, and disturbs nobody."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return True
    return False


def user_row(user, target="", password=None, says=None):
    """A row of the users' file: name in From, credentials, whom to call."""
    return [says or user,
            f"[authentication username={user} password={password or password_of(user)}]", target]


def register(dt, users, host="127.0.0.1", port=None, transport="udp"):
    """Registers users, all at one port: where a SIPp that answers is started next."""
    port = port or free_port(host)
    Sipp(dt, "register", [user_row(user) for user in users], host, port, transport,
         count=len(users), options=["-r", "100"]).wait()
    return port


# ---- baresip ----

class Baresip(Peer):
    """A phone: plays a tone, records what it hears, and is led over its control port."""

    def __init__(self, dt, user, tone_hz=440, transport="udp", is_gateway=False,
                 host="127.0.0.1", answers=True):
        super().__init__(dt, f"baresip-{user}")
        self.events = []
        self.line = None
        self.rest = b""
        self.host = host
        self.port = free_port(host)
        control = free_port()
        registers = "regint=0" if is_gateway else "regint=60"
        outbound = f'outbound="sip:{dt.host}:{dt.port};transport={transport}"'
        mode = "auto" if answers else "manual"
        first_rtp = free_port() // 2 * 2
        self.write("accounts", f"<sip:{user}@{DOMAIN}>;auth_user={user};"
                   f"auth_pass={password_of(user)};{outbound};{registers};answermode={mode};"
                   f"audio_codecs=PCMU/8000/1\n")
        subprocess.run(["sox", "-n", "-r", "8000", "-c", "1", "-b", "16", self.path("tone.wav"),
                        "synth", "60", "sine", str(tone_hz), "vol", "0.5"], check=True, timeout=20)
        self.write("config", "\n".join([
            "poll_method epoll", f"sip_listen {host}:{self.port}", "call_max_calls 4",
            "module_path /usr/lib/baresip/modules",
            "module g711.so", "module aufile.so", "module sndfile.so",
            "module_tmp account.so", "module_app menu.so", "module_app ctrl_tcp.so",
            f"audio_source aufile,{self.path('tone.wav')}", "audio_alert none", "ring_aufile none", "ringback_disabled yes",
            f"snd_path {self.dir}", f"ctrl_tcp_listen 127.0.0.1:{control}",
            f"net_interface {host}", f"rtp_ports {first_rtp}-{first_rtp + 200}",
            "ausrc_srate 8000", "auplay_srate 8000", "ausrc_channels 1", "auplay_channels 1",
        ]) + "\n")
        self.spawn(["baresip", "-f", self.dir])
        self.line = wait_for(f"baresip {user} can be led", lambda: connect(control))

    def stop(self):
        super().stop()
        if self.line is not None:
            self.line.close()

    def command(self, command, params=""):
        text = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        self.line.settimeout(5)
        self.line.sendall(b"%d:%s," % (len(text), text))

    def poll(self):
        """Takes what it told since."""
        try:
            self.line.settimeout(0)
            self.rest += self.line.recv(65536)
        except BlockingIOError:
            pass
        while True:
            found = re.match(rb"(\d+):", self.rest)
            if not found or len(self.rest) < found.end() + int(found[1]) + 1:
                return
            end = found.end() + int(found[1])
            told = json.loads(self.rest[found.end():end])
            self.rest = self.rest[end + 1:]
            if told.get("event"):
                self.events.append(told)

    def wait_event(self, kind, timeout_s=10):
        def look():
            self.poll()
            return next((e for e in self.events if e["type"] == kind), None)
        return wait_for(f"{self.name} tells {kind}", look, timeout_s)

    def heard(self):
        """The recording of what came from the other side; there once the call is over."""
        def look():
            names = [n for n in os.listdir(self.dir) if n.endswith("-dec.wav")]
            return names[0] if len(names) == 1 else None
        return self.path(wait_for(f"{self.name} has a recording", look))


def connect(port):
    try:
        return socket.create_connection(("127.0.0.1", port), 2)
    except OSError:
        return None


def sound_of(path):
    """(seconds, rough frequency in Hz, loudness) of a recording, by sox, without the silence at
    its ends."""
    done = subprocess.run(["sox", path, "-n", "silence", "1", "0.02", "1%", "reverse", "silence",
                           "1", "0.02", "1%", "reverse", "stat"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=20, check=True)

    def number(name):
        found = re.search(rf"{name}[^:]*:\s*([-\d.]+)", done.stdout)
        if not found:
            raise Failure(f"sox says nothing of {name}: {done.stdout}")
        return float(found[1])
    return number("Length"), number("Rough +frequency"), number("RMS +amplitude")


# ---- Kamailio ----

class Kamailio(Peer):
    """The far end of a trunk, at host:port: kamailio/NAME.cfg with @WORDS@ filled in."""

    def __init__(self, dt, config, host, tcp=False, **words):
        super().__init__(dt, f"kamailio-{config}")
        self.host, self.port = host, free_port(host)
        with open(os.path.join(HERE, "kamailio", f"{config}.cfg"), encoding="utf-8") as file:
            text = file.read()
        for word, value in {"EDGE": f"{dt.host}:{dt.port}", **words}.items():
            text = text.replace(f"@{word.upper()}@", str(value))
        self.write("kamailio.cfg", text)
        listens = [f"udp:{host}:{self.port}"] + ([f"tcp:{host}:{self.port}"] if tcp else [])
        argv = ["kamailio", "-f", self.path("kamailio.cfg"), "-DD", "-E", "-m", "16", "-M", "4",
                "-n", "1", "-w", self.dir, "-Y", self.dir, "-P", self.path("pid")]
        for listen in listens:
            argv += ["-l", listen]
        self.spawn(argv + ([] if tcp else ["-T"]))
        wait_for("Kamailio answers", self.answers)

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f"Kamailio ended: {self.read('output')[-1500:]}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind(("127.0.0.9", 0))
            line.settimeout(0.2)
            mine = "%s:%d" % line.getsockname()
            line.sendto((f"OPTIONS sip:{self.host} SIP/2.0\r\nVia: SIP/2.0/UDP {mine};"
                         f"branch=z9hG4bKwire{time.monotonic_ns()};rport\r\nFrom: <sip:a@b>;tag=1"
                         f"\r\nTo: <sip:a@b>\r\nCall-ID: {time.monotonic_ns()}\r\nCSeq: 1 OPTIONS"
                         "\r\nMax-Forwards: 7\r\nContent-Length: 0\r\n\r\n").encode(),
                        (self.host, self.port))
            try:
                return b"200" in line.recv(65535)
            except OSError:
                return False
