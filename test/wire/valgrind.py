"""valgrind.py PROGRAM PHONES: edge and web role under valgrind while the demo's phones register and call.

Each role is started as the supervisor starts it, with sockets that this file bound: valgrind cannot follow a
program that starts itself by /proc/self/exe. Exit status 1 when valgrind has something to say.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from installation import free_port, stop_process, wait_for

CALLS_S = 12
READY_S = 60
STOP_S = 40
# No shutting-in: valgrind opens files and makes system calls of its own. Little room, so that it starts soon.
SETTINGS = """
security = { confine = false; core_dumps = true; };
limits = { calls = 100; bindings = 1000; accounts = 1000; memory_mb = 64; };
"""


class Role:
    def __init__(self, program, directory, name, sockets, http=None):
        told, self.teller = os.pipe()
        stop, self.stopper = os.pipe()
        lines = ["workers 2", f"stop {stop}", f"http {http.fileno() if http else -1}"]
        kept = [told, stop] + ([http.fileno()] if http else [])
        for index, (kind, worker, line) in enumerate(sockets):
            host, port = line.getsockname()
            lines.append(f"socket {line.fileno()} {kind} {kind} {worker} 0 {port} {host} {host}:{port}")
            kept.append(line.fileno())
        os.write(self.teller, ("\n".join(lines) + "\n").encode())
        os.close(self.teller)
        self.name = name
        self.said = os.path.join(directory, f"{name}.valgrind")
        with open(os.path.join(directory, "log", f"{name}.log"), "ab") as log:
            self.process = subprocess.Popen(
                ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=definite",
                 "--errors-for-leak-kinds=definite", f"--log-file={self.said}", program, "role", name, directory],
                pass_fds=kept, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "DIALTONE_HANDOVER": str(told)})
        for fd in (told, stop):
            os.close(fd)

    def is_ready(self, directory):
        if self.process.poll() is not None:
            raise SystemExit(f"{self.name} ended with {self.process.returncode}: {open(self.said).read()}")
        folder = os.open(os.path.join(directory, "run"), os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(10)
                line.connect(f"/proc/self/fd/{folder}/{self.name}.sock")
                line.sendall(b'{"id":1,"do":"status"}\n')
                return json.loads(line.makefile().readline()).get("state") == "ready"
        except OSError:
            return False
        finally:
            os.close(folder)

    def end(self):
        """What valgrind said, and the exit status."""
        os.close(self.stopper)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with open(self.said, encoding="utf-8", errors="replace") as file:
            return self.process.returncode, file.read()


def bind(kind, port):
    line = socket.socket(socket.AF_INET, kind)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if kind == socket.SOCK_DGRAM:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_TIMESTAMPNS_OLD if hasattr(socket, "SO_TIMESTAMPNS_OLD") else 35, 1)
    line.bind(("127.0.0.1", port))
    if kind == socket.SOCK_STREAM:
        line.listen(64)
    line.setblocking(False)
    return line


def ask_api(directory, address, method, path, body=None):
    with open(os.path.join(directory, "secrets/admin.key"), encoding="ascii") as file:
        key = file.read().strip()
    link = http.client.HTTPConnection(*address, timeout=30)
    link.request(method, path, None if body is None else json.dumps(body),
                 {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    answer = link.getresponse()
    answer.read()
    link.close()
    return answer.status


def main():
    program, phones = (os.path.abspath(path) for path in sys.argv[1:3])
    top = tempfile.mkdtemp(prefix="dialtone-valgrind-")
    directory = os.path.join(top, "dir")
    sip, web_port = free_port(), free_port()
    subprocess.run([program, "init", directory, "--demo", "--listen", f"udp:127.0.0.1:{sip}", "--listen",
                    f"tcp:127.0.0.1:{sip}", "--http", f"127.0.0.1:{web_port}"], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(directory, "dialtone.conf"), "a", encoding="ascii") as conf:
        conf.write(SETTINGS)
    for name in ("run", "log", "edge", "web", "decks"):
        os.makedirs(os.path.join(directory, name), exist_ok=True)
    sockets = [(0, worker, bind(socket.SOCK_DGRAM, sip)) for worker in range(2)]
    sockets.append((1, 0, bind(socket.SOCK_STREAM, sip)))
    served = bind(socket.SOCK_STREAM, web_port)
    roles = [Role(program, directory, "edge", sockets), Role(program, directory, "web", [], served)]
    bad = 0
    callers = []
    try:
        for role in roles:
            wait_for(f"{role.name} is ready", lambda role=role: role.is_ready(directory), READY_S, 0.2)
        with open(os.path.join(top, "phones.out"), "wb") as out:
            for conf in ("carrier.conf", "phones.conf"):
                callers.append(subprocess.Popen([phones, os.path.join(directory, conf)], stdout=out,
                                                stderr=out, stdin=subprocess.DEVNULL))
        address = ("127.0.0.1", web_port)
        statuses = [ask_api(directory, address, "POST", "/v1/accounts", {"name": "vg", "currency": "EUR"}),
                    ask_api(directory, address, "POST", "/v1/endpoints",
                            {"account": "vg", "user": "vg", "password": "a-long-secret"}),
                    ask_api(directory, address, "GET", "/v1/cdrs?max=10"),
                    ask_api(directory, address, "GET", "/v1/nothing"),
                    ask_api(directory, address, "DELETE", "/v1/endpoints/vg")]
        print("API:", statuses)
        time.sleep(CALLS_S)
        for caller in callers:
            stop_process(caller, 10)
        with open(os.path.join(top, "phones.out"), encoding="utf-8", errors="replace") as file:
            said = file.read()
        print(said.strip().splitlines()[-1])
        if "answered by" not in said:
            print("no call was answered", file=sys.stderr)
            bad = 1
    finally:
        for caller in callers:
            stop_process(caller, 5)
        for role in roles:
            status, said = role.end()
            print(f"{role.name}: status {status}, {len(said.splitlines())} lines of valgrind")
            if status != 0 or said:
                print(said, file=sys.stderr)
                bad = 1
        shutil.rmtree(top, ignore_errors=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
