# What tests/system/callers.test and the programs' files (README) are written in; sourced
# behind tests/system/lib.sh.
# shellcheck shell=bash disable=SC2034

HERE_CALLERS=$TOP/tests/callers
ROOT=$WORK/debian                    # the callers' Debian, as they change it
CONF=$ROOT/etc/mailchute.conf SPOOL=$ROOT/var/spool/mailchute MAIL_LOG=$ROOT/var/log/mailchute/log

# -- the Debian

# debian_with PACKAGE...: the Debian, kept, with these at least; sets BASE
debian_with() {
	BASE=$CACHE/callers.$CODENAME
	debian "$BASE" libgsasl18 eatmydata
	[[ -e $BASE/usr/share/doc/a-mail-server ]] || mail_server_there
	install_in "$BASE" "$@"
}

# mail_server_there: packages that want a mail server are told that there is one
mail_server_there() {
	local deb=$BASE/tmp/a-mail-server
	mkdir -p "$deb"/{DEBIAN,usr/share/doc/a-mail-server}
	printf '%s\n' 'Package: a-mail-server' 'Version: 1' 'Architecture: all' 'Maintainer: nobody <nobody@localhost>' \
		'Provides: mail-transport-agent, default-mta' 'Description: /usr/sbin/sendmail comes from elsewhere' >"$deb/DEBIAN/control"
	dpkg-deb -b "$deb" "$deb.deb" >/dev/null
	chrooted "$BASE" dpkg -i /tmp/a-mail-server.deb >>"$WORK/apt.log" 2>&1
	rm -rf "$deb" "$deb.deb"
}

# open_root: what is written there is gone with this process's mounts
open_root() {
	layer "$BASE" "$ROOT"
	mount -t proc proc "$ROOT/proc"
	mount --bind /dev/pts "$ROOT/dev/pts"
	hostname host.$DOMAIN
	printf '127.0.0.1 localhost\n127.0.1.1 host.%s host\n' "$DOMAIN" >"$ROOT/etc/hosts"
	echo host.$DOMAIN >"$ROOT/etc/hostname"
	echo $DOMAIN >"$ROOT/etc/mailname"
	: >"$ROOT/etc/resolv.conf"
	chrooted "$ROOT" useradd -m -s /bin/bash -c 'Alice Příkladová' alice
	chrooted "$ROOT" useradd -m -s /bin/bash -c 'Bob' bob
	chrooted "$ROOT" useradd -r -U -d /nonexistent -s /usr/sbin/nologin mailchute
	mkdir -m 777 "$ROOT/var/log/mailchute"
	make -s -C "$TOP" -o all install B="$BUILD" DESTDIR="$ROOT" PREFIX=/usr SYSCONFDIR=/etc
}

# -- servers, and mailchute in both modes

# server NAME BEHAVIOUR...: one that runs until the end; its port is ${SERVER[NAME]}, what it took in $WORK/NAME
declare -A SERVER
server() {
	local dir=$WORK/$1 port
	mkdir "$dir"
	shift
	printf '%s\n' 'tls off' "$@" >"$dir/behaviour"
	mkfifo "$dir/port"
	"$PEER" "$dir" "$dir/behaviour" >"$dir/port" 2>"$dir/errors" &
	read -r port <"$dir/port"
	SERVER[${dir##*/}]=$port
}

DAEMON=''
stop_daemon() { [[ -z $DAEMON ]] || { kill "$DAEMON"; wait "$DAEMON" || true; } 2>/dev/null; DAEMON=''; }

# with SERVER|nobody LINE...: mailchute is as $mode says, with that server and these lines in its configuration
with() {
	local port=${SERVER[$1]:-1}
	shift
	stop_daemon
	printf '%s\n' "$@" "${settings[@]}" 'syslog off' 'logfile /var/log/mailchute/log' "host 127.0.0.1:$port" 'tls off' \
		'connections 1' >"$CONF"
	chown root: "$CONF" && chmod 644 "$CONF"
	rm -f "$MAIL_LOG" && : >"$MAIL_LOG" && chmod 666 "$MAIL_LOG"
	if [[ $mode == daemon ]]; then start_daemon; else
		install -d -m 700 "$SPOOL"
		chrooted "$ROOT" chown -R "$user:" /var/spool/mailchute
	fi
}
start_daemon() {
	chrooted "$ROOT" install -d -o mailchute -g mailchute /run/mailchute
	chrooted "$ROOT" install -d -o mailchute -g mailchute -m 700 /var/spool/mailchute
	chrooted "$ROOT" chown root:mailchute /etc/mailchute.conf
	chmod 640 "$CONF"
	chroot "$ROOT" /usr/bin/mailchute serve 2>"$WORK/serve.err" &
	DAEMON=$!
	await 20 test -S "$ROOT/run/mailchute/submit" || { cat "$WORK/serve.err" >&2; die 'the daemon did not start'; }
}
empty_queue() { stop_daemon; rm -rf "$SPOOL"; }
waiting() { find "$SPOOL/queue" -type f 2>/dev/null | wc -l; }
waits() { (($(waiting) == $1)); }

# -- the calls

home_of() { awk -F : -v who="$1" '$1 == who { print $6 }' "$ROOT/etc/passwd"; }
# run_as USER COMMAND...
run_as() {
	local who=$1 place
	shift
	place=$(home_of "$who")
	rc=0
	chroot "$ROOT" setpriv --reuid="$who" --regid="$who" --init-groups \
		env -i -C "$place" HOME="$place" USER="$who" LOGNAME="$who" SHELL=/bin/sh LANG=C.UTF-8 \
		PATH=/usr/local/bin:/usr/bin:/bin "$@" >"$WORK/out" 2>"$WORK/err" || rc=$?
}
run() { run_as "$user" "$@"; }

# put FILE [MODE]
put() {
	mkdir -p "$(dirname "$ROOT$1")"
	cat >"$ROOT$1"
	chmod "${2:-644}" "$ROOT$1"
	chrooted "$ROOT" chown "$user:" "$1"
}

# check WHAT COMMAND...
check() {
	local what="$caller, $mode, $part: $1" ok=0
	shift
	"$@" >"$WORK/seen" || ok=1
	verdict "$what" $ok "$WORK/seen"
	return $ok
}
what_was_said() { tr -d "\0" <"$WORK/out"; tr -d "\0" <"$WORK/err"; }
returned() { check "exit $rc, not $1" returns "$1" || true; }
returns() { what_was_said; ((rc == $1)); }
failed() { check "exit $rc is a failure" fails || true; }
fails() { what_was_said; ((rc != 0)); }
silent() { check 'silence' is_silent || true; }
is_silent() { what_was_said; [[ ! -s $WORK/out && ! -s $WORK/err ]]; }
says() { check "says $1" has_said "$1" || true; }
has_said() { like "$1" "$(what_was_said)"; }

# -- what programs tell syslog

# syslog_there: from here it is in $WORK/syslog
syslog_there() {
	[[ ! -S $ROOT/dev/log ]] || return 0
	python3 "$HERE_CALLERS/syslog.py" "$ROOT/dev/log" "$WORK/syslog" &
	await 20 test -S "$ROOT/dev/log"
}
was_noted() { tail -n 5 "$WORK/syslog"; grep -qE -e "$1" "$WORK/syslog"; }
# noted PATTERN: since the last look
noted() {
	await 20 was_noted "$1" >"$WORK/seen" || true
	check "syslog has $1" was_noted "$1" || true
	: >"$WORK/syslog"
}

# -- what arrives

# Messages are numbered; SEEN are those that somebody has asked about.  $LETTER has the current one's files.
LETTER=$WORK/letter
taken() { grep -c '^\* message ' "$WORK/good/transcript" || true; }
open_letter() { rm -rf "$LETTER" && python3 "$HERE_CALLERS/letter.py" "$WORK/good" "$1" "$LETTER"; }
# unseen [SUBJECT]: opens it
unseen() {
	local n last
	last=$(taken)
	for ((n = BEFORE + 1; n <= last; n++)); do
		[[ -z ${SEEN[$n]:-} ]] || continue
		open_letter $n || return
		[[ -n ${1+x} && $(field Subject) != "$1" ]] || { SEEN[$n]=yes; return 0; }
	done
	return 1
}
message() {
	if ! await 30 unseen "$@"; then
		{ what_was_said; cat "$MAIL_LOG"; tail -n 5 "$WORK/serve.err"; } >"$WORK/seen" 2>/dev/null || true
		fail "$caller, $mode, $part: no message${1+ of the subject $1} arrives" "$WORK/seen"
		return 1
	fi
	check 'a message without a fault' is '' "$(<"$LETTER/faults")" || true
}
nothing_more() { ! unseen || { cat "$LETTER/fields"; return 1; }; }

# field NAME: its values
field() {
	local line name=${1,,}
	while IFS= read -r line; do
		[[ $line != "$name: "* ]] || printf '%s\n' "${line#"$name: "}"
	done <"$LETTER/fields"
}

is() { # is EXPECTED TEXT
	printf '%s\n' "$2"
	[[ $1 == "$2" ]]
}
like() { # like PATTERN TEXT: a line of it
	local line
	printf '%s\n' "$2"
	while IFS= read -r line; do
		[[ ! $line =~ $1 ]] || return 0
	done <<<"$2"
	return 1
}
sent_from() { check "sent from $1" is "$1" "$(<"$LETTER/from")" || true; }
sent_to() { check "sent to $*" is "$(printf '%s\n' "$@" | sort)" "$(<"$LETTER/to")" || true; }
has_field() {
	local name=$1
	shift
	check "$name: $*" is "$(printf '%s\n' "$@")" "$(field "$name")" || true
}
has_no_field() { check "no $1" is '' "$(field "$1")" || true; }
field_like() { check "$1 like $2" like "$2" "$(field "$1")" || true; }
body_is() { check 'the text' is "$1" "$(<"$LETTER/text")" || true; }
body_like() { check "the text has a line like $1" like "$1" "$(<"$LETTER/text")" || true; }
text_is() { check "the text of $1" is "$2" "$(tr -d '\r' <"$LETTER/part/${1/\//_}")" || true; }
attached() { check "the attachment $1" cmp "$LETTER/attachment/$1" "$2" || true; }

# -- a program's file
# begin PART WITH...: the queue is empty, and mailchute so
begin() {
	part=$1
	shift
	empty_queue
	with "$@"
	rc=0
}
violations() { cat "$WORK"/{good,refusing}/transcript | sed -n "/^!/p"; }

# drive FILE MODE: in a process of its own, which ends with its first message that does not arrive; adds its
# counts to $WORK/counts
drive() (
	set -e
	caller=$(basename "$1" .call) mode=$2 part=setup user=alice skip='' settings=() kept=0 code=67 words='no such user'
	declare -A SEEN=()
	BEFORE=0 PASSED=0 FAILED=0
	BEFORE=$(taken)
	local faults
	faults=$(violations)
	trap 'stop_daemon; echo $PASSED $FAILED >>"$WORK/counts"' EXIT
	setup() { :; }
	queued() { returned 0; silent; }
	delivered() { :; }
	. "$1"
	home=$(home_of "$user")
	[[ -z $skip ]] || { echo "$caller, $mode: not run: $skip"; exit; }

	begin arrives good
	setup
	arrives
	await 10 waits 0 || true
	check 'no more messages than those' nothing_more || true

	if [[ $mode == alone ]]; then begin refused refusing; else
		code=65 words='larger than'
		begin refused good 'max_message 10'
	fi
	send
	refused
	await 10 waits "$kept" || true
	check 'what was refused is not kept' waits "$kept" || true
	check 'nor sent' nothing_more || true

	begin queued nobody
	send
	queued
	check 'one message waits' waits 1 || true
	with good
	run /usr/sbin/sendmail -q
	check 'sendmail -q' returns 0 || true
	message
	sent_to bob@other.example
	delivered
	await 10 waits 0 || true
	check 'the queue is empty' waits 0 || true
	check 'no more messages than that' nothing_more || true
	check 'no dialogue had a fault' is "$faults" "$(violations)" || true
)
