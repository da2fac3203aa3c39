# Dovecot's submission service in a small root; what it takes goes on to Postfix's
# smtp-sink, one file a message in $DOVECOT_SINK.  Ports: 21 STARTTLS, 22 TLS at once,
# 23 LMTP (mail in $DOVECOT_MAIL/alice and bob), 28 the sink.
# OAuth tokens are JWTs signed with a key of its own; GSSAPI if the KDC is up.
# shellcheck shell=bash disable=SC2154

DOVECOT_SINK=$WORK/dovecot/sink
DOVECOT_MAIL=$WORK/dovecot/root/mail

base64url() { base64 -w0 | tr '+/' '-_' | tr -d =; }

dovecot_token() { # dovecot_token SECONDS: for alice, valid so long
	local now token
	now=$(date +%s)
	token=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url).
	token+=$(printf '{"sub":"%s","iat":%d,"exp":%d}' "$ALICE" $((now - 7200)) $((now + $1)) | base64url)
	printf '%s.%s' "$token" "$(printf %s "$token" |
		openssl dgst -sha256 -hmac "$(cat "$WORK/dovecot/key")" -binary | base64url)"
}

dovecot_listener() { # dovecot_listener NAME PORT [SETTING]
	printf 'inet_listener %s {\n address = 127.0.0.1\n port = %s\n %s\n}\n' "$1" "$(port "$2")" "${3:-}"
}

dovecot_conf() {
	local gssapi=
	[[ ! -s $WORK/kerberos/keytab ]] || gssapi=gssapi
	cat <<-EOF
		protocols = submission lmtp
		listen = 127.0.0.1
		base_dir = /run/dovecot
		log_path = /log
		auth_verbose = yes
		default_internal_user = dovecot
		default_internal_group = dovecot
		default_login_user = dovenull
		mail_location = maildir:/mail/%n
		mail_uid = 8
		mail_gid = 8
		first_valid_uid = 8
		first_valid_gid = 8
		hostname = mail.$DOMAIN
		postmaster_address = postmaster@$DOMAIN
		ssl = yes
		ssl_cert = </etc/dovecot/server.crt
		ssl_key = </etc/dovecot/server.key
		ssl_ca = </etc/dovecot/ca.crt
		ssl_verify_client_cert = yes
		ssl_require_crl = no
		disable_plaintext_auth = no
		auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 external oauthbearer xoauth2 $gssapi
		auth_gssapi_hostname = "\$ALL"
		auth_realms = $DOMAIN
		auth_username_format = %Ln
		auth_ssl_username_from_cert = yes
		auth_failure_delay = 0
		passdb {
		  driver = oauth2
		  mechanisms = oauthbearer xoauth2
		  args = /etc/dovecot/oauth2.conf
		}
		passdb {
		  driver = static
		  mechanisms = external gssapi
		  args = nopassword=yes
		}
		passdb {
		  driver = passwd-file
		  mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256
		  args = /etc/dovecot/users
		}
		userdb {
		  driver = passwd-file
		  args = /etc/dovecot/users
		}
		submission_relay_host = 127.0.0.1
		submission_relay_port = $(port 28)
		submission_relay_trusted = yes
		service submission-login {
		  $(dovecot_listener submission 21)
		  $(dovecot_listener submissions 22 'ssl = yes')
		}
		service lmtp {
		  $(dovecot_listener lmtp 23)
		}
		service stats {
		  unix_listener stats-writer {
		    mode = 0666
		  }
		}
	EOF
}

dovecot_sink_up() {
	mkdir -p "$DOVECOT_SINK"
	chown mail "$DOVECOT_SINK"
	LD_LIBRARY_PATH=$CACHE/postfix/usr/lib/postfix "$CACHE/postfix/usr/sbin/smtp-sink" -u mail \
		-h "sink.$DOMAIN" -d "$DOVECOT_SINK/" "127.0.0.1:$(port 28)" 100 >"$S/sink.log" 2>&1 &
	echo $! >"$S/sink.pid"
	await_ports "$S/sink.log" "$(port 28)"
}

dovecot_up() {
	local S=$WORK/dovecot R=$WORK/dovecot/root u
	need libapparmor1 libbz2-1.0 libcap2 libcrypt1 libdb5.3 libexttextcat-2.0-0 libicu72 liblua5.4-0 liblz4-1 \
		liblzma5 libnsl2 libpam0g libsasl2-2 libsodium23 libssl3 libstemmer0d libsystemd0 libtirpc3 \
		libunwind8 libwrap0 libzstd1 zlib1g openssl
	unpack dovecot dovecot-{core,gssapi,submissiond,lmtpd}
	unpack postfix postfix sasl2-bin
	free "$(port 21)" "$(port 22)" "$(port 23)" "$(port 28)"
	small_root "$R" dovecot
	root_user "$R" dovecot 990
	root_user "$R" dovenull 991
	mkdir -p "$R/etc/dovecot/oauth/default/HS256"
	cp "$CERTS"/server.{crt,key} "$CERTS/ca.crt" "$R/etc/dovecot/"
	for u in "$ALICE $ALICE_PASSWORD" "$BOB $BOB_PASSWORD"; do
		maildir "$R/mail/${u%% *}" mail:mail
		printf '%s:{PLAIN.b64}%s:8:8::/mail/%s::\n' "${u%% *}" "$(printf %s "${u#* }" | base64 -w0)" "${u%% *}"
	done >"$R/etc/dovecot/users"
	if [[ -s $WORK/kerberos/keytab ]]; then
		cp "$WORK/kerberos/krb5.conf" "$R/etc/"
		install -m 644 "$WORK/kerberos/keytab" "$R/etc/krb5.keytab"
	fi
	openssl rand -hex 16 | tr -d '\n' >"$S/key"
	base64 -w0 <"$S/key" >"$R/etc/dovecot/oauth/default/HS256/default"
	printf '%s\n' 'introspection_mode = local' 'username_attribute = sub' \
		'local_validation_key_dict = fs:posix:prefix=/etc/dovecot/oauth/' >"$R/etc/dovecot/oauth2.conf"
	dovecot_conf >"$R/etc/dovecot/dovecot.conf"
	dovecot_sink_up
	chroot "$R" /usr/sbin/dovecot -c /etc/dovecot/dovecot.conf 2>"$S/stderr" ||
		die "dovecot did not start (see $S/stderr and $R/log)"
	await_ports "$R/log" "$(port 21)" "$(port 22)" "$(port 23)"
}

dovecot_down() {
	stop "$WORK/dovecot/root/run/dovecot/master.pid"
	stop "$WORK/dovecot/sink.pid"
}
