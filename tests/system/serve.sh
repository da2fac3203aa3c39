# A daemon, its callers and where its mail goes, for the tests of `serve`; sourced behind lib.sh.
# shellcheck shell=bash
CONF=$WORK/conf SPOOL=$WORK/spool LOG=$WORK/log SOCKET=$WORK/submit SUNK=$WORK/sunk
PEER=$TOP/build/tests/peer/peer
[[ -x $BIN ]] || make -s -C "$TOP" build/mailchute
[[ -x $PEER ]] || make -s -C "$TOP" build/tests/peer/peer
need python3
install -m 755 "$HERE/caller.py" "$WORK/caller.py" # where every user may read it

server='' daemon='' others=()
stop_server() { [[ -z $server ]] || { kill "$server"; wait "$server" || true; } 2>/dev/null; server=; }
stop_others() {
	((${#others[@]} == 0)) || { kill "${others[@]}"; wait "${others[@]}"; } 2>/dev/null || true
	others=()
}
end() {
	[[ -z $daemon ]] || kill -KILL "$daemon" 2>/dev/null || true
	stop_others
	stop_server
}
trap end EXIT

# configure PORT LINE...: mail goes there
configure() {
	local port=$1
	shift
	printf '%s\n' "maildomain $DOMAIN" 'aliases off' 'syslog off' "logfile $LOG" "spool $SPOOL" "submit $SOCKET" "$@" \
		'host 127.0.0.1' "port $port" 'tls off' >"$CONF"
	chmod 600 "$CONF"
}

# started COMMAND...: a server that prints its port, which becomes `sink`
started() {
	stop_server
	rm -f "$WORK/port"
	mkfifo "$WORK/port"
	"$@" >"$WORK/port" &
	server=$!
	read -r sink <"$WORK/port"
}
# start_peer BEHAVIOUR...: one connection at a time, with a dialogue of its own
start_peer() {
	rm -rf "$WORK/peer" && mkdir "$WORK/peer"
	printf '%s\n' 'tls off' "$@" >"$WORK/behaviour"
	started "$PEER" "$WORK/peer" "$WORK/behaviour"
}
# start_sink [STAGE=SECONDS]...: many connections at once; $SUNK has a line "RECIPIENT MESSAGE-ID" for each recipient
start_sink() { started /usr/bin/python3 "$HERE/sink.py" "$SUNK" "$WORK/hold" "$@"; }

start_daemon() {
	"${@:-$BIN}" -C "$CONF" serve 2>"$WORK/serve.log" &
	daemon=$!
	await 20 test -S "$SOCKET" && await 20 says NOOP '^250'
}
# kill_daemon SIGNAL: its exit code, and $took seconds
kill_daemon() {
	local rc=0 began=$SECONDS
	kill "-$1" "$daemon"
	wait "$daemon" 2>/dev/null || rc=$?
	took=$((SECONDS - began)) daemon=
	return "$rc"
}

caller() { /usr/bin/python3 "$WORK/caller.py" "$SOCKET" "$@"; }
# says COMMAND PATTERN [SOCKET]: a line of its answer
says() { grep -q "$2" < <(printf '%s\n' "$1" QUIT | /usr/bin/python3 "$WORK/caller.py" "${3:-$SOCKET}" talk 2>/dev/null); }
# as USER LINE...: a conversation, into $WORK/out
as() {
	local user=$1
	shift
	printf '%s\n' "$@" | setpriv --reuid="$user" --regid=nogroup --clear-groups --no-new-privs \
		env -i /usr/bin/python3 "$WORK/caller.py" "$SOCKET" talk >"$WORK/out" 2>"$WORK/err" || true
}
# post USER SENDER FROM [TO]
post() { as "$1" EHLO\ x "MAIL FROM:<$2>" "RCPT TO:<${4:-root}>" DATA "From: $3" 'Subject: hi' '' hello . QUIT; }
answered() { tail -n 2 "$WORK/out" | head -n 1 | grep -q "$1"; }

queued() { find "$SPOOL/queue" -type f | wc -l; }
is_empty() { (($(queued) == 0)); }
logged() { grep -c "mailchute\[[0-9]*\]: $1 " "$LOG" || true; }
sunk() { grep -q "^$1 " "$SUNK"; }
memory() { awk '/VmRSS/ { print $2 }' "/proc/$daemon/status"; }

check() { # check WHAT COMMAND...
	local what=$1 rc=0
	shift
	"$@" || rc=1
	verdict "$(basename "$0" .test): $what" $rc "$WORK/out"
}
equal() { [[ $1 == "$2" ]] || { say "'$1' is not '$2'"; return 1; }; }
# all_sunk FILE: each of its addresses came to the sink
all_sunk() {
	local lost
	lost=$(cut -d' ' -f1 "$SUNK" | sort -u | comm -13 - <(grep . "$1" | sort -u))
	[[ -z $lost ]] || { say "lost: $(head -n 3 <<<"$lost")"; return 1; }
}
