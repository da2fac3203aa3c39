#!/usr/bin/env python3
"""enqueue.py SPOOL COUNT NAME SENDER [NEXT]

Put COUNT files, as mailchute-queue(5) has them, into a spool: NAME000001 and so
on, to r1@NAME.example and so on, not to be tried before NEXT."""
import os
import sys
import time

FRONT = 512


def queue_file(ident, number, name, sender, next_attempt):
    message = f"Subject: {ident}\r\nMessage-ID: <{ident}@{name}.example>\r\n\r\nhello\r\n"
    front = f"mailchute-queue 1\nattempt next={next_attempt:010d} tries=000000 notices=000000 flags=----\nlast "
    return (
        f"{front:<{FRONT - 1}}\n"
        f"id {ident}\narrived {int(time.time())}\nuid 0\naccount default\nsize {len(message)}\nsender {sender}\n"
        f"notify 0\nreturn 0\nsmtputf8 0\n8bit 0\nto W r{number}@{name}.example\n\n{message}"
    )


def main(spool, count, name, sender, next_attempt=0):
    os.umask(0o077)
    for directory in ("tmp", "queue", "corrupt", "failed", "accounts"):
        os.makedirs(os.path.join(spool, directory), exist_ok=True)
    for number in range(1, count + 1):
        ident = f"{name}{number:06d}"
        aside = os.path.join(spool, "tmp", ident)
        with open(aside, "w", encoding="ascii", newline="") as f:
            f.write(queue_file(ident, number, name, sender, next_attempt))
        os.rename(aside, os.path.join(spool, "queue", ident))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], *map(int, sys.argv[5:]))
