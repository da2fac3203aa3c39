# An MIT KDC for the realm SYSTEM.TEST with alice and the service smtp/localhost: port 61.
# kerberos_ticket leaves a ticket of alice's where $KRB5CCNAME points.
# shellcheck shell=bash disable=SC2154

kerberos_up() {
	local S=$WORK/kerberos P=$CACHE/kerberos realm=${DOMAIN^^}
	need libcom-err2 libgssapi-krb5-2 libgssrpc4 libk5crypto3 libkadm5clnt-mit12 libkadm5srv-mit12 \
		libkdb5-10 libkrb5-3 libkrb5support0 libss2 libverto1 libverto-libev1
	unpack kerberos krb5-kdc krb5-admin-server krb5-user
	free "$(port 61)"
	mkdir -p "$S"
	cat >"$S/krb5.conf" <<-EOF
		[libdefaults]
		default_realm = $realm
		dns_lookup_kdc = false
		dns_lookup_realm = false
		dns_canonicalize_hostname = false
		qualify_shortname = ""
		rdns = false
		ignore_acceptor_hostname = true
		[realms]
		$realm = {
			kdc = 127.0.0.1:$(port 61)
		}
		[domain_realm]
		localhost = $realm
		[dbmodules]
		db_module_dir = $(echo "$P"/usr/lib/*/krb5/plugins/kdb)
	EOF
	cat >"$S/kdc.conf" <<-EOF
		[kdcdefaults]
		kdc_listen = 127.0.0.1:$(port 61)
		kdc_tcp_listen = 127.0.0.1:$(port 61)
		[realms]
		$realm = {
			database_name = $S/principal
			key_stash_file = $S/stash
			acl_file = $S/acl
		}
		[logging]
		kdc = FILE:$S/log
	EOF
	export KRB5_CONFIG=$S/krb5.conf KRB5_KDC_PROFILE=$S/kdc.conf KRB5CCNAME=$S/ccache
	{
		"$P/usr/sbin/kdb5_util" create -s -r "$realm" -P master
		"$P/usr/sbin/kadmin.local" addprinc -pw ticket "$ALICE"
		"$P/usr/sbin/kadmin.local" addprinc -randkey smtp/localhost
		"$P/usr/sbin/kadmin.local" ktadd -k "$S/keytab" smtp/localhost
	} >"$S/setup.log" 2>&1 || die "no realm (see $S/setup.log)"
	"$P/usr/sbin/krb5kdc" -P "$S/pid" || die "the KDC did not start (see $S/log)"
	await_ports "$S/log" "$(port 61)"
}

kerberos_ticket() { "$CACHE/kerberos/usr/bin/kinit" "$ALICE" <<<ticket >>"$WORK/kerberos/setup.log"; }
kerberos_no_ticket() { rm -f "$KRB5CCNAME"; }
kerberos_down() { stop "$WORK/kerberos/pid"; }
