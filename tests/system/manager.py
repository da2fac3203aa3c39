#!/usr/bin/env python3
"""What a service manager does, for the tests of `serve`.

manager.py notify SOCKET FILE                 writes each datagram that comes to SOCKET to FILE
manager.py activate [pid=N] WHAT... -- COMMAND...
    runs COMMAND with descriptors from 3 on: WHAT is /PATH of a Unix socket or ADDRESS:PORT to
    listen to, or a file's name after `file:`
"""
import os
import socket
import sys


def notify(path, out):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    with open(out, 'a', buffering=1) as f:
        while True:
            f.write(s.recv(4096).decode() + '\n')


def open_one(what):
    if what.startswith('file:'):
        return os.open(what[5:], os.O_RDONLY)
    unix = what.startswith('/')
    s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host, _, port = what.rpartition(':')
    s.bind(what if unix else (host, int(port)))
    if unix:
        os.chmod(what, 0o666)
    s.listen(100)
    return s.detach()


def activate(words):
    at = words.index('--')
    what, command = words[:at], words[at + 1:]
    pid = os.getpid()
    if what[0].startswith('pid='):
        pid = int(what.pop(0)[4:])
    # All above their places first, so that none is overwritten before it was moved.
    opened = [os.dup2(open_one(w), 100 + i) for i, w in enumerate(what)]
    for i, fd in enumerate(opened):
        os.dup2(fd, 3 + i)
        os.close(fd)
    os.environ.update(LISTEN_PID=str(pid), LISTEN_FDS=str(len(what)), LISTEN_FDNAMES=':'.join(['submit'] * len(what)))
    os.execvp(command[0], command)


if sys.argv[1] == 'notify':
    notify(*sys.argv[2:])
else:
    activate(sys.argv[2:])
