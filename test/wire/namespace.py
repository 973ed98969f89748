"""A network namespace of a test's own, with nothing but a loopback."""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

INSIDE = "DIALTONE_INSIDE_NAMESPACE"
SKIPPED = 77  # for ctest
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def enter_namespace(file):
    """Starts that file again where no route leads out, unless it was; SKIPPED where that is forbidden."""
    if INSIDE in os.environ:
        return
    tool = shutil.which("unshare")
    if tool is None:
        sys.exit("unshare (util-linux) is not installed")
    reasons = []
    for options in (["-n"], ["-rn"]):
        tried = subprocess.run([tool, *options, "true"], stderr=subprocess.PIPE, text=True, check=False)
        if tried.returncode == 0:
            os.execve(tool, [tool, *options, sys.executable, "-B", os.path.abspath(file),
                             *sys.argv[1:]], {**os.environ, INSIDE: "1"})
        reasons.append(tried.stderr.strip())
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000) == 0:
        sys.exit("the kernel allows a network namespace, and unshare does not: " + "; ".join(reasons))
    print("SKIPPED, NOTHING WAS TESTED: the kernel forbids a network namespace here: "
          f"{os.strerror(ctypes.get_errno())}; {'; '.join(reasons)}", flush=True)
    sys.exit(SKIPPED)


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        flags = struct.unpack("16xH22x", fcntl.ioctl(line, SIOCGIFFLAGS,
                                                     struct.pack("16sH22x", b"lo", 0)))[0]
        fcntl.ioctl(line, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | IFF_UP))
