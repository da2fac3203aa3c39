#!/usr/bin/env python3
"""A name server for tests, on 127.0.0.1:53 of a network of its own.

dns.py ZONE: a file that is read anew for each question, a record a line:

    NAME A 127.0.0.1
    NAME SRV PRIORITY WEIGHT PORT TARGET
    NAME FAIL                              SERVFAIL
    NAME SILENT                            no answer
"""
import socket
import struct
import sys
import threading

TYPES = {1: 'A', 33: 'SRV'}


def name(text):
    labels = [part.encode() for part in text.rstrip('.').split('.') if part]
    return b''.join(bytes([len(part)]) + part for part in labels) + b'\0'


def data(kind, words):
    if kind == 'A':
        return socket.inet_aton(words[0])
    return struct.pack('>HHH', *map(int, words[:3])) + name(words[3])


def question(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return '.'.join(labels).lower(), struct.unpack('>H', query[at + 1:at + 3])[0], query[12:at + 5]


def answer(zone, query, most):
    asked, number, section = question(query)
    with open(zone) as lines:
        records = [words for words in map(str.split, lines) if words and words[0].lower() == asked]
    kinds = [words[1] for words in records]
    if 'SILENT' in kinds:
        return None
    found = [data(w[1], w[2:]) for w in records if w[1] == TYPES.get(number)]
    code = 2 if 'FAIL' in kinds else 0 if records else 3
    body = section + b''.join(b'\xc0\x0c' + struct.pack('>HHIH', number, 1, 60, len(d)) + d for d in found)
    flags = 0x8180 | code
    if 12 + len(body) > most:
        flags, found, body = flags | 0x0200, [], section
    return query[:2] + struct.pack('>HHHHH', flags, 1, len(found), 0, 0) + body


def serve_tcp(zone, listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            size = struct.unpack('>H', connection.recv(2, socket.MSG_WAITALL))[0]
            reply = answer(zone, connection.recv(size, socket.MSG_WAITALL), 65535)
            if reply is not None:
                connection.sendall(struct.pack('>H', len(reply)) + reply)


def main():
    zone, address = sys.argv[1], ('127.0.0.1', 53)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(address)
    tcp = socket.create_server(address)
    threading.Thread(target=serve_tcp, args=(zone, tcp), daemon=True).start()
    print('ready', flush=True)
    while True:
        query, caller = udp.recvfrom(512)
        reply = answer(zone, query, 512)
        if reply is not None:
            udp.sendto(reply, caller)


main()
