#!/usr/bin/env python3
"""A caller of the daemon's socket, a file or 127.0.0.1:PORT: what the system tests need of SMTP.

caller.py SOCKET talk                  lines of standard input, one after the other's reply
caller.py SOCKET load N AT_ONCE NAME   N messages to NAME-i@r.example; prints whom 250 was said for
caller.py SOCKET hear                  prints what is said unasked, to the end
caller.py SOCKET idle N SECONDS        so many connections that say nothing
caller.py SOCKET slow SECONDS          an octet a second
caller.py SOCKET half SECONDS          a message that stops in its middle
caller.py SOCKET rubbish SECONDS       octets of any kind
"""
import os
import resource
import socket
import sys
import threading
import time


def connect(path):
    tcp = ':' in path
    s = socket.socket(socket.AF_INET if tcp else socket.AF_UNIX)
    s.settimeout(60)
    s.connect(('127.0.0.1', int(path.rsplit(':', 1)[1])) if tcp else path)
    return s


def reply(f):
    while True:
        line = f.readline()
        if not line:
            raise EOFError
        sys.stdout.flush()
        yield line
        if line[3:4] != b'-':
            return


def talk(path):
    f = connect(path).makefile('rwb', 0)
    data = False
    for line in [None] + sys.stdin.buffer.read().splitlines():
        if line is not None:
            f.write(line + b'\r\n')
        if data and line != b'.':
            continue
        if line is not None and line.startswith(b'XRUN'):
            sys.stdout.buffer.write(f.read())
            return
        for got in reply(f):
            sys.stdout.buffer.write(got)
        data = got.startswith(b'354')


def one(path, to):
    f = connect(path).makefile('rwb', 0)
    for line in (None, b'EHLO x', b'MAIL FROM:<alice@system.test>', b'RCPT TO:<' + to.encode() + b'>', b'DATA',
                 b'Subject: load\r\n\r\nhello\r\n.'):
        if line is not None:
            f.write(line + b'\r\n')
        *_, last = reply(f)
    return last.startswith(b'250')


def load(path, n, at_once, name):
    taken = []

    def work(first):
        for i in range(first, n, at_once):
            to = '%s-%d@r.example' % (name, i)
            try:
                if one(path, to):
                    taken.append(to)
            except (OSError, EOFError):
                pass

    threads = [threading.Thread(target=work, args=(i,)) for i in range(at_once)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print('\n'.join(taken))


def hear(path):
    for line in connect(path).makefile('rb'):
        sys.stdout.buffer.write(line)
        sys.stdout.flush()


def idle(path, n, seconds):
    resource.setrlimit(resource.RLIMIT_NOFILE, (n + 100, max(n + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    held = [connect(path) for _ in range(n)]
    time.sleep(seconds)
    return held


def trickle(path, seconds, piece, wait):
    s = connect(path)
    end = time.time() + seconds
    while time.time() < end:
        try:
            s.sendall(piece())
        except OSError:
            s = connect(path)
        time.sleep(wait)


def half(path, seconds):
    s = connect(path)
    s.sendall(b'EHLO x\r\nMAIL FROM:<alice@system.test>\r\nRCPT TO:<half@r.example>\r\nDATA\r\nSubject: half\r\n\r\nhal')
    time.sleep(seconds)


path, what, words = sys.argv[1], sys.argv[2], sys.argv[3:]
if what == 'talk':
    talk(path)
elif what == 'load':
    load(path, int(words[0]), int(words[1]), words[2])
elif what == 'hear':
    hear(path)
elif what == 'idle':
    idle(path, int(words[0]), float(words[1]))
elif what == 'slow':
    trickle(path, float(words[0]), lambda: b'N', 1)
elif what == 'half':
    half(path, float(words[0]))
elif what == 'rubbish':
    trickle(path, float(words[0]), lambda: os.urandom(5000), 0.01)
