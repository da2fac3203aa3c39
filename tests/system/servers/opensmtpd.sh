# OpenSMTPD in a small root: PLAIN and LOGIN.  Ports: 31 STARTTLS, 32 TLS at once.
# With AUTH any recipient lands in $OPENSMTPD_MAIL/sink.
# shellcheck shell=bash disable=SC2154

OPENSMTPD_MAIL=$WORK/opensmtpd/root/mail

opensmtpd_conf() {
	cat <<-EOF
		pki test cert "/etc/rsa.crt"
		pki test key "/etc/rsa.key"
		table credentials file:/etc/credentials
		table users file:/etc/users
		table everyone { "@" = "sink" }
		listen on 127.0.0.1 port $(port 31) tls pki test hostname mail.$DOMAIN auth-optional <credentials>
		listen on 127.0.0.1 port $(port 32) smtps pki test hostname mail.$DOMAIN auth <credentials>
		action "sink" maildir "/mail/sink" virtual <everyone> userbase <users>
		match from any auth for any action "sink"
	EOF
}

opensmtpd_up() {
	local S=$WORK/opensmtpd R=$WORK/opensmtpd/root u hash
	need libcrypt1 libdb5.3 libevent-2.1-7 libpam0g libssl3 zlib1g openssl gcc libc6-dev
	unpack opensmtpd opensmtpd
	free "$(port 31)" "$(port 32)"
	small_root "$R" opensmtpd sh
	root_user "$R" opensmtpd 990 /var/lib/opensmtpd/empty
	root_user "$R" opensmtpq 991
	install -d -m 711 "$R/var/spool/smtpd"
	maildir "$R/mail/sink" mail:mail
	gcc -Wall -O2 -shared -fPIC -o "$R/lib/opensmtpd-tls.so" "$HERE/servers/opensmtpd-tls.c"
	cp "$CERTS"/rsa.{crt,key} "$R/etc/" # its TLS takes no EC key
	chmod 600 "$R/etc/rsa.key"
	for u in "$ALICE $ALICE_PASSWORD" "$BOB $BOB_PASSWORD"; do
		hash=$(openssl passwd -6 -stdin <<<"${u#* }")
		printf '%s %s\n' "${u%% *}" "$hash"
	done >"$R/etc/credentials"
	printf 'sink 8:8:/mail/sink\n' >"$R/etc/users"
	opensmtpd_conf >"$R/etc/smtpd.conf"
	chroot "$R" /bin/sh -c 'LD_PRELOAD=/lib/opensmtpd-tls.so exec /usr/sbin/smtpd -d -f /etc/smtpd.conf' >"$S/log" 2>&1 &
	echo $! >"$S/pid"
	await_ports "$S/log" "$(port 31)" "$(port 32)"
}

opensmtpd_down() { stop "$WORK/opensmtpd/pid"; }
