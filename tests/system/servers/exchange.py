"""exchange.py DIR CERTIFICATE PORT PORT PORT: SMTP that logs in as Exchange does.

The three ports take channel bindings that fit or none, only ones that fit, and
none that fit.  NTLM tokens are judged by gss-ntlmssp (NTLMv2 response, MIC); what
they held goes to DIR/auth.log.
"""

import base64
import hashlib
import json
import os
import re
import socketserver
import ssl
import struct
import sys
import threading
import time

import gssapi

DIR, CERTIFICATE = sys.argv[1:3]
POLICIES = ("allow", "require", "wrong")
NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(CERTIFICATE + ".crt", CERTIFICATE + ".key")
with open(CERTIFICATE + ".crt") as pem:
    HASH = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.read())).digest()
log_lock = threading.Lock()


def part(message, at):
    length, _, offset = struct.unpack_from("<HHI", message, at)
    return message[offset : offset + length]


def pairs_of(blob):
    """The AV pairs of an NTLMv2 client challenge."""
    pairs, at = {}, 28
    while at + 4 <= len(blob):
        kind, length = struct.unpack_from("<HH", blob, at)
        if kind == 0:
            break
        pairs[kind] = blob[at + 4 : at + 4 + length]
        at += 4 + length
    return pairs


def describe(message):
    response = part(message, 20)
    pairs = pairs_of(response[16:]) if len(response) > 24 else {}
    return {
        "version": 2 if len(response) > 24 else 1,
        "user": part(message, 36).decode("utf-16-le", "replace"),
        "domain": part(message, 28).decode("utf-16-le", "replace"),
        "mic": bool(pairs.get(6, b"\0")[0] & 2),
        "target": pairs.get(9, b"").decode("utf-16-le", "replace"),
        "bindings": pairs.get(10, b"").hex(),
    }


def expected_bindings():
    data = b"tls-server-end-point:" + HASH
    return hashlib.md5(bytes(16) + struct.pack("<I", len(data)) + data).hexdigest()


class Refused(Exception):
    pass


class Caller(socketserver.StreamRequestHandler):
    def setup(self):
        super().setup()
        self.encrypted = False
        self.user = None
        self.envelope = []

    def answer(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def line(self):
        got = self.rfile.readline(100000)
        if not got.endswith(b"\r\n"):
            raise ConnectionError
        return got[:-2].decode("utf-8", "surrogateescape")

    def handle(self):
        self.answer("220 exchange.system.test Microsoft ESMTP MAIL Service ready")
        try:
            while self.command(self.line()):
                pass
        except (ConnectionError, ssl.SSLError):
            pass

    def command(self, line):
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        if verb == "QUIT":
            self.answer("221 2.0.0 Service closing transmission channel")
            return False
        known = {"EHLO": self.ehlo, "STARTTLS": self.starttls, "AUTH": self.auth, "MAIL": self.mail,
                 "RCPT": self.rcpt, "DATA": self.data}
        known.get(verb, lambda _: self.answer("500 5.3.3 Unrecognized command"))(rest)
        return True

    def ehlo(self, _):
        auth = "AUTH NTLM LOGIN" if self.encrypted else "AUTH NTLM"
        words = ["exchange.system.test Hello", "SIZE 37748736", "PIPELINING", "ENHANCEDSTATUSCODES", auth, "8BITMIME"]
        words += [] if self.encrypted else ["STARTTLS"]
        self.answer("\r\n".join("250-" + w for w in words) + "\r\n250 SMTPUTF8")

    def starttls(self, _):
        self.answer("220 2.0.0 SMTP server ready")
        tls = CONTEXT.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile, self.encrypted = tls.makefile("rb"), tls.makefile("wb"), True

    def ask(self, text):
        self.answer("334 " + text)
        return base64.b64decode(self.line(), validate=True)

    def auth(self, rest):
        mechanism, _, initial = rest.partition(" ")
        said = {"mechanism": mechanism, "initial": bool(initial), "policy": self.server.policy}
        try:
            if mechanism.upper() != "NTLM":
                self.answer("504 5.7.4 Unrecognized authentication type")
                return
            self.user = self.ntlm(initial, said)
            self.answer("235 2.7.0 Authentication successful")
        except (Refused, ValueError, struct.error, gssapi.exceptions.GSSError) as why:
            said["refused"] = " ".join(str(why).split())
            self.answer("535 5.7.3 Authentication unsuccessful")
        with log_lock, open(os.path.join(DIR, "auth.log"), "a") as log:
            print(json.dumps(said), file=log)

    def ntlm(self, initial, said):
        token = base64.b64decode(initial, validate=True) if initial else self.ask("NTLM supported")
        judge = gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept", mechs=[NTLM]), usage="accept")
        last = self.ask(base64.b64encode(judge.step(token)).decode())
        said.update(describe(last))
        judge.step(last)
        if said["bindings"] and (self.server.policy == "wrong" or said["bindings"] != expected_bindings()):
            raise Refused("channel bindings do not fit")
        if not said["bindings"] and self.server.policy == "require":
            raise Refused("no channel bindings")
        return str(judge.initiator_name)

    def mail(self, rest):
        if self.user is None:
            self.answer("530 5.7.57 Client was not authenticated to send mail")
            return
        self.envelope = [rest]
        self.answer("250 2.1.0 Sender OK")

    def rcpt(self, rest):
        self.envelope.append(rest)
        self.answer("250 2.1.5 Recipient OK")

    def data(self, _):
        self.answer("354 Start mail input; end with <CRLF>.<CRLF>")
        body = []
        while (line := self.rfile.readline(100000)) != b".\r\n":
            if not line:
                raise ConnectionError
            body.append(re.sub(rb"^\.", b"", line))
        name = os.path.join(DIR, "mail", "new", f"{time.time_ns()}.{threading.get_ident()}")
        with open(name, "wb") as out:
            out.writelines(body)
        self.answer("250 2.6.0 Queued mail for delivery")


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


for where, policy in zip(sys.argv[3:], POLICIES):
    listener = Listener(("127.0.0.1", int(where)), Caller)
    listener.policy = policy
    threading.Thread(target=listener.serve_forever).start()
