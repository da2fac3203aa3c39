# What php.call and php-fpm.call share: php SCRIPT WHAT [SETTING=VALUE...] is theirs.
# shellcheck shell=bash

send() { php mail.php plain; }

# calls WHAT [SETTING...]: and PHP says that it went
calls() {
	php mail.php "$@"
	returned 0
	check "PHP says that $1 was sent" is sent "$(tail -n 1 "$WORK/out")" || true
	check "PHP says no more" is '' "$(cat "$WORK/err")" || true
}

# shop NAME TEXT: with its four fields it came to three
shop() {
	message
	sent_from "$user@system.test"
	sent_to bob@other.example carol@other.example dan@other.example
	has_field Subject "$1"
	has_field From 'Shop <shop@system.test>'
	has_field To bob@other.example
	has_field Cc carol@other.example
	has_field X-Last yes
	body_is "$2"
}

arrives() {
	local kun='Příliš žluťoučký kůň' setting

	calls plain
	message
	sent_from "$user@system.test"
	sent_to bob@other.example
	has_field To bob@other.example
	has_field Subject hello
	field_like From "$user@system\.test"
	has_no_field X-PHP-Originating-Script
	body_is 'hello, Bob'

	for setting in mail.mixed_lf_and_crlf={0,1}; do
		for how in crlf lf mixed array; do
			calls $how $setting
			shop $how $'one\ntwo'
		done
	done

	calls fifth mail.add_x_header=1
	message
	sent_from bounces@system.test
	sent_to bob@other.example
	field_like X-PHP-Originating-Script '^[0-9]+:mail\.php$'

	calls several
	message
	sent_to bob@other.example carol@other.example
	has_field To 'bob@other.example, "Carol, C." <carol@other.example>'

	for how in utf8 raw; do
		calls $how
		message
		has_field Subject "$kun"
		has_field Content-Type 'text/plain; charset=utf-8'
		body_is "$kun"
	done

	calls dots
	message
	body_is $'.\n..\n.hidden\nFrom here\nthe end'

	calls html    # one line of 5 KB
	message
	has_field Content-Type 'text/html; charset=utf-8'
	body_is "<p>$(printf "$kun %.0s" {1..200})</p>"

	calls attached
	message
	body_is 'see there'
	attached octets "$ROOT/tmp/octets"
}

refused() {
	returned 1
	check 'PHP says that nothing was sent' is 'not sent' "$(tail -n 1 "$WORK/out")" || true
}
queued() {
	returned 0
	check 'PHP says that it was sent' is sent "$(tail -n 1 "$WORK/out")" || true
}

setup() {
	put /var/www/mail.php <"$HERE_CALLERS/php/mail.php"
	head -c 5000000 /dev/urandom | put /tmp/octets
	start_php
}
