"""No password, key or other secret in logs, in the edge's files, or in the list of processes; and
nothing that a phone or an operator writes steers the terminal on which it is read."""

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import unittest

from installation import (DOMAIN, PROGRAM, Failure, Installation, WireTest, password_of,
                          wait_for)
from peers import Sipp, user_row
from phone import Phone

SECRET = "Zw7-not-for-any-eyes"
GUESS = "guessed-wrongly"
ESCAPE = "\x1b]0;owned\x07\x1b[2J\u009b31m"
RED = "\u009b31m"  # what a message may carry: with the other control characters it is refused
SHOWN = b"??31m"  # how that is printed


def files_below(top, skipped):
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if name not in skipped]
        for name in files:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                yield path


def command_line(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()


def read_some(fd):
    if not select.select([fd], [], [], 10)[0]:
        raise Failure("nothing comes")
    return os.read(fd, 65535)


def is_echoing(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


def is_edge_ready(dt):
    try:
        return dt.control("edge", "status").get("state") == "ready"
    except OSError:
        return False


class Secrets(WireTest):
    def add(self, dt, user, *words, **more):
        done = subprocess.run([PROGRAM, "endpoint", "add", user, "--account", "acme", "--dir", dt.dir,
                               *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=20, check=False, **more)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_no_file_but_the_secrets_holds_a_password(self):
        with Installation() as dt:
            dt.add_account("acme", "5")
            path = os.path.join(dt.top, "password")
            with open(path, "w", encoding="ascii") as file:
                file.write(SECRET + "\n")
            self.add(dt, "alice", "--password-file", path)
            self.add(dt, "bob", "--password-file", "-", input=SECRET + "\n")
            self.add(dt, "carol", "--password", SECRET)
            for user in ("alice", "bob", "carol"):
                dt.api("PATCH", f"/v1/endpoints/{user}", {"password": SECRET})
            dt.add_endpoint("acme", "erin")
            made = self.add(dt, "dave")
            made = re.search(r"password +(\S+)", made).group(1)
            dt.wait_config()
            phone = Phone(dt, "erin")
            self.addCleanup(phone.close)
            phone.register()
            Sipp(dt, "uac-407", [user_row("erin", "alice", password=GUESS)]).wait()
            dt.kill_edge()
            wait_for("the edge is back", lambda: is_edge_ready(dt), 10)
            secrets = [SECRET, GUESS, made, password_of("erin"), dt.key]
            seen = 0
            for path in [*files_below(dt.dir, {"secrets"}), os.path.join(dt.top, "run.log")]:
                with open(path, "rb") as file:
                    text = file.read()
                seen += 1
                for secret in secrets:
                    self.assertNotIn(secret.encode(), text, path)
            self.assertGreater(seen, 8)
            pids = [dt.process.pid] + [role["pid"] for role in dt.control("supervisor", "status")["roles"]]
            for pid in pids:
                for secret in secrets:
                    self.assertNotIn(secret.encode(), command_line(pid))

    def test_a_password_of_the_command_line_is_not_in_the_list_of_processes(self):
        with Installation() as dt:
            dt.add_account("acme", "5")
            web = next(role["pid"] for role in dt.control("supervisor", "status")["roles"]
                       if role["name"] == "web")
            os.kill(web, signal.SIGSTOP)  # so that the command waits, and can be looked at
            adding = subprocess.Popen([PROGRAM, "endpoint", "add", "alice", "--account", "acme",
                                       "--dir", dt.dir, "--password", SECRET],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                def is_hidden():
                    text = command_line(adding.pid)
                    return b"--password" in text and SECRET.encode() not in text
                wait_for("the password is gone from the list of processes", is_hidden, 5)
            finally:
                os.kill(web, signal.SIGCONT)
                try:
                    adding.wait(10)
                except subprocess.TimeoutExpired:
                    adding.kill()
                    adding.wait()
            if adding.returncode not in (0, 3):
                raise Failure(f"the command ended with {adding.returncode}")

    def ask_on_terminal(self, dt, user, typed):
        """What stands on the terminal where the password is asked for, its flags then, and the status."""
        screen, keyboard = pty.openpty()
        adding = subprocess.Popen([PROGRAM, "endpoint", "add", user, "--account", "acme", "--dir", dt.dir,
                                   "--password-file", "-"], stdin=keyboard, stdout=keyboard,
                                  stderr=keyboard, start_new_session=True,
                                  preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        shown = b""
        try:
            while b"password: " not in shown:
                shown += read_some(screen)
            wait_for("the terminal shows nothing", lambda: not is_echoing(keyboard), 5)
            os.write(screen, typed)
            adding.wait(10)
            while select.select([screen], [], [], 0)[0]:
                shown += os.read(screen, 65535)
            return shown, is_echoing(keyboard), adding.returncode
        finally:
            adding.kill()
            adding.wait()
            os.close(screen)
            os.close(keyboard)

    def test_a_password_that_is_typed_is_not_shown(self):
        with Installation() as dt:
            dt.add_account("acme", "5")
            shown, echoes, status = self.ask_on_terminal(dt, "alice", SECRET.encode() + b"\n")
            self.assertEqual(status, 0, shown)
            self.assertNotIn(SECRET.encode(), shown)
            self.assertTrue(echoes)
            shown, echoes, status = self.ask_on_terminal(dt, "bob", b"\x03\n")
            self.assertEqual(status, -signal.SIGINT, shown)
            self.assertTrue(echoes, "the terminal stays without echo")

    def test_a_wrong_password_file_is_said(self):
        with Installation() as dt:
            dt.add_account("acme", "5")
            for path in ("/nowhere/at/all", "/dev/null"):
                done = subprocess.run([PROGRAM, "endpoint", "add", "eve", "--account", "acme", "--dir",
                                       dt.dir, "--password-file", path], stderr=subprocess.PIPE,
                                      stdin=subprocess.DEVNULL, text=True, timeout=20, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(path, done.stderr)


class Terminal(WireTest):
    def assert_harmless(self, text, where):
        bad = re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", text)
        self.assertIsNone(bad, f"{where}: {text[:2000]!r}")

    def test_what_others_write_does_not_steer_a_terminal(self):
        with Installation() as dt:
            dt.add_account("acme", "5")
            dt.add_endpoint("acme", "alice", display=RED + " red")
            dt.wait_config()
            phone = Phone(dt, "alice")
            self.addCleanup(phone.close)
            for name in (ESCAPE, RED):
                agent = f"User-Agent: {name}\r\n".encode()
                phone.send(phone.request("OPTIONS", "alice", f"terminal-{len(name)}", lines=agent,
                                         uri=f"sip:{DOMAIN}"))
                self.assertTrue(phone.take().startswith(b"SIP/2.0 " + (b"400" if name == ESCAPE else b"200")))
            phone.register(f"User-Agent: {RED}\r\n".encode())
            dt.run_command("ban", "192.0.2.66", "--for", "1h", "--reason", RED, "--dir", dt.dir)
            dt.run_command("account", "suspend", "acme", "--why", RED, "--dir", dt.dir)
            for words, status in ((["endpoint", "list"], 0), (["endpoint", "show", "alice"], 0), (["bans"], 0),
                                  (["account", "show", "acme"], 0), (["account", "show", "\x1b[2J" + RED], 1)):
                done = subprocess.run([PROGRAM, *words, "--dir", dt.dir], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=20, check=False)
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertIn(SHOWN, done.stdout, " ".join(words))  # else nothing of it was there to be printed
                self.assert_harmless(done.stdout, " ".join(words))
            for path in [*files_below(os.path.join(dt.dir, "log"), ()), os.path.join(dt.top, "run.log")]:
                with open(path, "rb") as file:
                    self.assert_harmless(file.read(), path)


if __name__ == "__main__":
    unittest.main()
