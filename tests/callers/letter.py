"""letter.py FILE WHAT [ARGUMENT]: what a mail program would show of the message in FILE.

    faults            what must not be in any message, a line each
    field NAME        its values, decoded and unfolded
    text              of the first text/plain part, or of the one there is, LF line ends
    part TYPE         the octets of the first part of that type
    attachment NAME   the octets of the part with that file name
"""
import email
import email.header
import re
import sys


def decoded(value):
    value = re.sub(r"\r?\n(?=[ \t])", "", str(value))
    words = email.header.decode_header(value)
    text = "".join(w if isinstance(w, str) else w.decode(c or "utf-8", "replace") for w, c in words)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()


def fields(letter, name):
    return [decoded(value) for value in letter.get_all(name, [])]


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
        if len(fields(letter, name)) != 1:
            yield "%d times %s" % (len(fields(letter, name)), name)
    for name in ("Bcc", "Resent-Bcc", "Return-Path", "Content-Length"):
        if name in letter:
            yield name


def octets(parts):
    for part in parts:
        return part.get_payload(decode=True)
    sys.exit("no such part")


def main(path, what, argument=None):
    with open(path, "rb") as file:
        raw = file.read()
    letter = email.message_from_bytes(raw)
    leaves = [part for part in letter.walk() if not part.is_multipart()]
    out = sys.stdout.buffer
    if what == "faults":
        out.write("".join(fault + "\n" for fault in faults(raw, letter)).encode())
    elif what == "field":
        out.write("".join(value + "\n" for value in fields(letter, argument)).encode())
    elif what == "text":
        texts = [part for part in leaves if part.get_content_type() == "text/plain"]
        out.write(octets(texts or leaves).replace(b"\r\n", b"\n"))
    elif what == "part":
        out.write(octets(part for part in leaves if part.get_content_type() == argument))
    elif what == "attachment":
        out.write(octets(part for part in leaves if decoded(part.get_filename() or "") == argument))


main(*sys.argv[1:])
