"""PostgreSQL servers of a drill's own: made, frozen, killed, followed by a standby, put back.

Each lies in a folder of its own under /tmp, runs as an unprivileged user where the drill is root, and ends with the
drill. A killed server is killed with all its processes, as by the power of its machine.
"""

import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from installation import Failure, free_port, wait_for

READY_S = 30
SETTINGS = {
    "listen_addresses": "'*'",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "200ms",
    "autovacuum": "off",
}


def program(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found:
        raise Failure("postgresql is not installed (scripts/install-deps.sh check)")
    return found[-1]


def unprivileged():
    """What to start PostgreSQL's programs with: it refuses to be root, and it is to end with us."""
    words = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:
        words += ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
    return words


class Cluster:
    """`inside`: words that start a program elsewhere, for example in another network namespace."""

    def __init__(self, name, host="127.0.0.1", inside=()):
        self.host, self.port = host, free_port()
        self.inside = list(inside)
        self.top = tempfile.mkdtemp(prefix=f"dialtone-drill-{name}-")
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.top, owner.pw_uid, owner.pw_gid)
        self.data = os.path.join(self.top, "data")
        self.process = None

    def run(self, *words):
        done = subprocess.run([*self.inside, *unprivileged(), *words], cwd=self.top, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        if done.returncode != 0:
            raise Failure(f"{os.path.basename(words[0])}: {done.stdout[-800:]}")
        return done.stdout

    def make(self):
        """A new cluster with an empty database "dialtone", running."""
        self.run(program("initdb"), "-D", self.data, "-N", "-A", "trust", "-U", "dialtone", "-E", "UTF8",
                 "--locale=C")
        with open(os.path.join(self.data, "pg_hba.conf"), "a", encoding="ascii") as hba:
            hba.write("host all all 0.0.0.0/0 trust\nhost replication all 0.0.0.0/0 trust\n")
        self.start()
        self.sql("CREATE DATABASE dialtone", database="postgres")
        return self

    def follow(self, primary, name):
        """A copy of `primary` that follows it, and that it waits for at each commit."""
        self.run(program("pg_basebackup"), "-d", f"postgresql://dialtone@{primary.host}:{primary.port}/postgres"
                 f"?application_name={name}", "-D", self.data, "-R", "-X", "stream", "-c", "fast")
        self.start()
        primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'", database="postgres")
        primary.sql("SELECT pg_reload_conf()", database="postgres")
        wait_for("the standby is synchronous", lambda: primary.sql(
            "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", database="postgres") == "1", READY_S)
        return self

    def start(self):
        words = [*self.inside, *unprivileged(), program("postgres"), "-D", self.data, "-k", self.top, "-p",
                 str(self.port)]
        for name, value in SETTINGS.items():
            words += ["-c", f"{name}={value.strip(chr(39))}"]
        with open(os.path.join(self.top, "server.log"), "ab") as log:
            self.process = subprocess.Popen(words, cwd=self.top, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for("PostgreSQL answers", self.answers, READY_S)

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f"PostgreSQL ended while it started (see {self.top}/server.log)")
        return subprocess.run([program("pg_isready"), "-q", "-h", self.top, "-p", str(self.port)],
                              check=False).returncode == 0

    def url(self, host=None, port=None):
        return f"postgresql://dialtone@{host or self.host}:{port or self.port}/dialtone"

    def sql(self, text, database="dialtone"):
        """The answer of one statement as text; past dialtone, over the Unix socket."""
        done = subprocess.run(["psql", "-XAtq", "-h", self.top, "-p", str(self.port), "-U", "dialtone", "-d", database,
                               "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                              check=False)
        if done.returncode != 0:
            raise Failure(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def pids(self):
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], stdout=subprocess.PIPE,
                                  text=True, check=False)
        return [self.process.pid] + [int(pid) for pid in re.findall(r"\d+", children.stdout)]

    def signal(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)  # first: no more children
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            pids = self.pids()
            self.signal(signal.SIGKILL)
            self.process.wait(10)
            wait_for("PostgreSQL's processes are gone", lambda: not any(map(is_alive, pids)), 10)
        self.process = None

    def stop(self):
        """In order, all on disk."""
        os.kill(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        self.process = None

    def promote(self):
        self.sql("SELECT pg_promote(true, 30)", database="postgres")

    def hold_commits(self):
        """All commits wait from now on; returns when one of dialtone does."""
        self.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", database="postgres")
        self.sql("SELECT pg_reload_conf()", database="postgres")
        wait_for("a commit waits", self.has_waiting_commit, 10, 0.01)

    def has_waiting_commit(self):
        return self.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dialtone'"
                        " AND wait_event = 'SyncRep' AND query = 'COMMIT'", database="postgres") != "0"

    def let_commits_go(self):
        self.sql("ALTER SYSTEM RESET synchronous_standby_names", database="postgres")
        self.sql("SELECT pg_reload_conf()", database="postgres")

    def keep(self):
        """Puts a copy of the whole cluster aside."""
        self.stop()
        shutil.rmtree(f"{self.data}.kept", ignore_errors=True)
        self.run("cp", "-a", self.data, f"{self.data}.kept")
        self.start()

    def put_back(self):
        """Yesterday's copy in the place of what is there; who is connected loses the connection."""
        self.kill()
        shutil.rmtree(self.data)
        os.rename(f"{self.data}.kept", self.data)
        self.start()

    def close(self):
        if self.process is not None:
            self.thaw()
        self.kill()
        shutil.rmtree(self.top, ignore_errors=True)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
