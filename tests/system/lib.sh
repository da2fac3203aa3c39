# Shared by the system tests; sourced.  Real servers run on 127.0.0.1 from Debian's
# packages, which are fetched and unpacked beside the system and never installed.
# shellcheck shell=bash disable=SC2034
set -euo pipefail
umask 022
# The programs that packages bring, and no others that somebody may have put before them.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
BIN=${BIN:-$TOP/build/mailchute}
WORK=${WORK:-/tmp/mailchute-system}           # this run: servers' state, logs, mail
CACHE=${CACHE:-/var/cache/mailchute-system}   # unpacked packages, kept
PORTS=${PORTS:-24000}                         # the servers' ports count from here
DOMAIN=system.test
ALICE=alice ALICE_PASSWORD='wonder "land" 5%'
BOB=bob BOB_PASSWORD='žluťoučký kůň'
CERTS=$WORK/certs

trap 'exit 1' INT TERM HUP   # so that the EXIT traps stop the servers

say() { printf 'system: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
port() { echo $((PORTS + $1)); }

# -- packages

apt() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >>"$WORK/apt.log" 2>&1; }

# try COMMAND...: once more with fresh package lists if it fails
try() { "$@" || { apt update; "$@"; } || die "failed: $* (see $WORK/apt.log)"; }

# need PACKAGE...: libraries and tools without a daemon, installed where missing
need() {
	local p missing=()
	for p; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
	done
	((${#missing[@]} == 0)) || try apt install -y --no-install-recommends "${missing[@]}"
}

download() { (cd "$1" && shift && apt -o APT::Sandbox::User=root download "$@"); }

# unpack NAME PACKAGE...: into $CACHE/NAME; no maintainer script runs
unpack() {
	local to=$CACHE/$1 debs
	shift
	[[ -e $to/.complete ]] && return
	debs=$(mktemp -d)
	rm -rf "$to"
	mkdir -p "$to"
	try download "$debs" "$@"
	for deb in "$debs"/*.deb; do dpkg -x "$deb" "$to"; done
	rm -rf "$debs"
	touch "$to/.complete"
}

# -- other Debians, as bare as they come

CODENAME=$(. /etc/os-release && echo "$VERSION_CODENAME")

# chrooted DIR COMMAND...: as its root, with nothing in the environment that is ours
chrooted() {
	local root=$1
	shift
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

# Where this machine's own packages come from.
mirror() {
	apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT)' 'Created-By: Packages' |
		awk '$2 == "Debian" && $3 == "main" { print $1; exit }'
}

make_bare() {
	rm -rf "$1.new"
	debootstrap --variant=minbase "$CODENAME" "$1.new" "$(mirror)" >"$WORK/debootstrap.log" 2>&1 ||
		{ tail "$WORK/debootstrap.log" >&2; die 'no bare system could be made'; }
	rm -rf "$1.new"/var/cache/apt/archives/*.deb "$1.new/etc/apt/sources.list"
	cp -a /etc/apt/sources.list.d/debian* "$1.new/etc/apt/sources.list.d/" 2>/dev/null ||
		cp -a /etc/apt/sources.list "$1.new/etc/apt/"
	# Nothing is started, and a power cut may cost us all of it.
	printf '#!/bin/sh\nexit 101\n' >"$1.new/usr/sbin/policy-rc.d"
	chmod 755 "$1.new/usr/sbin/policy-rc.d"
	echo force-unsafe-io >"$1.new/etc/dpkg/dpkg.cfg.d/unsafe-io"
	mv "$1.new" "$1"
}

# debian DIR PACKAGE...: a system like this one with these packages, made where it is not there
debian() {
	[[ -d $CACHE/bare.$CODENAME ]] || make_bare "$CACHE/bare.$CODENAME"
	if [[ ! -d $1 ]]; then
		rm -rf "$1.new"
		cp -a "$CACHE/bare.$CODENAME" "$1.new"
		mv "$1.new" "$1"
	fi
	install_in "$@"
}

# layer BASE DIR: BASE is seen at DIR, and what is changed there is gone with this process's mounts
layer() {
	local over=$2.layer
	mkdir -p "$over" "$2"
	mount -t tmpfs none "$over"
	mkdir "$over"/{upper,work}
	mount -t overlay -o "lowerdir=$1,upperdir=$over/upper,workdir=$over/work" none "$2"
}

# install_in DIR PACKAGE...: where missing
install_in() {
	local root=$1 p missing=()
	shift
	for p; do
		[[ $(dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] ||
			missing+=("$p")
	done
	((${#missing[@]})) || return 0
	exec 7>"$root.lock"
	flock 7
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	mount -t proc proc "$root/proc"   # Emacs would not install without
	chrooted "$root" sh -c 'dpkg --configure -a && apt-get -qq update &&
		apt-get -qq -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root install --no-install-recommends "$@" &&
		apt-get clean' sh "${missing[@]}" </dev/null >>"$WORK/apt.log" 2>&1 ||
		{ tail "$WORK/apt.log" >&2; umount "$root/proc"; die "could not be installed: ${missing[*]}"; }
	umount "$root/proc"
	exec 7>&-
}

system_user() {
	getent passwd "$1" >/dev/null ||
		useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$1"
}

# -- processes

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
running() { [[ -n $( { tr -d '\0' <"/proc/$1/cmdline"; } 2>/dev/null) ]]; } # a zombie is not

# free PORT...: nobody else has them
free() {
	local p
	for p; do ! answers "$p" || die "port $p is taken (PORTS=$PORTS moves all)"; done
}

# await SECONDS COMMAND...: until it succeeds
await() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return
		sleep 0.05
	done
}

# await_ports LOG PORT...
await_ports() {
	local log=$1 p
	shift
	for p; do
		await 20 answers "$p" || { tail -n 20 "$log" >&2; die "nothing answers on port $p"; }
	done
}

# stop PIDFILE: end that process and see it gone
stop() {
	local pid
	[[ -s $1 ]] || return 0
	pid=$(tr -dc 0-9 <"$1")
	rm -f "$1"
	running "$pid" || return 0
	kill "$pid"
	await 10 not running "$pid" || kill -KILL "$pid"
}
not() { ! "$@"; }

maildir() { # maildir DIR OWNER
	mkdir -p "$1"/{new,cur,tmp}
	chown -R "$2" "$1"
}

# -- counting

PASSED=0 FAILED=0
pass() { PASSED=$((PASSED + 1)); }
fail() { # fail WHAT [FILE]: with the file's last lines
	FAILED=$((FAILED + 1))
	printf 'FAILED %s\n' "$1"
	[[ ! -s ${2:-} ]] || tail -n 8 "$2" | sed 's/^/    /'
}
# verdict WHAT RESULT [FILE]
verdict() { if (($2 == 0)); then pass; else fail "$1" "${3:-}"; fi; }

# -- using mailchute

# configuration FILE LINE...: an account on 127.0.0.1's lab, and what the lines say
configuration() {
	local file=$1
	shift
	printf '%s\n' 'deliver now' "maildomain $DOMAIN" 'syslog off' 'host localhost' \
		"tls_trust_file $CERTS/ca.crt" "from $ALICE@$DOMAIN" 'timeout 20s' "$@" >"$file"
	chmod 600 "$file"
}

# a_message SUBJECT: what callers send: LF line ends, dots, 8-bit, a long line
a_message() {
	printf 'From: Alice <%s@%s>\nTo: someone@other.example\nSubject: %s\n' "$ALICE" "$DOMAIN" "$1"
	printf 'Date: Tue, 24 Nov 2026 10:00:00 +0000\nMessage-ID: <%s@%s>\n' "$1" "$DOMAIN"
	printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n'
	printf 'Příliš žluťoučký kůň\n.\n..\n.hidden\nFrom here\n\n\n'
	printf '%0900d\n' 7
	printf 'the last line'
}

# arrived DIR SUBJECT FILE: the message with that subject is in DIR and what follows the
# header that the server put in front is byte for byte FILE (but for an empty line that
# smtp-sink appends)
arrived() {
	local found
	found=$(grep -rlsF "Subject: $2" "$1" | head -n 1)
	[[ -n $found ]] || return
	sed -n '/^From: Alice/,$p' "$found" 2>/dev/null | tr -d '\r' >"$WORK/arrived"
	cmp -s "$WORK/arrived" "$3" || { cat "$3"; echo; } | cmp -s "$WORK/arrived"
}

# send CONFIGURATION SUBJECT [ARGUMENT...]: pipe a_message into sendmail; its exit code
send() {
	local config=$1 subject=$2
	shift 2
	(($#)) || set -- someone@other.example
	a_message "$subject" | (exec -a sendmail "$BIN" -C "$config" -i "$@") >"$WORK/out" 2>"$WORK/err"
}

# users: password files, and the lines of a configuration that log somebody in
users() {
	printf '%s\n' "$ALICE_PASSWORD" >"$WORK/alice.password"
	printf '%s\n' "$BOB_PASSWORD" >"$WORK/bob.password"
	printf 'nonsense\n' >"$WORK/wrong.password"
	chmod 600 "$WORK"/*.password
	AS_ALICE="user $ALICE
password_file $WORK/alice.password"
	AS_BOB="user $BOB
password_file $WORK/bob.password"
	AS_WRONG="user $ALICE
password_file $WORK/wrong.password"
	AS_NOBODY="user nobody
password_file $WORK/wrong.password"
}

# starttls PORT, at_once PORT: the lines of a configuration that say how to connect
starttls() { printf 'port %s\n' "$(port "$1")"; }
at_once() { printf 'port %s\ntls_starttls off\n' "$(port "$1")"; }

NEXT=0
# delivers WHAT MAILDIR LINE...: with that configuration a message arrives whole, in silence
delivers() {
	local what=$1 box=$2 rc=0 subject
	shift 2
	NEXT=$((NEXT + 1))
	subject=system-$NEXT-$$-$RANDOM
	configuration "$WORK/conf" "$@"
	{ a_message "$subject"; echo; } >"$WORK/sent"
	send "$WORK/conf" "$subject" || rc=$?
	if ((rc == 0)) && [[ -s $WORK/err || -s $WORK/out ]]; then rc=1; fi
	if ((rc == 0)); then await 10 arrived "$box" "$subject" "$WORK/sent" || rc=1; fi
	verdict "$what" $rc "$WORK/err"
}

# refuses WHAT CODE WORDS LINE...: the exit code, and stderr says so
refuses() {
	local what=$1 code=$2 words=$3 rc=0
	shift 3
	configuration "$WORK/conf" "$@"
	send "$WORK/conf" never || rc=$?
	if ((rc == code)) && grep -qiE -- "$words" "$WORK/err"; then pass; else
		fail "$what: exit $rc, not $code, or no '$words' in:" "$WORK/err"
	fi
}

closing() {
	printf '%s: %d passed, %d failed\n' "$1" "$PASSED" "$FAILED"
	((FAILED == 0))
}
