"""start.py WAY: starts sendmail as some program does; the exit code is its.  Its mail has the subject WAY."""
import ctypes
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import time

SENDMAIL = ["/usr/sbin/sendmail", "-i", "bob@other.example"]
way = sys.argv[1]
letter = ("Subject: %s\n\nhello, Bob\n" % way).encode()


def start(args=SENDMAIL, stdin=subprocess.PIPE, **more):
    return subprocess.Popen(args, stdin=stdin, **more)


def piped(**more):
    child = start(**more)
    child.stdin.write(letter)
    child.stdin.close()
    return child.wait()


def by_socket():
    ours, theirs = socket.socketpair()
    child = start(stdin=theirs)
    theirs.close()
    ours.sendall(letter)
    ours.close()
    return child.wait()


def by_file():
    with tempfile.TemporaryFile() as file:       # unlinked, and read from its middle
        file.write(b"Subject: not this\n\n" + letter)
        file.flush()
        file.seek(19)
        os.lseek(file.fileno(), 19, os.SEEK_SET)
        return start(stdin=file).wait()


def by_terminal():
    ours, theirs = pty.openpty()
    child = start(["/usr/sbin/sendmail", "bob@other.example"], stdin=theirs)
    os.close(theirs)
    os.write(ours, letter + b".\n")
    return child.wait()


def slowly():
    child = start()
    for octet in range(0, len(letter), 8):
        child.stdin.write(letter[octet:octet + 8])
        child.stdin.flush()
        time.sleep(0.3)
    child.stdin.close()
    return child.wait()


def held():
    """Half of it, the rest when the file `go` is there."""
    child = start()
    child.stdin.write(letter[:20])
    child.stdin.flush()
    open("started", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.1)
    child.stdin.write(letter[20:])
    child.stdin.close()
    return child.wait()


def without(*descriptors):
    return piped(preexec_fn=lambda: [os.close(d) for d in descriptors])


def with_many_descriptors():
    more = [os.dup(0) for _ in range(200)] + [socket.socket().detach()]
    for d in more:
        os.set_inheritable(d, True)
    return piped(close_fds=False)


def with_signals_blocked():
    return piped(preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()))


def with_signals_ignored():
    def ignore():
        for s in set(range(1, 32)) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(s, signal.SIG_IGN)
    return piped(preexec_fn=ignore)


def in_no_directory():
    gone = tempfile.mkdtemp()
    os.chdir(gone)
    os.rmdir(gone)
    return piped()


def interrupted(signo):
    child = start()
    child.stdin.write(letter)
    child.stdin.flush()
    time.sleep(1)
    child.send_signal(signo)
    code = child.wait()
    child.stdin.close()
    return code


def refused_late():
    """It reads all before it says no: writing never fails."""
    child = start(["/usr/sbin/sendmail", "-i", "no address @@"])
    child.stdin.write(letter + b"0123456789\n" * 100000)
    child.stdin.close()
    return child.wait()


def without_a_name():
    libc = ctypes.CDLL(None)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(read, 0)
        os.close(write)
        path = SENDMAIL[0].encode()
        libc.execv(path, (ctypes.c_char_p * 3)(b"", b"bob@other.example", None))
        os._exit(99)
    os.close(read)
    os.write(write, letter)
    os.close(write)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


WAYS = {
    "socket": by_socket,
    "file": by_file,
    "terminal": by_terminal,
    "slow": slowly,
    "held": held,
    "no environment": lambda: piped(env={}),
    "a false environment": lambda: piped(env={"HOME": "/nonexistent", "USER": "root", "LOGNAME": "bob", "PATH": "",
                                              "IFS": "/", "LD_LIBRARY_PATH": "/nonexistent", "TZ": "nonsense"}),
    "no stdout and stderr": lambda: without(1, 2),
    "no stderr": lambda: without(2),
    "no stdin": lambda: start(stdin=None, preexec_fn=lambda: os.close(0)).wait(),
    "many descriptors": with_many_descriptors,
    "signals blocked": with_signals_blocked,
    "signals ignored": with_signals_ignored,
    "umask": lambda: piped(umask=0o177),
    "no directory": in_no_directory,
    "no name": without_a_name,
    "lib": lambda: piped(args=["/usr/lib/sendmail"] + SENDMAIL[1:]),
    "another name": lambda: piped(args=["exim4"] + SENDMAIL[1:], executable=SENDMAIL[0]),
    "TERM": lambda: interrupted(signal.SIGTERM),
    "INT": lambda: interrupted(signal.SIGINT),
    "HUP": lambda: interrupted(signal.SIGHUP),
    "refused": refused_late,
    "plain": piped,
}
sys.exit(WAYS[way]())
