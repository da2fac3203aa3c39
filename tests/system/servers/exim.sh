# Exim with its own authenticators (its `spa` is NTLM, version 1 only).  Ports: 11
# STARTTLS, 12 TLS at once.  With AUTH any recipient lands in $EXIM_MAIL/sink.
# shellcheck shell=bash disable=SC2154

EXIM_MAIL=$WORK/exim/mail

exim_conf() {
	local password1="\${lookup{\${lc:\$auth1}}lsearch{$S/passwords}{\$value}fail}"
	local password2=${password1/auth1/auth2}
	cat <<-EOF
		primary_hostname = mail.$DOMAIN
		spool_directory = $S/spool
		log_file_path = $S/log/%s
		pid_file_path = $S/pid
		daemon_startup_retries = 0
		local_interfaces = 127.0.0.1
		daemon_smtp_ports = $(port 11) : $(port 12)
		tls_on_connect_ports = $(port 12)
		disable_ipv6 = true
		host_lookup =
		rfc1413_query_timeout = 0s
		deliver_drop_privilege = true
		trusted_users = root
		smtputf8_advertise_hosts = *
		chunking_advertise_hosts = *
		dsn_advertise_hosts = *
		pipelining_advertise_hosts = *
		keep_environment =
		tls_advertise_hosts = *
		tls_certificate = $CERTS/server.crt
		tls_privatekey = $CERTS/server.key
		tls_verify_certificates = $CERTS/ca.crt
		tls_try_verify_hosts = *
		acl_smtp_rcpt = rcpt
		acl_smtp_data = accept

		begin acl
		rcpt:
		  accept authenticated = *
		  deny message = log in first

		begin routers
		sink:
		  driver = accept
		  transport = maildir

		begin transports
		maildir:
		  driver = appendfile
		  directory = $EXIM_MAIL/sink
		  maildir_format
		  create_directory = false
		  user = Debian-exim

		begin authenticators
		plain:
		  driver = plaintext
		  public_name = PLAIN
		  server_prompts = :
		  server_condition = \${if eq{\$auth3}{$password2}}
		  server_set_id = \$auth2
		login:
		  driver = plaintext
		  public_name = LOGIN
		  server_prompts = <| Username: | Password:
		  server_condition = \${if eq{\$auth2}{$password1}}
		  server_set_id = \$auth1
		cram:
		  driver = cram_md5
		  public_name = CRAM-MD5
		  server_secret = $password1
		  server_set_id = \$auth1
		ntlm:
		  driver = spa
		  public_name = NTLM
		  server_password = $password1
		  server_set_id = \$auth1
		external:
		  driver = external
		  public_name = EXTERNAL
		  server_advertise_condition = \$tls_in_certificate_verified
		  server_param2 = \${certextract{subject,CN}{\$tls_in_peercert}{\$value}fail}
		  server_condition = \${if eq{\$auth2}{\$auth1}}
		  server_set_id = \$auth1
	EOF
}

exim_up() {
	local S=$WORK/exim
	need libcrypt1 libdb5.3 libgnutls-dane0 libgnutls30 libidn12 libidn2-0 libldap-2.5-0 libmariadb3 \
		libnsl2 libpam0g libpcre2-8-0 libperl5.36 libpq5 libsasl2-2 libspf2-2 libsqlite3-0
	unpack exim exim4-daemon-heavy exim4-base
	system_user Debian-exim
	free "$(port 11)" "$(port 12)"
	mkdir -p "$S"/{spool,log}
	maildir "$EXIM_MAIL/sink" Debian-exim:Debian-exim
	chown -R Debian-exim: "$S"
	printf '%s: %s\n' "$ALICE" "$ALICE_PASSWORD" "$BOB" "$BOB_PASSWORD" >"$S/passwords"
	exim_conf >"$S/exim.conf"
	"$CACHE/exim/usr/sbin/exim4" -C "$S/exim.conf" -bd 2>"$S/stderr" ||
		die "exim did not start (see $S/stderr and $S/log)"
	await_ports "$S/log/main" "$(port 11)" "$(port 12)"
}

exim_down() { stop "$WORK/exim/pid"; }
