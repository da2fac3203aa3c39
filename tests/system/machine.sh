# A Debian machine of its own, with mailchute's package in it and Postfix as its mail
# server; sourced behind lib.sh by the tests of the package.  It is a layer upon a kept
# system, and all that is mounted or started there ends with the test.
# shellcheck shell=bash disable=SC2034

MACHINE=$WORK/machine CONF=$WORK/machine/etc/mailchute.conf
[[ -n ${OWN_MOUNTS:-} ]] || OWN_MOUNTS=yes exec unshare --mount --pid --fork --kill-child --mount-proc "$0"
. "$HERE/servers/certs.sh"
. "$HERE/servers/postfix.sh"

# machine_open: a running Postfix, and a Debian with the programs that send
machine_open() {
	local base=$CACHE/machine.$CODENAME
	need debootstrap
	debian "$base" ca-certificates cron git-email libgsasl18 libmailtools-perl perl php-cli procps systemd-sysv
	[[ -e $base/srv/logwatch.deb ]] || fetch_logwatch "$base"
	layer "$base" "$MACHINE"
	rm -f "$MACHINE"/{etc/resolv.conf,usr/sbin/policy-rc.d} # what is installed starts, as on a real one
	echo '127.0.0.1 localhost' >"$MACHINE/etc/hosts"
	echo $DOMAIN >"$MACHINE/etc/mailname"
	chrooted "$MACHINE" useradd -m -c 'Alice Liddell' alice
	certs_up
	users
	postfix_up
}

# It wants a mail server, so it is installed together with ours.
fetch_logwatch() {
	chrooted "$1" sh -c 'cd /srv && apt-get -qq -o APT::Sandbox::User=root download logwatch && mv logwatch_*.deb logwatch.deb' \
		</dev/null >>"$WORK/apt.log" 2>&1 || die "logwatch cannot be had (see $WORK/apt.log)"
}

# inside COMMAND...: as root in the machine; test files say how (chrooted, or in the booted one)
# as USER COMMAND...
as() {
	local user=$1
	shift
	inside setpriv --reuid="$user" --regid="$user" --init-groups --no-new-privs \
		env -C / HOME="/home/$user" USER="$user" LOGNAME="$user" "$@" </dev/null >"$WORK/out" 2>&1
}

check() { # check WHAT COMMAND...
	local what=$1 rc=0
	shift
	"$@" || rc=1
	verdict "$what" $rc "$WORK/out"
}

# apt_inside WORD...: what it says is in $WORK/out
apt_inside() {
	inside apt-get -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@" </dev/null >"$WORK/out" 2>&1
}

# make_later DEB VERSION: the same package with a higher version
make_later() {
	dpkg-deb -R "$1" "$WORK/later"
	sed -i "s/^Version: .*/Version: $2/" "$WORK/later/DEBIAN/control"
	dpkg-deb -b --root-owner-group "$WORK/later" "$MACHINE/srv/later.deb" >/dev/null
	rm -rf "$WORK/later"
}

# configure LINE...: Postfix is the mail server, with a password that only group mailchute can read
configure() {
	cp "$CERTS/ca.crt" "$MACHINE/etc/mailchute.ca.crt"
	install -m 640 "$WORK/alice.password" "$MACHINE/etc/mailchute.password"
	inside chgrp mailchute /etc/mailchute.password
	printf '%s\n' 'host localhost' "port $(port 1)" "user $ALICE" 'password_file /etc/mailchute.password' \
		'tls_trust_file /etc/mailchute.ca.crt' "$@" >>"$CONF"
}
modes() { inside stat -c '%n %a %U:%G' /etc/mailchute.conf /etc/mailchute.password /var/spool/mailchute; }
queued() { find "$MACHINE/var/spool/mailchute/queue" -type f 2>/dev/null | wc -l; }

# -- the programs

# has_come WORDS SENDER RECIPIENT FROM: a message with these words is at the Postfix, with that envelope and that From field
has_come() {
	local file
	while read -r file; do
		grep -qx "Return-Path: <$2>" "$file" && grep -qx "X-Original-To: $3" "$file" &&
			grep -qxF "From: $4" "$file" && return
	done < <(grep -rlsF -e "$1" "$POSTFIX_MAIL/sink/new")
	return 1
}
comes() { # comes WHAT WORDS SENDER RECIPIENT FROM
	await 60 has_come "${@:2}" || { grep -rsF -B 30 -e "$2" "$POSTFIX_MAIL/sink/new" >"$WORK/out" || true; false; } &&
		pass || fail "$1 does not arrive as it should" "$WORK/out"
}

cron_asks() { # at the next minute
	printf '%s\n' 'MAILTO=ann@other.example' '* * * * * echo said by cron' >"$MACHINE/var/spool/cron/crontabs/alice"
	inside chown alice:crontab /var/spool/cron/crontabs/alice
	chmod 600 "$MACHINE/var/spool/cron/crontabs/alice"
}
git_sends() {
	as alice sh -ec 'git init -q /home/alice/r; cd /home/alice/r; git config user.name Alice; git config user.email alice@home.example
		git commit -q --allow-empty -m first; echo a >a; git add a; git commit -q -m "a patch by git"
		git send-email --quiet --confirm=never --to=list@other.example HEAD^'
}
programs() { # all but cron, which takes its time
	check 'PHP' as www-data php -r 'exit(mail("php@other.example", "mail by php", "hello") ? 0 : 1);'
	check 'git send-email' git_sends
	check 'logwatch' as root logwatch --output mail --mailto ops@other.example --service dpkg --range all --hostname box
	comes PHP 'mail by php' www-data@$DOMAIN php@other.example "www-data@$DOMAIN"
	comes git 'a patch by git' alice@$DOMAIN list@other.example 'Alice <alice@home.example>'
	comes logwatch 'Logwatch for box' root@$DOMAIN ops@other.example "root@$DOMAIN"
}
cron_comes() { comes cron 'said by cron' alice@$DOMAIN ann@other.example "root@$DOMAIN (Cron Daemon)"; }
