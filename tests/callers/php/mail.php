<?php
// mail() as scripts call it; the first argument, or ?, says how.
$bob = 'bob@other.example';
$kun = 'Příliš žluťoučký kůň';
$mime = "MIME-Version: 1.0\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: 8bit";
$encoded = '=?UTF-8?B?' . base64_encode($kun) . '?=';
$from = 'From: Shop <shop@system.test>';
$more = ['Cc: carol@other.example', 'Bcc: Dan <dan@other.example>', 'X-Last: yes'];

function attached(string $bob, string $from): bool
{
	$part = chunk_split(base64_encode(file_get_contents('/tmp/octets')));
	$body = "--b\r\nContent-Type: text/plain\r\n\r\nsee there\r\n--b\r\nContent-Type: application/octet-stream\r\n"
		. "Content-Disposition: attachment; filename=octets\r\nContent-Transfer-Encoding: base64\r\n\r\n$part\r\n--b--\r\n";
	return mail($bob, 'attached', $body, "$from\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b");
}

$sent = match ($argv[1] ?? $_SERVER['QUERY_STRING']) {
	'plain' => mail($bob, 'hello', 'hello, Bob'),
	'crlf' => mail($bob, 'crlf', "one\r\ntwo\r\n", implode("\r\n", [$from, ...$more])),
	'lf' => mail($bob, 'lf', "one\ntwo\n", implode("\n", [$from, ...$more])),
	'mixed' => mail($bob, 'mixed', "one\r\ntwo\n", "$from\r\n$more[0]\n$more[1]\r\n$more[2]\n"),
	'array' => mail($bob, 'array', "one\ntwo\n", ['From' => 'Shop <shop@system.test>', 'Cc' => 'carol@other.example',
		'Bcc' => 'Dan <dan@other.example>', 'X-Last' => 'yes']),
	'fifth' => mail($bob, 'fifth', "one\ntwo\n", '', '-fbounces@system.test'),
	'several' => mail("$bob, \"Carol, C.\" <carol@other.example>", 'several', "one\ntwo\n"),
	'utf8' => mail("Bob <$bob>", $encoded, "$kun\n", "$from\r\n" . sprintf($mime, 'plain')),
	'raw' => mail($bob, $kun, "$kun\n", "$from\n" . str_replace("\r", '', sprintf($mime, 'plain'))),
	'dots' => mail($bob, 'dots', ".\n..\n.hidden\nFrom here\nthe end"),
	'html' => mail($bob, 'html', '<p>' . str_repeat("$kun ", 200) . '</p>', "$from\r\n" . sprintf($mime, 'html')),
	'attached' => attached($bob, $from),
};
echo $sent ? 'sent' : 'not sent';
exit($sent ? 0 : 1);
