"""letter.py PEER N OUT: the Nth message that a peer took, in files that a shell can compare.

    faults            what must not be in any message, a line each
    from, to          the envelope
    fields            a line each, decoded and unfolded, the name in small letters
    text              of the first text/plain part, or of the one there is, LF line ends
    part/TYPE         the octets of the first part of that type, _ for /
    attachment/NAME   the octets of the part with that file name
"""
import email
import email.header
import os
import re
import sys


def decoded(value):
    value = re.sub(r"\r?\n[ \t]+", " ", str(value))
    words = email.header.decode_header(value)
    text = "".join(w if isinstance(w, str) else w.decode(c or "utf-8", "replace") for w, c in words)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()


def faults(raw, letter):
    header = raw.split(b"\r\n\r\n", 1)[0]
    if re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw):
        yield "a bare CR, a bare LF or a NUL"
    if max(map(len, raw.split(b"\r\n"))) > 998:
        yield "a line of more than 998 octets"
    for line in re.sub(rb"\r\n[ \t]", b" ", header).split(b"\r\n"):
        if line and not re.match(rb"[!-9;-~]+[ \t]*:", line):
            yield "no field: %r" % line
    for name in ("From", "Date", "Message-ID"):
        if len(letter.get_all(name, [])) != 1:
            yield "%d times %s" % (len(letter.get_all(name, [])), name)
    for name in ("Bcc", "Resent-Bcc", "Return-Path", "Content-Length"):
        if name in letter:
            yield name


def envelope(transcript, number):
    sender, recipients = "", []
    for line in transcript:
        command = re.match(r"C: (MAIL FROM|RCPT TO):<(.*?)>(?: |$)", line, re.I)
        if command and command[1].upper() == "MAIL FROM":
            sender, recipients = command[2], []
        elif command:
            recipients.append(command[2])
        elif line.startswith("* message %s," % number):
            return sender, sorted(recipients)
    return "", []


def main(peer, number, out):
    def write(name, data):
        path = os.path.join(out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else "".join(line + "\n" for line in data).encode())

    with open("%s/message.%s" % (peer, number), "rb") as file:
        raw = file.read()
    with open("%s/transcript" % peer, encoding="utf-8", errors="replace") as file:
        sender, recipients = envelope(file, number)
    letter = email.message_from_bytes(raw)
    leaves = [part for part in letter.walk() if not part.is_multipart()]
    write("faults", faults(raw, letter))
    write("from", [sender])
    write("to", recipients)
    write("fields", ["%s: %s" % (name.lower(), decoded(value)) for name, value in letter.raw_items()])
    for part in reversed(leaves):
        octets = part.get_payload(decode=True)
        write("part/" + part.get_content_type().replace("/", "_"), octets)
        if part.get_filename():
            write("attachment/" + decoded(part.get_filename()).replace("/", "_"), octets)
    texts = [part for part in leaves if part.get_content_type() == "text/plain"]
    write("text", (texts or leaves)[0].get_payload(decode=True).replace(b"\r\n", b"\n"))


main(*sys.argv[1:])
