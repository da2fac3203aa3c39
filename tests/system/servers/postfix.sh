# Postfix with Cyrus SASL and users in a sasldb.  Ports: 1 STARTTLS offered, 2 TLS at
# once, 3 certificate for another name, 4 certificate of an unknown CA, 5 no TLS at all.
# With AUTH any domain is taken and lands in $POSTFIX_MAIL/sink.
# shellcheck shell=bash disable=SC2154

POSTFIX_MECHANISMS='PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256'
POSTFIX_MAIL=$WORK/postfix/mail

postfix_service() { # postfix_service PORT [OPTION...]
	local option
	printf '127.0.0.1:%s inet n - n - - smtpd\n' "$(port "$1")"
	for option in "${@:2}"; do printf ' -o %s\n' "$option"; done
}

postfix_main_cf() {
	cat <<-EOF
		compatibility_level = 3.6
		queue_directory = $S/spool
		data_directory = $S/data
		daemon_directory = $P/usr/lib/postfix/sbin
		command_directory = $P/usr/sbin
		shlib_directory = $P/usr/lib/postfix
		meta_directory = $P/etc/postfix
		import_environment = MAIL_CONFIG LANG=C LD_LIBRARY_PATH=$P/usr/lib/postfix
		maillog_file = $S/log
		maillog_file_prefixes = $WORK
		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		myhostname = mail.$DOMAIN
		mydestination =
		mynetworks =
		alias_maps =
		smtp_dns_support_level = disabled
		message_size_limit = 30000000
		virtual_mailbox_domains = static:all
		virtual_mailbox_base = $S/mail
		virtual_mailbox_maps = static:sink/
		virtual_uid_maps = static:8
		virtual_gid_maps = static:8
		virtual_minimum_uid = 1
		virtual_mailbox_limit = 0
		smtpd_relay_restrictions = permit_sasl_authenticated, reject
		smtpd_recipient_restrictions = check_recipient_access inline:{ {refused@other.example = 550 5.1.1 nobody here}, {later@other.example = 450 4.2.1 not now} }
		smtpd_sasl_auth_enable = yes
		smtpd_sasl_path = smtpd
		smtpd_sasl_local_domain = $DOMAIN
		smtpd_sasl_security_options = noanonymous
		smtpd_tls_security_level = may
		smtpd_tls_cert_file = $CERTS/server.crt
		smtpd_tls_key_file = $CERTS/server.key
	EOF
}

postfix_master_cf() {
	postfix_service 1
	postfix_service 2 smtpd_tls_wrappermode=yes
	postfix_service 3 smtpd_tls_{cert,key}_file="$CERTS/wrongname.pem"
	postfix_service 4 smtpd_tls_{cert,key}_file="$CERTS/untrusted.pem"
	postfix_service 5 smtpd_tls_security_level=none
	cat <<-EOF
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		tlsmgr unix - - n 1000? 1 tlsmgr
		rewrite unix - - n - - trivial-rewrite
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		proxymap unix - - n - - proxymap
		error unix - - n - - error
		retry unix - - n - - error
		virtual unix - n n - - virtual
		anvil unix - - n - 1 anvil
		postlog unix-dgram n - n - 1 postlogd
	EOF
}

postfix_users() { # postfix_users: the sasldb, in the directory that Debian's Postfix looks in
	local u
	for u in "$ALICE $ALICE_PASSWORD" "$BOB $BOB_PASSWORD"; do
		printf %s "${u#* }" |
			"$P/usr/sbin/saslpasswd2" -p -c -f "$S/etc/sasl/sasldb2" -u "$DOMAIN" "${u%% *}"
	done
	chown postfix "$S/etc/sasl/sasldb2"
	printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' \
		"sasldb_path: $S/etc/sasl/sasldb2" "mech_list: $POSTFIX_MECHANISMS" >"$S/etc/sasl/smtpd.conf"
}

postfix_up() {
	local S=$WORK/postfix P=$CACHE/postfix
	need libdb5.3 libicu72 libnsl2 libsasl2-2 libsasl2-modules libsasl2-modules-db libssl3
	unpack postfix postfix sasl2-bin
	system_user postfix
	getent group postdrop >/dev/null || groupadd --system postdrop
	free "$(port 1)" "$(port 2)" "$(port 3)" "$(port 4)" "$(port 5)"
	export LD_LIBRARY_PATH=$P/usr/lib/postfix
	mkdir -p "$S"/{data,etc/sasl} "$S"/spool/{active,bounce,corrupt,defer,deferred,flush,hold,incoming,maildrop,pid,private,public,saved,trace}
	chown postfix "$S"/data "$S"/spool/{active,bounce,corrupt,defer,deferred,flush,hold,incoming,private,saved,trace}
	chown postfix:postdrop "$S"/spool/{maildrop,public}
	chmod 730 "$S/spool/maildrop"
	chmod 710 "$S/spool/public"
	maildir "$S/mail/sink" mail:mail
	postfix_users
	postfix_main_cf >"$S/etc/main.cf"
	postfix_master_cf >"$S/etc/master.cf"
	unset LD_LIBRARY_PATH
	postfix_start
}

postfix_start() {
	local S=$WORK/postfix P=$CACHE/postfix
	LD_LIBRARY_PATH=$P/usr/lib/postfix "$P/usr/lib/postfix/sbin/master" -c "$S/etc" -w ||
		die "postfix did not start (see $S/log)"
	await_ports "$S/log" "$(port 1)" "$(port 2)" "$(port 3)" "$(port 4)" "$(port 5)"
}

postfix_down() { stop "$WORK/postfix/spool/pid/master.pid"; }

# postfix_kill: with those who talk to its callers, whatever they have in hand
postfix_kill() {
	local smtpd
	smtpd=$(pgrep -P "$(tr -dc 0-9 <"$WORK/postfix/spool/pid/master.pid")" -x smtpd || true)
	[[ -z $smtpd ]] || kill -KILL $smtpd || true
	postfix_down
}
