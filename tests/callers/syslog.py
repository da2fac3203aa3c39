"""syslog.py SOCKET FILE: what programs tell syslog goes into the file, a line each."""
import os
import socket
import sys

path, file = sys.argv[1:]
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(path)
os.chmod(path, 0o666)
with open(file, "ab", 0) as out:
    while True:
        out.write(log.recv(65536).rstrip(b"\n\0") + b"\n")
