#!/usr/bin/env python3
"""A mail server for many connections at once.

sink.py FILE HOLD [STAGE=SECONDS[:REPLY]]...
    prints its port.  Before a message is answered there is a line "RECIPIENT MESSAGE-ID" in
    FILE for each of its recipients.  While the file HOLD exists, a message to hold-...@ waits for
    its answer.  `dot=33` takes 33 seconds for that answer, `rcpt=33:550 no` for another.
"""
import os
import socketserver
import sys
import threading
import time

FILE, HOLD = sys.argv[1:3]
LATE = dict(word.split('=', 1) for word in sys.argv[3:])
LOCK = threading.Lock()


class Talk(socketserver.StreamRequestHandler):
    wbufsize = 0

    def say(self, stage, text):
        seconds, _, other = LATE.get(stage, '0').partition(':')
        time.sleep(float(seconds))
        self.wfile.write((other or text).encode() + b'\r\n')
        return not other

    def take(self, recipients):
        ident = '-'
        for line in self.rfile:
            if line == b'.\r\n':
                break
            if line.lower().startswith(b'message-id:'):
                ident = line.split(b':', 1)[1].strip().decode()
        else:
            return
        while any(r.startswith('hold-') for r in recipients) and os.path.exists(HOLD):
            time.sleep(0.05)
        seconds, _, other = LATE.get('dot', '0').partition(':')
        time.sleep(float(seconds))
        if not other:
            with LOCK, open(FILE, 'a') as f:
                f.writelines('%s %s\n' % (r, ident) for r in recipients)
        self.wfile.write((other or '250 2.0.0 taken').encode() + b'\r\n')

    def handle(self):
        recipients = []
        self.say('greeting', '220 sink ESMTP')
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b'EHLO':
                self.say('ehlo', '250-sink\r\n250-PIPELINING\r\n250 8BITMIME')
            elif verb == b'MAIL':
                recipients = []
                self.say('mail', '250 2.1.0 OK')
            elif verb == b'RCPT':
                if self.say('rcpt', '250 2.1.5 OK'):
                    recipients.append(line.split(b'<', 1)[1].split(b'>')[0].decode())
            elif verb == b'DATA':
                if not recipients:
                    self.say('data', '554 5.5.1 no valid recipients')
                    continue
                self.say('data', '354 go ahead')
                self.take(recipients)
            elif verb == b'QUIT':
                self.say('quit', '221 bye')
                return
            else:
                self.say('other', '250 OK')


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100


open(FILE, 'a').close()
with Server(('127.0.0.1', 0), Talk) as server:
    print(server.server_address[1], flush=True)
    os.close(1)
    server.serve_forever()
